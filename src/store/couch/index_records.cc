#include "store/couch/index_records.h"

#include <algorithm>

#include "base/varint.h"
#include "store/change_record.h"

namespace mycouch::store::couch {
namespace {

template <class Positions>
auto* find_position(Positions& positions, std::string_view scope) {
  auto at = std::ranges::find(positions, scope, &ScopePosition::scope);
  return at == positions.end() ? nullptr : &*at;
}

void append_position(std::string& out, const ScopePosition& position) {
  base::append_sized(out, position.scope);
  base::append_varint(out, position.sequence);
  std::vector<doc::Revision> left_by;
  if (position.left_by) left_by.push_back(*position.left_by);
  append_revisions(out, left_by);
}

std::optional<ScopePosition> read_position(base::RecordReader& reader) {
  auto scope = reader.sized();
  auto sequence = reader.varint();
  auto left_by = read_revisions(reader);
  if (!scope || !sequence || !left_by || left_by->size() > 1) return std::nullopt;
  ScopePosition position{.scope = std::string(*scope), .sequence = *sequence};
  if (!left_by->empty()) position.left_by = std::move(left_by->front());
  return position;
}

}  // namespace

std::string DatabaseRecord::encode() const {
  std::string out;
  base::append_varint(out, number);
  base::append_sized(out, state.incarnation);
  base::append_sized(out, state.since);
  base::append_varint(out, state.complete ? 1 : 0);
  base::append_sized(out, state.epoch);
  return out;
}

std::optional<DatabaseRecord> DatabaseRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto number = reader.varint();
  auto incarnation = reader.sized();
  auto since = reader.sized();
  auto complete = reader.varint();
  auto epoch = reader.sized();
  if (!number || !incarnation || !since || !complete || !epoch) return std::nullopt;
  return DatabaseRecord{.number = static_cast<DatabaseNumber>(*number),
                        .state = {.incarnation = std::string(*incarnation),
                                  .since = std::string(*since),
                                  .complete = *complete != 0,
                                  .epoch = std::string(*epoch)}};
}

const ScopePosition* DocumentRecord::position(std::string_view scope) const {
  return find_position(positions, scope);
}
ScopePosition* DocumentRecord::position(std::string_view scope) {
  return find_position(positions, scope);
}

std::string DocumentRecord::encode() const {
  std::string out;
  base::append_varint(out, deleted ? 1 : 0);
  append_revisions(out, leaves);
  base::append_varint(out, positions.size());
  for (const ScopePosition& position : positions) append_position(out, position);
  return out;
}

std::optional<DocumentRecord> DocumentRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto deleted = reader.varint();
  auto leaves = read_revisions(reader);
  auto count = reader.varint();
  if (!deleted || !leaves || leaves->empty() || !count) return std::nullopt;
  DocumentRecord record{.deleted = *deleted != 0, .leaves = *std::move(leaves)};
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto position = read_position(reader);
    if (!position) return std::nullopt;
    record.positions.push_back(*std::move(position));
  }
  if (!reader.rest().empty()) return std::nullopt;
  return record;
}

std::string CountersRecord::encode() const {
  std::string out;
  for (std::uint64_t n : {update_seq, documents, deleted}) base::append_varint(out, n);
  return out;
}

std::optional<CountersRecord> CountersRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  CountersRecord counters;
  for (std::uint64_t* n : {&counters.update_seq, &counters.documents, &counters.deleted}) {
    auto value = reader.varint();
    if (!value) return std::nullopt;
    *n = *value;
  }
  return counters;
}

}  // namespace mycouch::store::couch
