#include "sync/output.h"

#include <utility>

namespace mycouch::sync {

Task<void> Output::flush() {
  if (text_.empty()) co_return Result<void>{};
  co_return co_await write(std::exchange(text_, {}));
}

}  // namespace mycouch::sync
