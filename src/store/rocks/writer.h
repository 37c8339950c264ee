// Writes groups of commits to RocksDB, then tells who waits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/notifier.h"
#include "store/rocks/catalogue.h"
#include "store/rocks/commit_queue.h"
#include "store/rocks/indexes.h"
#include "store/rocks/logs.h"

namespace mycouch::store::rocks {

class OpenedDb;

class Writer final : public GroupWriter {
 public:
  /// Starts a job that works on the indexes of the partition of this database and key prefix.
  using WorkOnIndexes = std::function<void(std::shared_ptr<DatabaseRecord>, std::string)>;

  /// `index_log` starts a job that calls `Logs::index` for the log of that name.
  Writer(OpenedDb& opened, Catalogue& catalogue, Notifier& notifier, Logs& logs, IndexCache& indexes,
         std::function<void(const std::string&)> index_log, WorkOnIndexes work_on_indexes)
      : opened_(opened),
        catalogue_(catalogue),
        notifier_(notifier),
        logs_(logs),
        indexes_(indexes),
        index_log_(std::move(index_log)),
        work_on_indexes_(std::move(work_on_indexes)) {}

  /// Readers see the group's rows when they are durable, observers and waiters hear of them next, and its
  /// writers are answered last. Where one commit fails to apply, the others are written each for itself.
  void write(std::vector<Commit>& group, bool sync) override;

 private:
  Result<void> write_together(std::vector<Commit>& group, bool sync);

  OpenedDb& opened_;
  Catalogue& catalogue_;
  Notifier& notifier_;
  Logs& logs_;
  IndexCache& indexes_;
  std::function<void(const std::string&)> index_log_;
  WorkOnIndexes work_on_indexes_;
};

}  // namespace mycouch::store::rocks
