#include "sync/limits.h"

#include <fmt/format.h>

namespace mycouch::sync {

Result<void> check_count(std::size_t count, std::size_t limit, std::string_view what) {
  if (count <= limit) return {};
  return fail(Errc::too_large, fmt::format("at most {} {} in one request", limit, what));
}

}  // namespace mycouch::sync
