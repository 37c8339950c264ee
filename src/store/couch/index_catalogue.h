// The databases of the scope index, in memory and in the family "default". Included by .cc files only.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "store/couch/index_files.h"
#include "store/couch/index_records.h"

namespace mycouch::store::couch {

/// `find` from any thread; the rest from one at a time.
class IndexCatalogue {
 public:
  explicit IndexCatalogue(IndexFiles& files) : files_(files) {}

  /// Once, before anything else. Ends what the run before has left undone, and gives all databases new epochs
  /// where rows of that run may be lost. `unavailable` for an index of another format.
  Result<void> load();
  /// Everything is on disk: the next `load` will find nothing lost.
  void close();

  const std::string& uuid() const { return uuid_; }
  /// Null where there is none of that name.
  using Record = std::shared_ptr<const DatabaseRecord>;
  Record find(std::string_view name) const;

  /// The record's new state is written with `batch`; then everyone sees it.
  Result<void> change(const std::string& name, DatabaseRecord record, rocksdb::WriteBatch& batch);
  /// A new life of the database, or none; the rows of the one before are swept once nobody can find it.
  Result<void> replace(const std::string& name, std::optional<DatabaseState> state);

 private:
  Result<void> load_index_row();
  Result<void> load_databases();
  Result<void> sweep_dead();
  Result<void> note_open();
  void set(const std::string& name, Record record);
  void sweep(DatabaseNumber number);

  IndexFiles& files_;
  std::string uuid_;
  DatabaseNumber last_number_ = 0;
  mutable std::shared_mutex mutex_;  // of the next
  std::map<std::string, Record, std::less<>> records_;
};

/// For a database's state.
std::string new_epoch();

}  // namespace mycouch::store::couch
