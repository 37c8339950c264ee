#include "tenancy/outbox.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/random.h"
#include "base/waiter.h"
#include "tenancy/background.h"
#include "tenancy/documents.h"
#include "tenancy/outbox_schedule.h"
#include "tenancy/outbox_work.h"
#include "tenancy/outcome.h"
#include "tenancy/system_database.h"

namespace mycouch::tenancy {
namespace {

using base::WallTime;
using boost::asio::awaitable;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPage = 500;
// The longest rest: the wall clock, by which work is due, may be set.
constexpr std::chrono::minutes kLongestRest{1};

}  // namespace

// Its coroutines share it. All but `background` belongs to the executor's one thread.
struct Outbox::State : std::enable_shared_from_this<State> {
  State(store::Store& the_store, std::string system_database, const auth::Issuers& the_issuers,
        InvitationDelivery& the_delivery, const base::Clock& the_clock, OutboxOptions the_options)
      : clock(the_clock),
        options(the_options),
        system(the_store, std::move(system_database)),
        work(system, the_issuers, the_delivery, the_clock, the_options.timeout),
        schedule(the_options.at_once) {}

  awaitable<void> run(std::shared_ptr<State> self, std::shared_ptr<base::Waiter> alarm);
  Task<void> follow(std::shared_ptr<base::Waiter> alarm);
  /// Puts what has changed behind `since` into the schedule.
  Task<void> load(store::Database& database, std::uint64_t& since);
  Task<void> read_notices(store::Database& database, std::vector<store::RevisionRequest> requests);
  void start_due_work();
  base::SteadyTime next_look() const;

  awaitable<void> send(std::shared_ptr<State> self, std::string id);
  awaitable<std::optional<WallTime>> attempt(std::string id);
  awaitable<std::optional<WallTime>> conclude(json::Object notice);
  awaitable<std::optional<WallTime>> postpone(json::Object notice, Outcome outcome);
  /// The document as the edit of its revision. A conflict is as good as written: there is a later document.
  Task<void> write(json::Object notice, bool deleted);
  milliseconds pause_after(std::int64_t failures, const Outcome& outcome) const;
  milliseconds pause_of_others(milliseconds pause, const Outcome& outcome) const;

  bool is_stopped() const { return background.is_stopped(); }

