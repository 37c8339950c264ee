#include "store/store.h"

#include <algorithm>

namespace mycouch::store {
namespace {

constexpr std::size_t kMaxNameBytes = 238;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("_$()+-/").find(c) != std::string_view::npos;
}

}  // namespace

LogPosition behind(LogPosition position) {
  if (position.number < UINT32_MAX) return {.time = position.time, .number = position.number + 1};
  return {.time = position.time + std::chrono::milliseconds(1), .number = 0};
}

Result<void> check_database_name(std::string_view name) {
  if (name == "_users" || name == "_replicator") return {};
  bool starts_well = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
  if (!starts_well || name.size() > kMaxNameBytes || !std::ranges::all_of(name, is_name_byte)) {
    return fail(
        Errc::illegal_database_name,
        "Name: '" + std::string(name.substr(0, kMaxNameBytes)) +
            "'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $, (, ), +, -, "
            "and / are allowed. Must begin with a letter.");
  }
  return {};
}

}  // namespace mycouch::store
