// Logs (store/log.h) as documents of the meta database: one for each record, under an id that begins with its
// log and its time, so that a range of ids is a span of time.
//
// The number of a record within its millisecond is whichever is free. Records of transactions have numbers of
// their own, behind all others, as they are given out while the journal is held and must not be taken then.
// Gateways' clocks may differ, so a record of another gateway may come in before one that was read.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

#include "base/task.h"
#include "store/couch/core.h"
#include "store/log.h"

namespace mycouch::store::couch {

class CouchLogs {
 public:
  explicit CouchLogs(CouchCore& core);

  /// A document for a record of now, of a transaction: its id, and its body.
  std::pair<std::string, std::string> document_of(const LogRecord& record);

  Task<void> append(LogRecord record);
  Task<LogPage> read(LogQuery query);
  Task<std::uint64_t> expire(std::string log, base::WallTime before);
  void stop() { stopping_ = true; }

 private:
  base::WallTime next_time();

  CouchCore& core_;
  std::mutex mutex_;
  base::WallTime last_{};
  std::uint32_t transactions_;  // begins anywhere: another gateway may have the same millisecond
  std::atomic<bool> stopping_{false};
};

}  // namespace mycouch::store::couch
