#include "store/couch/follower.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "base/random.h"
#include "json/value.h"
#include "store/couch/change_rows.h"
#include "store/couch/wire.h"

namespace mycouch::store::couch {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kPageRows = 2'000;
constexpr std::chrono::milliseconds kHeartbeat{10'000};
constexpr std::chrono::milliseconds kSilence{30'000};
constexpr std::chrono::milliseconds kLongestPause{5'000};
constexpr std::chrono::seconds kProgressEvery{5};
// How long a write is waited for: by whoever reads its feed, and by its writer where somebody observes.
constexpr std::chrono::seconds kSettle{5};

bool holds(const std::vector<doc::Revision>& leaves, const doc::Revision& revision) {
  return std::ranges::any_of(leaves, [&](const doc::Revision& leaf) {
    return leaf == revision || leaf.generation > revision.generation;
  });
}

// What names this life of a database. CouchDB gives the time of its making; where that is always 0, as
// mycouch has it, the sequence names it.
std::string incarnation_of(const json::Outline& outline) {
  std::string made = string_of(outline, outline.root(), "instance_start_time");
  if (!made.empty() && made != "0") return made;
  const std::string seq = string_of(outline, outline.root(), "update_seq");
  const std::size_t dash = seq.find('-');
  constexpr std::size_t kLongestEpoch = 48;  // a packed sequence of CouchDB is longer, and differs each time
  if (dash == std::string::npos || seq.size() - dash > kLongestEpoch) return "0";
  return seq.substr(dash + 1);
}

}  // namespace

Follower::Follower(CouchCore& core, std::string database)
    : core_(core),
      database_(std::move(database)),
      layout_(core.layout_of(database_)),
      rules_(core.rules_of(database_)) {}

void Follower::start() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(started_, true) || stopping_) return;
    status_ = Status::catching_up;
    alarm_ = base::Waiter::create(core_.context.get_executor());
  }
  boost::asio::co_spawn(
      core_.context, [self = shared_from_this()]() -> boost::asio::awaitable<void> { co_await self->run(); },
      boost::asio::detached);
}

void Follower::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    if (alarm_) alarm_->wake();
  }
  wake_all();
}

bool Follower::gone() const {
  std::lock_guard lock(mutex_);
  return status_ == Status::gone;
}

void Follower::set_status(Status status) {
  {
    std::lock_guard lock(mutex_);
    status_ = status;
  }
  wake_all();
}

