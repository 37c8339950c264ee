// What the store and the databases opened on it share. Private to this folder.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/offload.h"
#include "store/notifier.h"
#include "store/rocks/catalogue.h"
#include "store/rocks/commit_queue.h"
#include "store/rocks/indexes.h"
#include "store/rocks/logs.h"
#include "store/rocks/writer.h"

namespace mycouch::store::rocks {

class OpenedDb;

/// Owned by the store; databases and background jobs hold it while they use it.
struct EngineCore : std::enable_shared_from_this<EngineCore> {
  EngineCore(std::unique_ptr<OpenedDb> db, base::Pool& worker_pool, const base::Clock& clock);
  ~EngineCore();

  std::unique_ptr<OpenedDb> opened;
  base::Pool& pool;
  std::string uuid;
  std::atomic<bool> stopping{false};  // background work ends
  Catalogue catalogue;
  std::shared_ptr<Notifier> notifier;
  Logs logs;
  IndexCache indexes;
  Writer writer;
  CommitQueue commits;

  /// Pushes a commit and waits for its end.
  Task<void> commit(Durability durability, std::function<Result<void>(Transaction&)> apply);
  /// The same from a thread that may block.
  Result<void> commit_blocking(Durability durability, std::function<Result<void>(Transaction&)> apply);

  /// Runs `job` on the pool, unless `end_background` comes first. A job ends early once `stopping` is set.
  void in_background(std::function<void(EngineCore&)> job);
  /// Waits for the jobs that run; those that have not begun never will.
  void end_background();

 private:
  std::mutex background_mutex_;
  std::condition_variable background_ended_;
  std::size_t background_jobs_ = 0;
};

}  // namespace mycouch::store::rocks
