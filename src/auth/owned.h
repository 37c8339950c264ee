// Ownership of what a C library hands out.
#pragma once

#include <memory>

namespace mycouch::auth {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

/// `Owned<EVP_PKEY, EVP_PKEY_free>`.
template <class T, auto Free>
using Owned = std::unique_ptr<T, FreeWith<Free>>;

}  // namespace mycouch::auth
