// The column families of one open RocksDB. Included by .cc files only.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <rocksdb/db.h>

#include "base/error.h"
#include "store/rocks/status.h"

namespace mycouch::store::rocks {

struct Families {
  rocksdb::ColumnFamilyHandle* catalogue = nullptr;
  rocksdb::ColumnFamilyHandle* documents = nullptr;
  rocksdb::ColumnFamilyHandle* bodies = nullptr;
  rocksdb::ColumnFamilyHandle* changes = nullptr;
  rocksdb::ColumnFamilyHandle* local = nullptr;
  rocksdb::ColumnFamilyHandle* attachments = nullptr;
  rocksdb::ColumnFamilyHandle* counters = nullptr;
  rocksdb::ColumnFamilyHandle* indexes = nullptr;
  rocksdb::ColumnFamilyHandle* log = nullptr;
};

/// Owns the RocksDB. `directory` empty: in memory, gone when it is closed.
class OpenedDb {
 public:
  /// `unavailable` with RocksDB's words: no such path, locked by another process, corrupt.
  static Result<std::unique_ptr<OpenedDb>> open(const std::string& directory, std::size_t cache_bytes);
  /// What is on the disk now, to be read only, also while another process has it open to write; nothing of
  /// what that writes later is seen. `unavailable` as above, and where there is no store.
  static Result<std::unique_ptr<OpenedDb>> open_to_read(const std::string& directory,
                                                        std::size_t cache_bytes);
  ~OpenedDb();
  OpenedDb(const OpenedDb&) = delete;
  OpenedDb& operator=(const OpenedDb&) = delete;

  rocksdb::DB& db() { return *db_; }
  const Families& families() const { return families_; }
  /// One writer at a time: RocksDB would otherwise append the batches of those who wait to each other's, in a
  /// way that ThreadSanitizer cannot follow; the commit queue has done so already where it pays.
  rocksdb::Status write(const rocksdb::WriteOptions& options, rocksdb::WriteBatch& batch);
  /// Opened to be read only: all reads see the same rows, and there are no snapshots.
  bool is_still() const { return is_still_; }
  /// The rows as they are now, until it is released or the store closes. Null where it is still.
  const rocksdb::Snapshot* take_snapshot();
  void release(const rocksdb::Snapshot* snapshot);
  /// The families whose rows begin with a database's number.
  std::vector<rocksdb::ColumnFamilyHandle*> row_families() const;
  /// Syncs and closes; safe to call again.
  void close();

 private:
  OpenedDb() = default;
  void take(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles);

  std::unique_ptr<rocksdb::Env> memory_;
  std::unique_ptr<rocksdb::DB> db_;
  bool is_still_ = false;
  Families families_;
  std::mutex write_mutex_;
  std::mutex snapshots_mutex_;
  std::set<const rocksdb::Snapshot*> snapshots_;
};

/// For reads that outlast a call: the store may close before they end.
class HeldSnapshot {
 public:
  explicit HeldSnapshot(OpenedDb& opened) : opened_(opened), snapshot_(opened.take_snapshot()) {}
  ~HeldSnapshot() { opened_.release(snapshot_); }
  HeldSnapshot(const HeldSnapshot&) = delete;
  HeldSnapshot& operator=(const HeldSnapshot&) = delete;

  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  OpenedDb& opened_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace mycouch::store::rocks
