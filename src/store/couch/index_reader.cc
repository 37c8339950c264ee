#include "store/couch/index_reader.h"

#include <algorithm>
#include <utility>

#include "store/change_record.h"

namespace mycouch::store::couch {
namespace {

// Up to so many rows, `pending` is counted.
constexpr std::uint64_t kCountedRows = 10'000;

// To the first row of a query.
void seek(Rows& rows, const std::string& prefix, const ChangesQuery& query) {
  if (!query.descending) {
    rows->Seek(change_key(prefix, query.since + 1));
  } else if (query.before == UINT64_MAX) {
    rows->SeekToLast();
  } else {
    rows->SeekForPrev(change_key(prefix, query.before - 1));
  }
}

Result<ChangeRow> change_row(const Rows& rows) {
  std::optional<ChangeRecord> record = ChangeRecord::decode(rows.value());
  if (!record || rows.key().size() != sizeof(std::uint64_t)) return std::unexpected(rocks::corrupt("change"));
  return ChangeRow{.seq = read_u64(rows.key()),
                   .id = std::move(record->id),
                   .deleted = record->deleted,
                   .leaves = std::move(record->leaves)};
}

// To the first row behind the id.
void seek_behind(Rows& rows, const std::string& prefix, const std::string& id) {
  rows->Seek(document_key(prefix, id));
  if (rows->Valid() && rows.key() == id) rows->Next();
}

}  // namespace

Result<ScopeCounts> IndexReader::counts() {
  MYCOUCH_TRY(auto counters, files_.load<CountersRecord>(files_.families().counters, prefix_, "counters"));
  if (!counters) return ScopeCounts{};
  return ScopeCounts{.update_seq = counters->update_seq,
                     .doc_count = counters->documents,
                     .doc_del_count = counters->deleted};
}

Result<ChangesPage> IndexReader::changes(const ChangesQuery& query) {
  MYCOUCH_TRY(const ScopeCounts now, counts());
  ChangesPage page;
  page.last_seq = query.since;
  // An empty poll touches one key.
  if (query.descending ? query.before == 0 : query.since >= now.update_seq) return page;
  Rows rows(files_, files_.families().changes, prefix_);
  std::size_t bytes = 0;
  for (seek(rows, prefix_, query); rows->Valid(); query.descending ? rows->Prev() : rows->Next()) {
    if (page.rows.size() == query.limit || bytes > query.max_bytes) {
      page.at_end = false;
      break;
    }
    MYCOUCH_TRY(ChangeRow row, change_row(rows));
    bytes += rows.value().size();
    page.last_seq = row.seq;
    page.rows.push_back(std::move(row));
  }
  MYCOUCH_CHECK(rows.check());
  // Rows that a fold moved while we read are behind what we saw: never answer less than the last row.
  if (page.at_end && !query.descending) page.last_seq = std::max(page.last_seq, now.update_seq);
  return page;
}

Result<std::uint64_t> IndexReader::pending(std::uint64_t seq) {
  MYCOUCH_TRY(const ScopeCounts now, counts());
  if (seq >= now.update_seq) return 0;
  const std::uint64_t rows_in_all = now.doc_count + now.doc_del_count;
  if (seq == 0) return rows_in_all;
  Rows rows(files_, files_.families().changes, prefix_);
  std::uint64_t count = 0;
  for (rows->Seek(change_key(prefix_, seq + 1)); rows->Valid() && count < kCountedRows; rows->Next()) ++count;
  MYCOUCH_CHECK(rows.check());
  return count < kCountedRows ? count : std::min(rows_in_all, now.update_seq - seq);
}

Result<std::optional<Place>> IndexReader::place(const std::string& id) {
  const std::string key = document_key(partition_prefix(database_, scope_.partition), id);
  MYCOUCH_TRY(auto record, files_.load<DocumentRecord>(files_.families().documents, key, "document"));
  if (!record) return std::nullopt;
  const ScopePosition* position = record->position(scope_.scope);
  if (position == nullptr) return std::nullopt;
  Place place{.seq = position->sequence, .left = position->left_by.has_value(), .leaf = {}, .leaves = {}};
  place.deleted = place.left || record->deleted;
  place.leaves = place.left ? std::vector{*position->left_by} : std::move(record->leaves);
  place.leaf = place.leaves.front();
  return place;
}

Result<std::vector<std::string>> IndexReader::ids(const std::string& after, std::size_t limit) {
  return is_partial(scope_) ? ids_of_members(after, limit) : ids_of_documents(after, limit);
}

Result<std::vector<std::string>> IndexReader::ids_of_members(const std::string& after, std::size_t limit) {
  std::vector<std::string> ids;
  Rows rows(files_, files_.families().members, prefix_);
  for (seek_behind(rows, prefix_, after); rows->Valid() && ids.size() < limit; rows->Next()) {
    ids.emplace_back(rows.key());
  }
  MYCOUCH_CHECK(rows.check());
  return ids;
}

Result<std::vector<std::string>> IndexReader::ids_of_documents(const std::string& after, std::size_t limit) {
  const std::string prefix = partition_prefix(database_, scope_.partition);
  std::vector<std::string> ids;
  Rows rows(files_, files_.families().documents, prefix);
  for (seek_behind(rows, prefix, after); rows->Valid() && ids.size() < limit; rows->Next()) {
    std::optional<DocumentRecord> record = DocumentRecord::decode(rows.value());
    if (!record) return std::unexpected(rocks::corrupt("document"));
    const ScopePosition* position = record->position(scope_.scope);
    if (position != nullptr && !position->left_by && !record->deleted) ids.emplace_back(rows.key());
  }
  MYCOUCH_CHECK(rows.check());
  return ids;
}

}  // namespace mycouch::store::couch
