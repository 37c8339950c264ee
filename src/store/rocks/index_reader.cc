// What a Reader does with indexes.

#include "base/varint.h"
#include "store/rocks/keys.h"
#include "store/rocks/reader.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::size_t kIndexedTogether = 500;
constexpr std::size_t kIndexedBytes = 2 << 20;

}  // namespace

Result<IndexCache::Indexes> Reader::indexes(IndexCache& cache) {
  static const auto kNoIndexes = std::make_shared<const PartitionIndexes>();
  if (view_.partial) return kNoIndexes;
  const std::string& prefix = view_.target.prefix;
  if (IndexCache::Indexes known = cache.find(prefix)) return known;
  const std::uint64_t version = cache.version();
  MYCOUCH_TRY(auto bytes, get(opened_.families().indexes, index_prefix(prefix, 0)));
  auto read = PartitionIndexes::read(bytes ? view(*bytes) : std::string_view());
  if (!read) return std::unexpected(corrupt("indexes"));
  IndexCache::Indexes indexes = std::make_shared<const PartitionIndexes>(*std::move(read));
  cache.put_read(prefix, indexes, version);
  return indexes;
}

// At the first row of the query.
Result<std::unique_ptr<rocksdb::Iterator>> Reader::seek_index(const IndexQuery& query,
                                                              const std::string& prefix) {
  const std::string low = prefix + doc::index_key(query.low);
  const std::string behind = end_of(prefix + doc::index_key(query.high));
  lower_bound_ = low;
  upper_bound_ = behind;
  lower_bound_slice_ = slice(lower_bound_);
  upper_bound_slice_ = slice(upper_bound_);
  rocksdb::ReadOptions options = options_;
  options.iterate_lower_bound = &lower_bound_slice_;
  options.iterate_upper_bound = &upper_bound_slice_;
  std::unique_ptr<rocksdb::Iterator> rows(opened_.db().NewIterator(options, opened_.families().indexes));
  if (low >= behind) return rows;  // it stands nowhere
  const std::string after = prefix + query.after;
  if (query.after.empty()) {
    query.descending ? rows->SeekToLast() : rows->SeekToFirst();
  } else if (query.descending) {
    rows->SeekForPrev(after);
    if (rows->Valid() && rows->key() == after) rows->Prev();
  } else {
    rows->Seek(after);
    if (rows->Valid() && rows->key() == after) rows->Next();
  }
  MYCOUCH_CHECK(check(*rows));
  return rows;
}

Result<IndexRow> Reader::index_row(const rocksdb::Iterator& row, const std::string& prefix,
                                   const ReadOptions& options) {
  std::string_view position = view(row.key()).substr(prefix.size());
  auto key_length = base::RecordReader(view(row.value())).varint();
  if (!key_length || *key_length > position.size()) return std::unexpected(corrupt("index"));
  const std::string id(position.substr(*key_length));
  MYCOUCH_TRY(auto found, entry(id));
  if (!found || found->tree.deleted()) return std::unexpected(corrupt("index"));
  MYCOUCH_TRY(auto document, build(id, *found, found->tree.winner(), options));
  if (!document) return std::unexpected(corrupt("body"));
  return IndexRow{.position = std::string(position), .document = *std::move(document)};
}

Result<IndexPage> Reader::index_page(const IndexQuery& query, std::uint32_t number) {
  pin();
  const std::string prefix = index_prefix(view_.target.prefix, number);
  MYCOUCH_TRY(auto rows, seek_index(query, prefix));
  IndexPage page;
  std::size_t bytes = 0;
  for (; rows->Valid(); query.descending ? rows->Prev() : rows->Next()) {
    if (page.rows.size() == query.limit || bytes > query.max_bytes) {
      page.at_end = false;
      break;
    }
    MYCOUCH_TRY(IndexRow row, index_row(*rows, prefix, query.read));
    bytes += row.position.size() + row.document.body.size();
    page.rows.push_back(std::move(row));
  }
  MYCOUCH_CHECK(check(*rows));
  return page;
}

Result<std::optional<Reader::Indexed>> Reader::indexed(std::string id, std::string_view bytes,
                                                       const doc::IndexDefinition& index) {
  std::optional<Entry> entry = Entry::decode(bytes);
  if (!entry) return std::unexpected(corrupt("entry"));
  if (entry->tree.deleted() || entry->positions.empty()) return std::nullopt;
  const Index winner = entry->tree.winner();
  MYCOUCH_TRY(auto document, build(id, *entry, winner, {}));
  if (!document) return std::unexpected(corrupt("body"));
  auto key = doc::index_key(index, doc::as_value(*document));
  if (!key) return std::nullopt;
  return Indexed{.id = std::move(id),
                 .revision = entry->tree[winner].revision,
                 .sequence = entry->positions.front().sequence,
                 .key = *std::move(key)};
}

Result<Reader::IndexedBatch> Reader::indexed_after(const std::string& id, const doc::IndexDefinition& index) {
  pin();
  const std::string& prefix = view_.target.prefix;
  auto rows = iterate(opened_.families().documents, prefix);
  IndexedBatch batch{.rows = {}, .last_id = id};
  std::size_t looked_at = 0;
  std::size_t bytes = 0;
  for (rows->Seek(document_key(prefix, id)); rows->Valid(); rows->Next()) {
    std::string found(view(rows->key()).substr(prefix.size()));
    if (found == id) continue;
    if (looked_at == kIndexedTogether || bytes > kIndexedBytes) {
      batch.at_end = false;
      break;
    }
    ++looked_at;
    bytes += rows->value().size();
    batch.last_id = found;
    if (found.starts_with(doc::kDesignPrefix)) continue;
    MYCOUCH_TRY(auto row, indexed(std::move(found), view(rows->value()), index));
    if (!row) continue;
    bytes += row->key.size();
    batch.rows.push_back(*std::move(row));
  }
  MYCOUCH_CHECK(check(*rows));
  return batch;
}

}  // namespace mycouch::store::rocks
