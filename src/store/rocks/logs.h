// The logs' own upkeep: positions for new records, the index of topics, and removing what is old.
//
// Records are written without an index. Once a thousand of them have come together, a job in the
// background reads their rows, gathers the positions of each topic, and writes these with the position that
// it has come to, the checkpoint, as one batch. So an index row stands for many records of a topic, and after
// a crash nothing is indexed twice or missing. Readers scan what is behind the checkpoint.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "store/log.h"

namespace mycouch::store::rocks {

class OpenedDb;

class Logs {
 public:
  /// Both outlive it.
  Logs(OpenedDb& opened, const base::Clock& clock) : opened_(opened), clock_(clock) {}

  /// The first of `count` positions of the same time whose numbers follow each other, greater than any that
  /// was taken and than those in the store. On the commit queue's thread only.
  Result<LogPosition> take_positions(const std::string& log, std::uint32_t count);
  /// Behind every record of the log that is or was in the store.
  Result<LogPosition> end(const std::string& log) const;
  /// Positions that are taken are `position` or behind it. On the commit queue's thread only.
  Result<void> begin_behind(const std::string& log, LogPosition position);
  /// So many records more are in the store. True where a job must be started now that calls `index`.
  bool written(const std::string& log, std::uint32_t count);

  /// Indexes what is not indexed yet, until less than a thousand records are left, or `stopping`. One job
  /// of each log at a time.
  void index(const std::string& log, const std::atomic<bool>& stopping);
  /// Removes records from before that time, and what the index has of them: how many.
  Result<std::uint64_t> expire(const std::string& log, base::WallTime before,
                               const std::atomic<bool>& stopping);

 private:
  struct Unindexed {
    // No fewer than there are: those that are written while a job runs may be counted twice. Enough for a job
    // at first, as it is not known what the store holds.
    std::uint64_t records;
    bool job_runs = false;
  };

  /// The position that is taken next, unless the clock shows a later time.
  Result<LogPosition*> next(const std::string& log);
  /// Whether a job begins, or goes on because enough records came meanwhile.
  bool take_work(const std::string& log);
  /// Looks at some of what is not indexed, and indexes it where it is enough: how many records.
  Result<std::uint64_t> index_some(const std::string& log);
  /// Some of what is in `from`…`before`; `from` moves on. How many records.
  Result<std::uint64_t> expire_some(const std::string& log, LogPosition& from, LogPosition before);

  OpenedDb& opened_;
  const base::Clock& clock_;

  std::map<std::string, LogPosition> next_;  // the commit queue's thread's

  std::mutex mutex_;  // guards unindexed_
  std::map<std::string, Unindexed> unindexed_;

  // Held by whoever reads rows and then writes what follows from them: no row is indexed that has just gone.
  std::mutex upkeep_mutex_;
};

}  // namespace mycouch::store::rocks
