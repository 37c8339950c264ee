// An Output that keeps what it is given.
#pragma once

#include <functional>
#include <string>

#include "sync/output.h"

namespace mycouch::sync {

class TextOutput final : public Output {
 public:
  std::string sent;                             // pieces that were passed on
  std::function<void(const std::string&)> tap;  // sees each of them

 private:
  Task<void> write(std::string piece) override {
    sent += piece;
    if (tap) tap(piece);
    co_return Result<void>{};
  }
};

}  // namespace mycouch::sync
