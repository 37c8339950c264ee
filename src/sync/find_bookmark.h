// Where the next page of a query begins.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doc/index_definition.h"

namespace mycouch::sync {

struct Bookmark {
  std::string design{};  // both empty: documents by their ids
  std::string name{};
  std::string definition{};  // a digest of the index's: positions in another one mean nothing
  std::string position{};    // of the last row

  /// Null: documents by their ids.
  static Bookmark behind(const doc::IndexDefinition* index, std::string position);
  bool is_of(const doc::IndexDefinition* index) const;

  /// Opaque text.
  std::string encode() const;
  static std::optional<Bookmark> decode(std::string_view text);
};

}  // namespace mycouch::sync
