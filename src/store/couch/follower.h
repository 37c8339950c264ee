// Follows one database of the CouchDB and folds its changes into the scope index.
//
// However many clients wait for changes, a gateway asks upstream once for each database: first in pages,
// until it has caught up, then in a continuous feed. What comes is folded (scope_index.h), and the waiters of
// the scopes that moved are woken. Where the feed breaks it goes on from what is folded. A database that was
// made anew upstream begins anew here, under another epoch.
//
// A client that has written through this gateway is to see its write in this gateway's feeds: what was
// written is noted until it has come by, and whoever reads a feed of that partition waits for it, for a
// bounded time.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/waiter.h"
#include "store/couch/core.h"

namespace mycouch::store::couch {

/// Thread-safe; its coroutine runs on the core's thread.
class Follower : public std::enable_shared_from_this<Follower> {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  Follower(CouchCore& core, std::string database);

  const std::string& database() const { return database_; }
  Layout layout() const { return layout_; }
  bool has_rule() const { return static_cast<bool>(rules_.scopes); }

  /// Begins to follow, where it has not begun.
  void start();
  void stop();

  /// Whether the index is that of the database as it is: caught up once since this follower began. Waits for
  /// it until `deadline`. `not_found` where the database is gone.
  Task<bool> caught_up(Deadline deadline);
  bool gone() const;
  /// The database was deleted.
  void end();

  struct Edited {
    std::string id;
    doc::Revision revision;
  };
  /// After a write was acknowledged. Where somebody observes the database, returns once the write has come
  /// by.
  Task<void> written(std::string partition, std::vector<Edited> edits);
  /// Waits until what was written of a partition has come by, for a bounded time.
  Task<void> settle(std::string partition);
  /// Waits until what upstream has now has come by, whoever wrote it, for a bounded time. One request at
  /// least.
  Task<void> come_level();
  /// Documents that were removed upstream without a trace.
  Result<void> purged(const std::string& partition, const std::vector<std::string>& ids);

 private:
  static constexpr std::chrono::milliseconds kShortestPause{200};

  enum class Status : std::uint8_t { idle, catching_up, live, gone };
  struct Expected {
    doc::Revision revision;
    Deadline until;
  };

  boost::asio::awaitable<void> run();
  Task<void> follow();
  Task<void> begin();
  Task<std::string> catch_up(std::string since);
  Task<void> follow_feed(std::string since);
  Task<void> rest(std::chrono::milliseconds pause);

  Result<void> fold(const std::vector<FoldedDocument>& rows, std::string since, bool complete);
  void tell(const Folded& folded);
  void forget_expected(const std::vector<FoldedDocument>& rows);
  bool expects(const std::string& partition);
  bool is_behind(const std::string& since) const;
  void set_status(Status status);
  void wake_all();
  boost::asio::awaitable<void> wait_for(std::function<bool()> holds, Deadline deadline);
  std::string changes_target(std::string_view feed, std::string_view since) const;

  CouchCore& core_;
  const std::string database_;
  const Layout layout_;
  const DatabaseRules rules_;

  // The coroutine's own.
  bool troubled_ = false;
  std::chrono::milliseconds pause_ = kShortestPause;

  mutable std::mutex mutex_;
  Status status_ = Status::idle;
  bool started_ = false;
  bool stopping_ = false;
  std::map<std::string, std::map<std::string, Expected>> expected_;  // by partition and id
  std::vector<std::shared_ptr<base::Waiter>> waiters_;
  std::shared_ptr<base::Waiter> alarm_;  // of the coroutine's pauses
};

}  // namespace mycouch::store::couch
