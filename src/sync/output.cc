#include "sync/output.h"

#include <algorithm>
#include <utility>

namespace mycouch::sync {

Task<void> Output::flush() {
  if (text_.empty()) co_return Result<void>{};
  co_return co_await write(std::exchange(text_, {}));
}

void BatchSize::made(std::size_t bytes) {
  if (bytes > Output::kPiece) next_ = std::max<std::size_t>(next_ / 2, 1);
  if (bytes < Output::kPiece / 2) next_ = std::min(next_ * 2, kMost);
}

}  // namespace mycouch::sync
