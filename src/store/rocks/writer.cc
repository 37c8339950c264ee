#include "store/rocks/writer.h"

#include "store/rocks/keys.h"
#include "store/rocks/transaction.h"

namespace mycouch::store::rocks {

void Writer::write(std::vector<Commit>& group, bool sync) {
  Result<void> written = write_together(group, sync);
  if (written || group.size() == 1) {
    for (Commit& commit : group) commit.finish(written);
    return;
  }
  for (Commit& commit : group) {
    std::vector<Commit> alone;
    alone.push_back(std::move(commit));
    write(alone, sync);
  }
}

Result<void> Writer::write_together(std::vector<Commit>& group, bool sync) {
  Transaction transaction(opened_, catalogue_, logs_, indexes_);
  for (Commit& commit : group) MYCOUCH_CHECK(commit.apply(transaction));
  MYCOUCH_TRY(rocksdb::WriteBatch * batch, transaction.batch());
  rocksdb::WriteOptions options;
  options.sync = sync;
  rocksdb::Status status = opened_.write(options, *batch);
  if (!status.ok()) {
    // After a failed write RocksDB refuses all others until it is told that the cause may be gone.
    opened_.db().Resume().PermitUncheckedError();
    return std::unexpected(translated(status));
  }
  transaction.publish_databases(catalogue_);
  transaction.publish_indexes();
  for (const auto& [prefix, database] : transaction.changed_indexes()) {
    notifier_.notify(index_prefix(prefix, 0));
    MYCOUCH_TRY(const PartitionIndexes* indexes, transaction.indexes(prefix));
    if (indexes->has_work()) work_on_indexes_(database, prefix);
  }
  for (const auto& [database, written] : transaction.written()) {
    for (const Store::Observer& observer : database->observers) observer(written);
  }
  for (const std::string& scope : transaction.touched_scopes()) notifier_.notify(scope);
  for (const auto& [log, count] : transaction.logged()) {
    if (logs_.written(log, count)) index_log_(log);
  }
  return {};
}

}  // namespace mycouch::store::rocks