void Follower::wake_all() {
  std::vector<std::shared_ptr<base::Waiter>> waiters;
  {
    std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  for (const auto& waiter : waiters) waiter->wake();
}

// `holds` is called with the mutex held.
boost::asio::awaitable<void> Follower::wait_for(std::function<bool()> holds, Deadline deadline) {
  for (;;) {
    std::shared_ptr<base::Waiter> waiter;
    {
      std::lock_guard lock(mutex_);
      if (holds() || stopping_ || steady_clock::now() >= deadline) co_return;
    }
    waiter = base::Waiter::create(co_await boost::asio::this_coro::executor);
    {
      std::lock_guard lock(mutex_);
      if (holds()) co_return;
      waiters_.push_back(waiter);
    }
    const bool woken = co_await waiter->wait_until(deadline);
    if (woken) continue;
    std::lock_guard lock(mutex_);
    std::erase(waiters_, waiter);
    co_return;
  }
}

Task<bool> Follower::caught_up(Deadline deadline) {
  {
    std::lock_guard lock(mutex_);
    if (status_ == Status::live) co_return true;
  }
  start();
  co_await wait_for([this] { return status_ == Status::live || status_ == Status::gone; }, deadline);
  std::lock_guard lock(mutex_);
  if (status_ == Status::gone) co_return fail(Errc::not_found, "Database does not exist.");
  co_return status_ == Status::live;
}

Task<void> Follower::written(std::string partition, std::vector<Edited> edits) {
  const bool observed = !rules_.observers.empty();
  if (observed) start();
  const ScopeName scope{partition, partition};
  {
    // A fold is either seen here, or sees what is expected.
    std::lock_guard lock(mutex_);
    if (!started_ || status_ == Status::gone) co_return Result<void>();
    const Deadline until = steady_clock::now() + kSettle;
    for (Edited& edit : edits) {
      const auto place = core_.index->place(database_, scope, edit.id);
      if (place && *place && holds((*place)->leaves, edit.revision)) continue;
      expected_[partition].insert_or_assign(std::move(edit.id), Expected{std::move(edit.revision), until});
    }
  }
  if (observed) co_return co_await settle(std::move(partition));
  co_return Result<void>();
}

// With the mutex held.
bool Follower::expects(const std::string& partition) {
  auto at = expected_.find(partition);
  if (at == expected_.end()) return false;
  const auto now = steady_clock::now();
  std::erase_if(at->second, [now](const auto& entry) { return entry.second.until <= now; });
  if (!at->second.empty()) return true;
  expected_.erase(at);
  return false;
}

Task<void> Follower::settle(std::string partition) {
  {
    std::lock_guard lock(mutex_);
    if (expected_.empty()) co_return Result<void>();
  }
  co_await wait_for([this, &partition] { return !expects(partition); }, steady_clock::now() + kSettle);
  co_return Result<void>();
}

Task<void> Follower::come_level() {
  const Deadline deadline = steady_clock::now() + kSettle;
  while (steady_clock::now() < deadline) {
    MYCOUCH_CO_TRY(const auto state, core_.index->state(database_));
    if (!state) co_return fail(Errc::not_found, "Database does not exist.");
    QueryText query;
    query.add("since", state->since).add("limit", "1");
    MYCOUCH_CO_TRY(const http::Response answer,
                   co_await core_.upstream.send({.target = database_path(core_.upstream_name(database_)) +
                                                           "/_changes" + query.text()}));
    MYCOUCH_CO_CHECK(check_answer(answer));
    MYCOUCH_CO_TRY(const ReadChanges read, read_page(answer.body, {.layout = layout_}));
    if (read.rows.empty()) break;
    // Nobody wakes for a fold of nothing, which moves `since` all the same.
    constexpr std::chrono::milliseconds kLook{20};
    co_await wait_for([this, &state] { return is_behind(state->since); },
                      std::min(deadline, steady_clock::now() + kLook));
  }
  co_return Result<void>();
}

// Whether the index has gone on from this sequence.
bool Follower::is_behind(const std::string& since) const {
  const auto state = core_.index->state(database_);
  return state && *state && (*state)->since != since;
}

void Follower::forget_expected(const std::vector<FoldedDocument>& rows) {
  std::lock_guard lock(mutex_);
  if (expected_.empty()) return;
  for (const FoldedDocument& row : rows) {
    auto of_partition = expected_.find(row.partition);
    if (of_partition == expected_.end()) continue;
    auto at = of_partition->second.find(row.id);
    if (at != of_partition->second.end() && holds(row.leaves, at->second.revision)) {
      of_partition->second.erase(at);
    }
    if (of_partition->second.empty()) expected_.erase(of_partition);
  }
}

void Follower::tell(const Folded& folded) {
  if (folded.ids.empty()) return;
  // Observers drop what they remember before anybody wakes who would ask them.
  if (!rules_.observers.empty()) {
    Store::Written written{.ids = folded.ids, .scopes = {}};
    for (const ScopeName& scope : folded.scopes) written.scopes.push_back(scope.scope);
    for (const Store::Observer& observer : rules_.observers) observer(written);
  }
  for (const ScopeName& scope : folded.scopes) core_.notifier->notify(notifier_key(database_, scope));
}

Result<void> Follower::fold(const std::vector<FoldedDocument>& rows, std::string since, bool complete) {
  MYCOUCH_TRY(const Folded folded, core_.index->fold(database_, rows, std::move(since), complete));
  tell(folded);
  forget_expected(rows);
  wake_all();
  return {};
}

Result<void> Follower::purged(const std::string& partition, const std::vector<std::string>& ids) {
  auto folded = core_.index->purge(database_, partition, ids);
  if (!folded && folded.error().code == Errc::not_found) return {};
  if (!folded) return std::unexpected(std::move(folded).error());
  tell(*folded);
  return {};
}

std::string Follower::changes_target(std::string_view feed, std::string_view since) const {
  QueryText query;
  query.add("style", "all_docs").add("since", since).flag("include_docs", has_rule());
  if (feed == "continuous") {
    query.add("feed", feed).add("heartbeat", std::to_string(kHeartbeat.count()));
  } else {
    query.add("limit", std::to_string(kPageRows));
  }
  return database_path(core_.upstream_name(database_)) + "/_changes" + query.text();
}

boost::asio::awaitable<void> Follower::run() {
  for (;;) {
    const Result<void> followed = co_await follow();
    {
      std::lock_guard lock(mutex_);
      if (stopping_) co_return;
    }
    if (!followed && followed.error().code == Errc::not_found) break;
    if (!followed && !std::exchange(troubled_, true)) {
      log::warning("changes cannot be followed",
                   {{"database", database_}, {"reason", followed.error().reason}});
    }
    pause_ = followed ? kShortestPause : std::min(2 * pause_, kLongestPause);
    co_await rest(pause_);
  }
  core_.forget(database_);
  end();
}

void Follower::end() {
  {
    std::lock_guard lock(mutex_);
    if (status_ == Status::gone) return;
    stopping_ = true;
    if (alarm_) alarm_->wake();
  }
  if (auto removed = core_.index->remove(database_); !removed) {
    log::error("a deleted database stays in the index",
               {{"database", database_}, {"reason", removed.error().reason}});
  }
  set_status(Status::gone);
  core_.notifier->notify_all(notifier_prefix(database_));
}

Task<void> Follower::rest(std::chrono::milliseconds pause) {
  const auto jitter =
      std::chrono::milliseconds(base::random_below(static_cast<std::uint64_t>(pause.count())));
  co_await alarm_->wait_until(steady_clock::now() + pause / 2 + jitter);
  co_return Result<void>();
}

// Until the feed ends.
Task<void> Follower::follow() {
  MYCOUCH_CO_CHECK(co_await begin());
  MYCOUCH_CO_TRY(const auto state, core_.index->state(database_));
  if (!state) co_return fail(Errc::unavailable, "the index has lost the database");
  MYCOUCH_CO_TRY(std::string since, co_await catch_up(state->since));
  set_status(Status::live);
  pause_ = kShortestPause;
  if (std::exchange(troubled_, false)) log::info("changes are followed again", {{"database", database_}});
  co_return co_await follow_feed(std::move(since));
}

// Whether the index is of this life of the database; anew where it is not.
Task<void> Follower::begin() {
  http::UpstreamRequest request{.target = database_path(core_.upstream_name(database_))};
  MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
  MYCOUCH_CO_CHECK(check_answer(answer));
  const auto outline = json::outline(answer.body, 1);
  if (!outline) co_return not_couchdb("a database that is described without JSON");
  const std::string incarnation = incarnation_of(*outline);
  MYCOUCH_CO_TRY(const auto state, core_.index->state(database_));
  if (state && state->incarnation == incarnation) co_return Result<void>();
  set_status(Status::catching_up);
  MYCOUCH_CO_CHECK(core_.index->begin(database_, incarnation));
  core_.notifier->notify_all(notifier_prefix(database_));
  co_return Result<void>();
}

Task<std::string> Follower::catch_up(std::string since) {
  const FoldRules rules{.layout = layout_, .scopes = has_rule() ? &rules_.scopes : nullptr};
  auto told = steady_clock::now();
  std::uint64_t done = 0;
  for (;;) {
    http::UpstreamRequest request{.target = changes_target("normal", since),
                                  .max_response = std::size_t{512} << 20};
    MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
    MYCOUCH_CO_CHECK(check_answer(answer));
    MYCOUCH_CO_TRY(ReadChanges read, read_page(answer.body, rules));
    if (read.nobodys > 0) {
      log::warning("documents that belong to nobody are passed over",
                   {{"database", database_}, {"documents", std::uint64_t{read.nobodys}}});
    }
    since = read.last_seq;
    done += read.rows.size();
    const bool complete = read.pending == 0;
    MYCOUCH_CO_CHECK(fold(read.rows, since, complete));
    if (complete) break;
    {
      std::lock_guard lock(mutex_);
      if (stopping_) co_return fail(Errc::cancelled, "stopping");
    }
    if (steady_clock::now() < told + kProgressEvery) continue;
    told = steady_clock::now();
    log::info("catching up", {{"database", database_}, {"folded", done}, {"pending", read.pending}});
  }
  co_return since;
}

Task<void> Follower::follow_feed(std::string since) {
  const FoldRules rules{.layout = layout_, .scopes = has_rule() ? &rules_.scopes : nullptr};
  http::UpstreamRequest request{.target = changes_target("continuous", since), .timeout = kSilence};
  MYCOUCH_CO_TRY(const auto feed, co_await core_.feeds.open(std::move(request)));
  if (feed->head().status == 404) co_return fail(Errc::not_found, "Database does not exist.");
  if (feed->head().status != 200) co_return not_couchdb("its feed does not begin");
  std::string text;
  for (;;) {
    constexpr std::size_t kPiece = std::size_t{256} << 10;
    MYCOUCH_CO_TRY(const std::string piece, co_await feed->read(kPiece, kSilence));
    {
      std::lock_guard lock(mutex_);
      if (stopping_) co_return Result<void>();
    }
    if (piece.empty()) co_return Result<void>();
    text += piece;
    MYCOUCH_CO_TRY(ReadChanges read, read_lines(text, rules));
    if (!read.last_seq.empty()) since = read.last_seq;
    if (!read.rows.empty()) MYCOUCH_CO_CHECK(fold(read.rows, since, true));
    if (read.ended) co_return Result<void>();
  }
}

}  // namespace mycouch::store::couch
