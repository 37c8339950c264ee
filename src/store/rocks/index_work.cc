#include "store/rocks/index_work.h"

#include "base/log.h"
#include "json/collation.h"
#include "store/rocks/engine_core.h"
#include "store/rocks/families.h"
#include "store/rocks/keys.h"
#include "store/rocks/reader.h"
#include "store/rocks/transaction.h"

namespace mycouch::store::rocks {
namespace {

constexpr int kSweptTogether = 1000;

class IndexWork {
 public:
  IndexWork(EngineCore& core, const std::shared_ptr<DatabaseRecord>& database, const std::string& prefix)
      : core_(core) {
    view_.target = {.database = database, .partition = {}, .prefix = prefix};
  }

  // Whether there is something to do.
  Result<bool> is_left() {
    MYCOUCH_TRY(IndexCache::Indexes indexes, read());
    return indexes->has_work();
  }

  Result<void> run() {
    while (goes_on()) {
      MYCOUCH_TRY(IndexCache::Indexes indexes, read());
      if (!indexes->has_work()) return {};
      if (!indexes->record.dead.empty()) {
        MYCOUCH_CHECK(sweep(indexes->record.dead.front()));
      } else {
        MYCOUCH_CHECK(build_some(*indexes));
      }
    }
    return {};
  }

 private:
  bool goes_on() const { return !core_.stopping && !view_.target.database->removed; }

  Result<IndexCache::Indexes> read() {
    return Reader(*core_.opened, view_, Reader::Tier::disk).indexes(core_.indexes);
  }

  Result<void> build_some(const PartitionIndexes& indexes) {
    for (std::size_t i = 0; i < indexes.definitions.size(); ++i) {
      const IndexesRecord::Index& index = indexes.record.indexes[i];
      if (!index.built) return build_some(index, *indexes.definitions[i]);
    }
    return {};
  }

  Result<void> build_some(const IndexesRecord::Index& index, const doc::IndexDefinition& definition) {
    MYCOUCH_TRY(Reader::IndexedBatch batch,
                Reader(*core_.opened, view_, Reader::Tier::disk).indexed_after(index.checkpoint, definition));
    return change([&](Transaction& transaction, PartitionIndexes& indexes) -> Result<void> {
      IndexesRecord::Index* built = indexes.find(index.number);
      if (built == nullptr) return {};
      for (const Reader::Indexed& row : batch.rows) {
        MYCOUCH_TRY(const bool current, is_current(transaction, row));
        if (!current) continue;
        transaction.put_index_row(index_row_key(view_.target.prefix, index.number, row.key, row.id),
                                  row.key.size());
      }
      built->built = batch.at_end;
      built->checkpoint = batch.at_end ? std::string() : batch.last_id;
      return {};
    });
  }

  // Whether the document is as it was when the row was computed.
  Result<bool> is_current(Transaction& transaction, const Reader::Indexed& row) {
    MYCOUCH_TRY(auto entry, transaction.committed_entry(document_key(view_.target.prefix, row.id)));
    if (!entry || entry->tree.empty() || entry->positions.empty()) return false;
    return entry->positions.front().sequence == row.sequence &&
           entry->tree[entry->tree.winner()].revision == row.revision;
  }