  const base::Clock& clock;
  const OutboxOptions options;
  SystemDatabase system;
  OutboxWork work;
  boost::asio::any_io_executor executor;
  OutboxSchedule schedule;
  Background background;
};

Outbox::Outbox(store::Store& store, std::string system_database, const auth::Issuers& issuers,
               InvitationDelivery& delivery, const base::Clock& clock, OutboxOptions options)
    : state_(std::make_shared<State>(store, std::move(system_database), issuers, delivery, clock, options)) {}

Outbox::~Outbox() = default;

void Outbox::start(boost::asio::any_io_executor executor) {
  state_->executor = executor;
  boost::asio::co_spawn(executor, state_->run(state_, state_->background.begin(executor)),
                        boost::asio::detached);
}

void Outbox::stop() {
  state_->background.stop();
}

// Its first parameter keeps the state while the coroutine lives.
awaitable<void> Outbox::State::run(std::shared_ptr<State>, std::shared_ptr<base::Waiter> alarm) {
  co_await keep_following(background, alarm, "the outbox cannot be read",
                          [this, alarm] { return follow(alarm); });
}

// Returns when it is stopped, or the database cannot be read.
Task<void> Outbox::State::follow(std::shared_ptr<base::Waiter> alarm) {
  MYCOUCH_CO_TRY(std::unique_ptr<store::Database> database, co_await system.open(std::string(kOutboxScope)));
  const store::Subscription subscription = database->subscribe(alarm);
  std::uint64_t since = 0;
  while (!is_stopped()) {
    MYCOUCH_CO_CHECK(co_await load(*database, since));
    start_due_work();
    co_await alarm->wait_until(next_look());
  }
  co_return Result<void>();
}

Task<void> Outbox::State::load(store::Database& database, std::uint64_t& since) {
  store::ChangesQuery query{.since = since, .limit = kPage};
  for (bool at_end = false; !at_end && !is_stopped();) {
    MYCOUCH_CO_TRY(store::ChangesPage page, co_await database.changes(query));
    std::vector<store::RevisionRequest> requests;
    for (const store::ChangeRow& row : page.rows) {
      if (row.deleted) {
        schedule.remove(row.id);
      } else {
        requests.push_back({row.id, std::nullopt});
      }
    }
    MYCOUCH_CO_CHECK(co_await read_notices(database, std::move(requests)));
    at_end = page.at_end;
    query.since = since = page.last_seq;
    // What is read from memory does not wait: let the thread's requests in between.
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }
  co_return Result<void>();
}

Task<void> Outbox::State::read_notices(store::Database& database,
                                       std::vector<store::RevisionRequest> requests) {
  while (!requests.empty()) {
    MYCOUCH_CO_TRY(auto found, co_await database.read_many(requests, {}));
    const WallTime latest = clock.now() + options.longest_pause;  // what is later was noted by another clock
    for (const std::vector<store::OpenRevision>& revisions : found) {
      const std::optional<doc::Document>& document = revisions.front().document;
      if (!document || document->deleted) continue;
      const json::Object notice = object_of(*document);
      schedule.put(document->id, destination_of(notice), std::min(due_time_of(notice), latest));
    }
    // Fewer may come than were asked for.
    requests.erase(requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(found.size()));
  }
  co_return Result<void>();
}

void Outbox::State::start_due_work() {
  for (std::string& id : schedule.take(clock.now())) {
    boost::asio::co_spawn(executor, send(shared_from_this(), std::move(id)), boost::asio::detached);
  }
}

base::SteadyTime Outbox::State::next_look() const {
  const std::optional<WallTime> next = schedule.next();
  milliseconds rest = kLongestRest;
  if (next) rest = std::clamp(*next - clock.now(), milliseconds(0), rest);
  return steady_clock::now() + rest;
}

awaitable<void> Outbox::State::send(std::shared_ptr<State>, std::string id) {
  std::optional<WallTime> again = clock.now() + options.longest_retry;
  // Whatever goes wrong with one, the others go on.
  try {
    again = co_await attempt(id);
  } catch (const std::exception& bug) {
    log::error("work of the outbox failed", {{"outbox", id}, {"reason", bug.what()}});
  }
  schedule.finish(id, again);
  background.wake();
}

// When it is due again; nothing where it is not.
awaitable<std::optional<WallTime>> Outbox::State::attempt(std::string id) {
  Result<std::optional<json::Object>> notice = co_await system.read(id);
  if (!notice) co_return clock.now() + options.longest_retry;
  if (!*notice) co_return std::nullopt;
  Outcome outcome = co_await work.perform(**notice);
  switch (outcome.next) {
    case Outcome::Next::nothing:
      log::debug("work of the outbox is done", {{"outbox", id}});
      co_return co_await conclude(std::move(**notice));
    case Outcome::Next::give_up:
      log::warning("work of the outbox is given up", {{"outbox", id}, {"reason", outcome.reason}});
      co_return co_await conclude(std::move(**notice));
    default:
      co_return co_await postpone(std::move(**notice), std::move(outcome));
  }
}

awaitable<std::optional<WallTime>> Outbox::State::conclude(json::Object notice) {
  Result<void> written = co_await write(std::move(notice), true);
  if (written) co_return std::nullopt;
  log::warning("the outbox cannot be written", {{"reason", written.error().reason}});
  co_return clock.now() + options.refused_retry;
}

awaitable<std::optional<WallTime>> Outbox::State::postpone(json::Object notice, Outcome outcome) {
  const std::int64_t failures = attempts_of(notice) + 1;
  const milliseconds pause = pause_after(failures, outcome);
  const WallTime again = clock.now() + pause;
  const bool refused = outcome.next == Outcome::Next::retry_slowly;
  schedule.pause(destination_of(notice), clock.now() + pause_of_others(pause, outcome));
  log::write(refused ? log::Level::error : log::Level::warning, "work of the outbox failed",
             {{"outbox", id_of(notice)},
              {"application", notice.string("applicationId").value_or("")},
              {"reason", outcome.reason},
              {"attempts", failures},
              {"again_in_ms", std::int64_t{pause.count()}}});
  note_failure(notice, again);
  Result<void> written = co_await write(std::move(notice), false);
  if (!written) log::warning("the outbox cannot be written", {{"reason", written.error().reason}});
  co_return again;
}

Task<void> Outbox::State::write(json::Object notice, bool deleted) {
  MYCOUCH_CO_TRY(doc::Edit edit, edit_of(notice));
  if (deleted) {
    edit.deleted = true;
    edit.body = "{}";
  }
  MYCOUCH_CO_TRY(std::unique_ptr<store::Database> database, co_await system.open(""));
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  MYCOUCH_CO_TRY(std::vector<store::WriteOutcome> outcomes, co_await database->write(std::move(edits), {}));
  std::optional<Error>& error = outcomes.front().error;
  if (error && error->code != Errc::conflict) co_return std::unexpected(*std::move(error));
  co_return Result<void>();
}

milliseconds Outbox::State::pause_of_others(milliseconds pause, const Outcome& outcome) const {
  if (outcome.next == Outcome::Next::retry_slowly) return pause;
  switch (outcome.others) {
    case Outcome::Others::go_on:
      return milliseconds(0);
    case Outcome::Others::wait_a_little:
      return std::min(pause, options.breather);
    case Outcome::Others::wait_as_long:
      return pause;
  }
  std::unreachable();
}

milliseconds Outbox::State::pause_after(std::int64_t failures, const Outcome& outcome) const {
  if (outcome.retry_after) return std::min(*outcome.retry_after, options.longest_pause);
  if (outcome.next == Outcome::Next::retry_slowly) return options.refused_retry;
  milliseconds pause = options.first_retry;
  for (; failures > 1 && pause < options.longest_retry; --failures) pause *= 2;
  pause = std::min(pause, options.longest_retry);
  // Up to a quarter earlier, so that what failed together does not come back together.
  return pause - milliseconds(base::random_below(static_cast<std::uint64_t>(pause.count() / 4) + 1));
}

}  // namespace mycouch::tenancy
