// The row of one document in a scope's sequence, as every store writes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/varint.h"
#include "doc/revision.h"

namespace mycouch::store {

/// Count of revisions, each {generation, 0 and the digest's 16 bytes, or 1 + its length and the hash's text}.
void append_revisions(std::string& out, const std::vector<doc::Revision>& revisions);
std::optional<std::vector<doc::Revision>> read_revisions(base::RecordReader& reader);

/// Flags (1: deleted), the leaves, the id.
struct ChangeRecord {
  bool deleted = false;
  std::vector<doc::Revision> leaves{};  // winner first; never empty
  std::string id{};

  std::string encode() const;
  static std::optional<ChangeRecord> decode(std::string_view bytes);
};

}  // namespace mycouch::store
