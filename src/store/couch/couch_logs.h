// Logs (store/log.h) as documents of the meta database: one for each record, under an id that begins with its
// log and its time, so that a range of ids is a span of time.
//
// The number of a record within its millisecond is the next of this gateway's that is free. Records of
// transactions have numbers of their own, behind all others, as they are given out while the journal is held
// and must not be taken then. Gateways' clocks may differ, so a record of another gateway may come in before
// one that was read.
//
// For each topic of a record there is a second document, of the topic, the time and nothing else: a range of
// those is what is asked for by topic. One whose record does not have the topic, as a crash or a number that
// was taken leaves it, is passed over.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/task.h"
#include "store/couch/core.h"
#include "store/log.h"

namespace mycouch::store::couch {

class CouchLogs {
 public:
  explicit CouchLogs(CouchCore& core);

  /// The documents for a record of now, of a transaction: their ids and bodies.
  std::vector<std::pair<std::string, std::string>> documents_of(const LogRecord& record);

  Task<void> append(LogRecord record);
  Task<void> restore(std::string log, std::vector<LogEntry> records);
  Task<LogPage> read(LogQuery query);
  Task<std::uint64_t> expire(std::string log, base::WallTime before);
  void stop() { stopping_ = true; }

  /// A document as _all_docs has it.
  struct Row {
    std::string id;
    std::string rev;
    std::string body;
  };

 private:
  Task<bool> write(const LogRecord& record, LogPosition position);
  LogPosition next_position();

  Task<void> read_records(std::vector<Row>& rows, const std::string& log, const std::string& prefix);
  Task<void> append_topics_of(std::vector<Row>& rows, const std::string& log);
  Task<void> purge(std::vector<Row> rows);

  CouchCore& core_;
  std::mutex mutex_;
  LogPosition last_{};
  std::uint32_t transactions_;  // begins anywhere: another gateway may have the same millisecond
  std::atomic<bool> stopping_{false};
};

}  // namespace mycouch::store::couch
