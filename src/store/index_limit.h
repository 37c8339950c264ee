// How many indexes a partition may have.
#pragma once

#include <cstddef>

namespace mycouch::store {

/// What further design documents describe is no index, so that no writer can make every write dear.
inline constexpr std::size_t kMaxIndexes = 64;

}  // namespace mycouch::store
