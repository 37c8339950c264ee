// The RocksDB that the scope index lies in. Included by .cc files only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include "base/error.h"
#include "store/keys.h"
#include "store/rocks/status.h"

namespace mycouch::store::couch {

using Family = rocksdb::ColumnFamilyHandle*;

/// See index_keys.h.
struct IndexFamilies {
  Family catalogue = nullptr;
  Family documents = nullptr;
  Family changes = nullptr;
  Family counters = nullptr;
  Family members = nullptr;
};

/// Reads from any thread, writes from one at a time.
class IndexFiles {
 public:
  /// `directory` empty: in memory, gone when it is closed. `unavailable` where it does not open.
  static Result<std::unique_ptr<IndexFiles>> open(const std::string& directory, std::size_t cache_bytes);
  ~IndexFiles();
  IndexFiles(const IndexFiles&) = delete;
  IndexFiles& operator=(const IndexFiles&) = delete;

  rocksdb::DB& db() { return *db_; }
  const IndexFamilies& families() const { return families_; }

  Result<std::optional<rocksdb::PinnableSlice>> get(Family family, std::string_view key);
  /// The record under `key`; `kind` names it in the log where it cannot be read.
  template <class Record>
  Result<std::optional<Record>> load(Family family, std::string_view key, std::string_view kind) {
    MYCOUCH_TRY(auto bytes, get(family, key));
    if (!bytes) return std::nullopt;
    std::optional<Record> record = Record::decode(rocks::view(*bytes));
    if (!record) return std::unexpected(rocks::corrupt(kind));
    return record;
  }

  enum class Durability : std::uint8_t {
    synced,  // with all that was written before: survives a loss of power
    relaxed  // survives the end of the process
  };
  /// All of the batch, or nothing.
  Result<void> write(rocksdb::WriteBatch& batch, Durability durability);
  /// Deletes all rows of a database that nobody reads any more, and that it was dead.
  Result<void> sweep(DatabaseNumber database);

 private:
  IndexFiles() = default;

  std::unique_ptr<rocksdb::Env> memory_;
  std::unique_ptr<rocksdb::DB> db_;
  IndexFamilies families_;
};

/// The rows of one family whose keys begin with a prefix, as they were when this was made.
class Rows {
 public:
  Rows(IndexFiles& files, Family family, std::string prefix);
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  rocksdb::Iterator* operator->() { return rows_.get(); }
  /// Behind the prefix.
  std::string_view key() const { return rocks::view(rows_->key()).substr(prefix_.size()); }
  std::string_view value() const { return rocks::view(rows_->value()); }
  /// Whether the rows ended because there were no more.
  Result<void> check() const;

 private:
  const std::string prefix_;
  const std::string end_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

}  // namespace mycouch::store::couch
