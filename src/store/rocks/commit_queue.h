// The commit queue: every write of the store, one after the other, many to a disk sync.
//
// A commit is two functions. `apply` reads what it depends on and adds its rows to a Transaction; `finish`
// tells its writer. One thread takes all commits that wait, applies them in order to one transaction (each
// sees what those before it in the group have written), writes that as one atomic batch with one sync, and
// then finishes them all: while the disk syncs, the next group gathers. As there is no other writer, a read
// in `apply` cannot be outdated by the time that it is written. Commits that may be lost with the power
// (checkpoints) are written before the others of their group, without a sync.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace mycouch::store::rocks {

class Transaction;

struct Commit {
  Durability durability = Durability::synced;
  /// On the queue's thread, and perhaps again: where a group cannot be written as one, its commits are
  /// applied each for itself, so nothing but the transaction may remember the first time. An error fails the
  /// commit.
  std::function<Result<void>(Transaction&)> apply;
  /// On the queue's thread, once: after the batch is durable, or with the error that kept it from being
  /// written.
  std::move_only_function<void(Result<void>)> finish;
};

/// Writes groups; implemented over RocksDB in writer.cc.
class GroupWriter {
 public:
  virtual ~GroupWriter() = default;
  /// Applies all commits, writes them as one batch, and finishes each.
  virtual void write(std::vector<Commit>& group, bool sync) = 0;
};

class CommitQueue {
 public:
  explicit CommitQueue(GroupWriter& writer);
  /// Writes what waits, then ends the thread.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  /// From any thread.
  void push(Commit commit);
  void stop();

 private:
  void run();

  GroupWriter& writer_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Commit> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mycouch::store::rocks
