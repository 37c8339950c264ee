// What the rows of the scope index hold: values, and their bytes.
//
// Integers and sized strings are those of base/varint.h, lists of revisions those of store/change_record.h.
// `decode` gives nothing for bytes that `encode` did not write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doc/revision.h"
#include "store/couch/scope_index.h"
#include "store/keys.h"

namespace mycouch::store::couch {

/// Number, sized incarnation, sized since, complete, sized epoch.
struct DatabaseRecord {
  DatabaseNumber number = 0;
  DatabaseState state{};

  bool operator==(const DatabaseRecord&) const = default;
  std::string encode() const;
  static std::optional<DatabaseRecord> decode(std::string_view bytes);
};

/// Where a document stands in the sequence of one scope.
struct ScopePosition {
  std::string scope;
  std::uint64_t sequence = 0;
  std::optional<doc::Revision> left_by{};  // set: it has left the scope; the row says so
};

/// What is known of one document: deleted, the leaves, count of positions, each {sized scope, sequence, list
/// of the revision by which it left, or of none}.
struct DocumentRecord {
  bool deleted = false;
  std::vector<doc::Revision> leaves{};  // winner first; empty: there is no such document
  std::vector<ScopePosition> positions{};

  const ScopePosition* position(std::string_view scope) const;
  ScopePosition* position(std::string_view scope);

  std::string encode() const;
  static std::optional<DocumentRecord> decode(std::string_view bytes);
};

/// Of one scope: the last sequence given out, documents, and those that are deleted or have left.
struct CountersRecord {
  std::uint64_t update_seq = 0;
  std::uint64_t documents = 0;
  std::uint64_t deleted = 0;

  std::string encode() const;
  static std::optional<CountersRecord> decode(std::string_view bytes);
};

}  // namespace mycouch::store::couch