  Result<void> sweep(std::uint32_t number) {
    const std::string first = index_prefix(view_.target.prefix, number);
    const std::string end = end_of(first);
    const rocksdb::Slice end_slice = slice(end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &end_slice;
    options.fill_cache = false;
    rocksdb::ColumnFamilyHandle* family = core_.opened->families().indexes;
    std::unique_ptr<rocksdb::Iterator> rows(core_.opened->db().NewIterator(options, family));
    rocksdb::WriteBatch batch;
    for (rows->Seek(first); rows->Valid(); rows->Next()) {
      if (!goes_on()) return {};
      batch.Delete(family, rows->key());
      if (batch.Count() < kSweptTogether) continue;
      MYCOUCH_CHECK(write(batch));
      batch.Clear();
    }
    if (!rows->status().ok()) return std::unexpected(translated(rows->status()));
    MYCOUCH_CHECK(write(batch));
    return change([&](Transaction&, PartitionIndexes& indexes) -> Result<void> {
      std::erase(indexes.record.dead, number);
      return {};
    });
  }

  Result<void> write(rocksdb::WriteBatch& batch) {
    rocksdb::Status status = core_.opened->write(rocksdb::WriteOptions(), batch);
    if (!status.ok()) return std::unexpected(translated(status));
    return {};
  }

  template <class Change>
  Result<void> change(Change apply) {
    return core_.commit_blocking(Durability::relaxed, [&](Transaction& transaction) -> Result<void> {
      if (view_.target.database->removed) return {};
      MYCOUCH_TRY(PartitionIndexes * indexes,
                  transaction.change_indexes(view_.target.database, view_.target.prefix));
      return apply(transaction, *indexes);
    });
  }

  EngineCore& core_;
  View view_;  // names no scope: only the partition's rows are read
};

std::unique_ptr<rocksdb::Iterator> rows_of(EngineCore& core, rocksdb::ColumnFamilyHandle* family) {
  return std::unique_ptr<rocksdb::Iterator>(core.opened->db().NewIterator(rocksdb::ReadOptions(), family));
}

// The key of the record that the rows at `key` belong to: database, partition, number.
std::string record_key_of(std::string_view key) {
  constexpr std::string_view kEnd("\0\1", 2);
  const std::size_t end = key.find(kEnd, sizeof(DatabaseNumber)) + kEnd.size();
  return index_prefix(key.substr(0, end), 0);
}

// All records, each with its indexes to be built.
Result<void> put_unbuilt(EngineCore& core, rocksdb::WriteBatch& batch) {
  const Families& families = core.opened->families();
  auto rows = rows_of(core, families.indexes);
  std::string next;
  for (rows->SeekToFirst(); rows->Valid(); rows->Seek(next)) {
    const std::string key = record_key_of(view(rows->key()));
    next = end_of(key.substr(0, key.size() - sizeof(std::uint32_t)));
    if (rows->key() != key) continue;
    auto record = IndexesRecord::decode(view(rows->value()));
    if (!record) return std::unexpected(corrupt("indexes"));
    record->dead.clear();
    for (IndexesRecord::Index& index : record->indexes) {
      index.built = false;
      index.checkpoint.clear();
    }
    batch.Put(families.indexes, key, record->encode());
    batch.Put(families.catalogue, indexing_key(key.substr(0, key.size() - sizeof(std::uint32_t))), {});
  }
  if (!rows->status().ok()) return std::unexpected(translated(rows->status()));
  return {};
}

}  // namespace

void work_on_indexes(EngineCore& core, const std::shared_ptr<DatabaseRecord>& database,
                     const std::string& prefix) {
  IndexWork work(core, database, prefix);
  // What came up behind the worker's last look, while it still kept others away, is not lost.
  for (bool left = true; left;) {
    if (!core.indexes.begin_work(prefix)) return;
    Result<void> done = work.run();
    core.indexes.end_work(prefix);
    if (!done) {
      log::warning("the work on an index has stopped", {{"database", database->name}});
      return;
    }
    if (core.stopping || database->removed) return;
    left = work.is_left().value_or(false);
  }
}

Result<void> check_collation(EngineCore& core) {
  const Families& families = core.opened->families();
  const std::string version = json::collation_version();
  std::string stored;
  rocksdb::Status status =
      core.opened->db().Get(rocksdb::ReadOptions(), families.catalogue, slice(kCollationKey), &stored);
  if (status.ok() && stored == version) return {};
  if (!status.ok() && !status.IsNotFound()) return std::unexpected(translated(status));
  rocksdb::WriteBatch batch;
  constexpr std::string_view kBehindAll = "\xff\xff\xff\xff\xff";
  batch.DeleteRange(families.indexes, {}, slice(kBehindAll));
  MYCOUCH_CHECK(put_unbuilt(core, batch));
  batch.Put(families.catalogue, slice(kCollationKey), version);
  status = core.opened->write(rocksdb::WriteOptions(), batch);
  if (!status.ok()) return std::unexpected(translated(status));
  return {};
}

Result<void> resume_index_work(EngineCore& core) {
  rocksdb::WriteBatch forgotten;
  auto rows = rows_of(core, core.opened->families().catalogue);
  for (rows->Seek(slice(kIndexingKeys)); rows->Valid() && view(rows->key()).starts_with(kIndexingKeys);
       rows->Next()) {
    std::string prefix(view(rows->key()).substr(kIndexingKeys.size()));
    if (auto database = core.catalogue.find(read_u32(prefix))) {
      core.in_background(
          [database, prefix](EngineCore& engine) { work_on_indexes(engine, database, prefix); });
    } else {
      forgotten.Delete(core.opened->families().catalogue, rows->key());
    }
  }
  if (rows->status().ok() && forgotten.Count() == 0) return {};
  rocksdb::Status status = core.opened->write(rocksdb::WriteOptions(), forgotten);
  if (!status.ok()) return std::unexpected(translated(status));
  return {};
}

}  // namespace mycouch::store::rocks
