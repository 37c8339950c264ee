// Where the next page of a query begins.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mycouch::sync {

struct Bookmark {
  std::string design{};  // both empty: documents by their ids
  std::string name{};
  std::string position{};  // of the last row

  /// Opaque text.
  std::string encode() const;
  static std::optional<Bookmark> decode(std::string_view text);
};

}  // namespace mycouch::sync
