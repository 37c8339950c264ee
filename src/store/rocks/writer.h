// Writes groups of commits to RocksDB, then tells who waits.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/rocks/catalogue.h"
#include "store/rocks/commit_queue.h"
#include "store/rocks/logs.h"
#include "store/rocks/notifier.h"

namespace mycouch::store::rocks {

class OpenedDb;

class Writer final : public GroupWriter {
 public:
  /// `index_log` starts a job that calls `Logs::index` for the log of that name.
  Writer(OpenedDb& opened, Catalogue& catalogue, Notifier& notifier, Logs& logs,
         std::function<void(const std::string&)> index_log)
      : opened_(opened),
        catalogue_(catalogue),
        notifier_(notifier),
        logs_(logs),
        index_log_(std::move(index_log)) {}

  /// Readers see the group's rows when they are durable, observers and waiters hear of them next, and its
  /// writers are answered last. Where one commit fails to apply, the others are written each for itself.
  void write(std::vector<Commit>& group, bool sync) override;

 private:
  Result<void> write_together(std::vector<Commit>& group, bool sync);

  OpenedDb& opened_;
  Catalogue& catalogue_;
  Notifier& notifier_;
  Logs& logs_;
  std::function<void(const std::string&)> index_log_;
};

}  // namespace mycouch::store::rocks
