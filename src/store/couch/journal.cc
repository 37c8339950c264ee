#include "store/couch/journal.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "base/random.h"
#include "base/waiter.h"
#include "json/writer.h"
#include "store/couch/couch_logs.h"
#include "store/couch/follower.h"
#include "store/couch/transaction.h"
#include "store/couch/wire.h"

namespace mycouch::store::couch {
namespace {

using std::chrono::steady_clock;

// A journal that stands unchanged for so long was left by its holder.
constexpr std::chrono::seconds kLeft{5};
constexpr std::chrono::milliseconds kPoll{20};
// How long a turn is waited for.
constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kMostTogether = 200;
constexpr std::string_view kJournal = "journal";

struct Waiting {
  // One of the two.
  std::vector<DatabaseEdits> parts{};
  std::optional<LogRecord> record{};
  std::function<Task<void>()> work{};

  std::shared_ptr<base::Waiter> waiter{};  // the caller's
  std::mutex mutex{};
  std::optional<Result<std::vector<doc::Revision>>> outcome{};

  // While it is carried out.
  Transaction planned{};
  std::vector<doc::Revision> made{};

  void end(Result<std::vector<doc::Revision>> result) {
    {
      std::lock_guard lock(mutex);
      if (outcome) return;
      outcome = std::move(result);
    }
    waiter->wake();
  }
  bool ended() {
    std::lock_guard lock(mutex);
    return outcome.has_value();
  }
};

using Batch = std::vector<std::shared_ptr<Waiting>>;

void end_all(const Batch& batch, const Error& error) {
  for (const auto& waiting : batch) waiting->end(std::unexpected(error));
}

// [{"id": …}, …] or {"id": ["rev"], …}: of the documents of one database.
template <class Append>
std::string list_of(const std::set<std::string>& ids, Append append) {
  std::string out;
  for (const std::string& id : ids) {
    if (!out.empty()) out += ',';
    append(out, id);
  }
  return out;
}

http::UpstreamRequest post(std::string target, std::string body) {
  http::UpstreamRequest request{.method = http::Method::post, .target = std::move(target)};
  request.headers.add("Content-Type", "application/json");
  request.body = std::move(body);
  request.repeatable = true;
  return request;
}

}  // namespace

struct Journal::State : std::enable_shared_from_this<Journal::State> {
  explicit State(CouchCore& the_core)
      : core(the_core), alarm(base::Waiter::create(the_core.context.get_executor())) {}

  boost::asio::awaitable<void> run();
  Task<std::vector<doc::Revision>> push(std::shared_ptr<Waiting> waiting);
  Batch take();
  bool is_stopping() {
    std::lock_guard lock(mutex);
    return stopping;
  }

  boost::asio::awaitable<void> carry_out(Batch batch);
  Task<bool> attempt(const Batch& batch);
  Task<void> plan_all(const Batch& batch);
  Task<Leaves> leaves_of(const Batch& batch);
  Task<void> read_leaves(const std::string& database, const std::set<std::string>& ids, Leaves& leaves);
  Result<void> plan_one(Waiting& waiting, Leaves& leaves);
  Task<bool> put(JournalEntry entry);
  Task<JournalEntry> read();
  Task<void> apply(const std::vector<Transaction>& transactions);
  Task<void> come_by(const std::vector<DatabaseEdits>& parts, const std::vector<doc::Revision>& made);
  Task<void> release();
  Task<void> await_release(JournalEntry entry);
  Task<void> finish_left(JournalEntry entry);
  Task<bool> is_to_be_written(const Transaction& transaction);
  boost::asio::awaitable<void> look_after();
  boost::asio::awaitable<void> pause(std::chrono::milliseconds time) {
    co_await alarm->wait_until(steady_clock::now() + time);
  }
  std::string target() const { return document_path(core.meta_database, kJournal); }

  CouchCore& core;
  std::mutex mutex;
  std::deque<std::shared_ptr<Waiting>> queue;
  bool stopping = false;
  bool started = false;
  std::shared_ptr<base::Waiter> alarm;  // of the coroutine

  // The coroutine's own.
  const std::string name = base::random_uuid();  // this process's, as a holder
  std::optional<std::string> rev;                // of the journal, where it is known and nobody holds it
  bool held = false;
  std::string seen_rev;  // of a journal that another one holds, and since when it has stood so
  steady_clock::time_point seen_since;
};

Journal::Journal(CouchCore& core) : state_(std::make_shared<State>(core)) {}
Journal::~Journal() = default;

void Journal::start() {
  {
    std::lock_guard lock(state_->mutex);
    if (std::exchange(state_->started, true)) return;
  }
  boost::asio::co_spawn(
      state_->core.context, [state = state_]() -> boost::asio::awaitable<void> { co_await state->run(); },
      boost::asio::detached);
}

void Journal::stop() {
  std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->alarm->wake();
}

Task<std::vector<doc::Revision>> Journal::write(std::vector<DatabaseEdits> parts,
                                                std::optional<LogRecord> record) {
  auto waiting = std::make_shared<Waiting>();
  waiting->parts = std::move(parts);
  waiting->record = std::move(record);
  co_return co_await state_->push(std::move(waiting));
}

Task<void> Journal::in_turn(std::function<Task<void>()> work) {
  auto waiting = std::make_shared<Waiting>();
  waiting->work = std::move(work);
  MYCOUCH_CO_CHECK(co_await state_->push(std::move(waiting)));
  co_return Result<void>();
}

Task<std::vector<doc::Revision>> Journal::State::push(std::shared_ptr<Waiting> waiting) {
  waiting->waiter = base::Waiter::create(co_await boost::asio::this_coro::executor);
  {
    std::lock_guard lock(mutex);
    if (stopping) co_return fail(Errc::unavailable, "the server is stopping");
    queue.push_back(waiting);
  }
  alarm->wake();
  while (!waiting->ended()) co_await waiting->waiter->wait_until(steady_clock::now() + kPatience);
  co_return *std::move(waiting->outcome);
}

Batch Journal::State::take() {
  std::lock_guard lock(mutex);
  Batch batch;
  while (!queue.empty() && batch.size() < kMostTogether) {
    batch.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return batch;
}

boost::asio::awaitable<void> Journal::State::run() {
  co_await look_after();
  for (;;) {
    Batch batch = take();
    if (is_stopping()) {
      while (!batch.empty()) {
        end_all(batch, {Errc::unavailable, "the server is stopping"});
        batch = take();
      }
      if (held) co_await release();
      co_return;
    }
    if (!batch.empty()) {
      co_await carry_out(std::move(batch));
      continue;
    }
    if (held) co_await release();
    if (!co_await alarm->wait_until(steady_clock::now() + kLeft)) co_await look_after();
  }
}

boost::asio::awaitable<void> Journal::State::carry_out(Batch batch) {
  const auto deadline = steady_clock::now() + kPatience;
  for (;;) {
    const Result<bool> done = co_await attempt(batch);
    if (!done) {
      // What the journal says is not known: it is read before the next attempt of anybody's.
      rev.reset();
      held = false;
      end_all(batch, done.error());
      co_return;
    }
    if (*done) co_return;
    if (steady_clock::now() >= deadline || is_stopping()) {
      end_all(batch, {Errc::unavailable, "the store is busy; try again"});
      co_return;
    }
  }
}

// False where another gateway was faster.
Task<bool> Journal::State::attempt(const Batch& batch) {
  if (!rev) {
    MYCOUCH_CO_TRY(JournalEntry entry, co_await read());
    if (!entry.holder.empty()) {
      MYCOUCH_CO_CHECK(co_await await_release(std::move(entry)));
      co_return false;
    }
    rev = std::move(entry.rev);
  }
  MYCOUCH_CO_CHECK(co_await plan_all(batch));
  JournalEntry entry{.rev = *rev, .holder = name, .transactions = {}};
  bool works = false;
  for (const auto& waiting : batch) {
    if (waiting->ended()) continue;
    if (waiting->work) {
      works = true;
    } else {
      entry.transactions.push_back(waiting->planned);
    }
  }
  if (entry.transactions.empty() && !works) co_return true;
  const std::vector<Transaction> transactions = entry.transactions;
  MYCOUCH_CO_TRY(const bool taken, co_await put(std::move(entry)));
  if (!taken) {
    rev.reset();
    co_return false;
  }
  held = true;
  MYCOUCH_CO_CHECK(co_await apply(transactions));
  for (const auto& waiting : batch) {
    if (waiting->ended()) continue;
    if (!waiting->work) {
      MYCOUCH_CO_CHECK(co_await come_by(waiting->parts, waiting->made));
      waiting->end(std::move(waiting->made));
      continue;
    }
    const Result<void> worked = co_await waiting->work();
    waiting->end(worked ? Result<std::vector<doc::Revision>>(std::in_place)
                        : std::unexpected(worked.error()));
  }
  co_return true;
}

// What cannot be carried out ends here.
Task<void> Journal::State::plan_all(const Batch& batch) {
  MYCOUCH_CO_TRY(Leaves leaves, co_await leaves_of(batch));
  for (const auto& waiting : batch) {
    if (waiting->ended() || waiting->work) continue;
    waiting->planned = {};
    waiting->made.clear();
    Leaves changed = leaves;  // all of it or nothing
    if (Result<void> planned = plan_one(*waiting, changed); !planned) {
      waiting->end(std::unexpected(std::move(planned).error()));
    } else {
      leaves = std::move(changed);
    }
  }
  co_return Result<void>();
}

Result<void> Journal::State::plan_one(Waiting& waiting, Leaves& leaves) {
  const Leaves before = leaves;
  for (const DatabaseEdits& part : waiting.parts) {
    const Layout layout = core.layout_of(part.database);
    for (const doc::Edit& edit : part.edits) {
      if (!edit.attachments.empty()) return fail(Errc::bad_request, "such an edit takes no attachments");
      MYCOUCH_TRY(PlannedDocument planned,
                  plan(core.upstream_name(part.database),
                       upstream_id(layout, part.confinement.partition, edit.id), edit, before, leaves));
      MYCOUCH_TRY(doc::Revision made, doc::parse_revision(planned.after));
      waiting.made.push_back(std::move(made));
      waiting.planned.documents.push_back(std::move(planned));
    }
  }
  if (!waiting.record) return {};
  for (auto& [id, json] : core.logs->documents_of(*waiting.record)) {
    const doc::Edit edit{.body = std::move(json)};
    MYCOUCH_TRY(PlannedDocument planned, plan(core.meta_database, std::move(id), edit, before, leaves));
    waiting.planned.documents.push_back(std::move(planned));
  }
  return {};
}

Task<Leaves> Journal::State::leaves_of(const Batch& batch) {
  std::map<std::string, std::set<std::string>> asked;  // by database
  for (const auto& waiting : batch) {
    for (const DatabaseEdits& part : waiting->parts) {
      const Layout layout = core.layout_of(part.database);
      std::set<std::string>& ids = asked[core.upstream_name(part.database)];
      for (const doc::Edit& edit : part.edits) {
        ids.insert(upstream_id(layout, part.confinement.partition, edit.id));
      }
    }
  }
  Leaves leaves;
  for (const auto& [database, ids] : asked) {
    const Result<void> read = co_await read_leaves(database, ids, leaves);
    if (read) continue;
    if (read.error().code != Errc::not_found) co_return std::unexpected(read.error());
    for (const auto& waiting : batch) {
      const bool concerned = std::ranges::any_of(waiting->parts, [&](const DatabaseEdits& part) {
        return core.upstream_name(part.database) == database;
      });
      if (concerned) waiting->end(fail(Errc::not_found, "Database does not exist."));
    }
  }
  co_return leaves;
}

// By a quorum of the copies, as no other way of reading many is.
Task<void> Journal::State::read_leaves(const std::string& database, const std::set<std::string>& ids,
                                       Leaves& leaves) {
  std::string body = R"({"docs":[)" +
                     list_of(ids,
                             [](std::string& out, const std::string& id) {
                               out += R"({"id":)";
                               json::append_string(out, id);
                               out += '}';
                             }) +
                     "]}";
  MYCOUCH_CO_TRY(const http::Response answer,
                 co_await core.upstream.send(post(database_path(database) + "/_bulk_get", std::move(body))));
  MYCOUCH_CO_CHECK(check_answer(answer));
  constexpr int kDepth = 7;  // the answer, `results`, one, `docs`, one, `ok`, the document's members
  const auto outline = json::outline(answer.body, kDepth);
  const json::Node* results = outline ? outline->find(outline->root(), "results") : nullptr;
  if (results == nullptr) co_return not_couchdb("_bulk_get has an unknown form");
  for (const json::Node& result : outline->children(*results)) {
    std::vector<Leaf>& own = leaves[{database, string_of(*outline, result, "id")}];
    const json::Node* docs = outline->find(result, "docs");
    if (docs == nullptr) co_return not_couchdb("_bulk_get has an unknown form");
    for (const json::Node& node : outline->children(*docs)) {
      MYCOUCH_CO_TRY(const OpenRevision opened, read_open_revision(*outline, node));
      if (opened.document) own.push_back({opened.revision, opened.document->deleted});
    }
    sort_leaves(own);
  }
  co_return Result<void>();
}

// False where its revision is not the journal's any more.
Task<bool> Journal::State::put(JournalEntry entry) {
  http::UpstreamRequest request{.method = http::Method::put, .target = target()};
  request.headers.add("Content-Type", "application/json");
  request.body = journal_json(entry);
  MYCOUCH_CO_TRY(const http::Response answer, co_await core.upstream.send(std::move(request)));
  if (answer.status == 409) co_return false;
  MYCOUCH_CO_CHECK(check_answer(answer));
  // Stored, but not by a quorum: another one may hold it by another revision.
  if (answer.status == 202) co_return fail(Errc::unavailable, "the store has too few nodes");
  const auto outline = json::outline(answer.body, 1);
  if (!outline) co_return not_couchdb("an answer that is no JSON");
  rev = string_of(*outline, outline->root(), "rev");
  co_return true;
}

Task<JournalEntry> Journal::State::read() {
  MYCOUCH_CO_TRY(const http::Response answer, co_await core.upstream.send({.target = target()}));
  if (answer.status == 404 && error_of(answer).code == Errc::not_found) co_return JournalEntry{};
  MYCOUCH_CO_CHECK(check_answer(answer));
  co_return read_journal(answer.body);
}

Task<void> Journal::State::apply(const std::vector<Transaction>& transactions) {
  std::map<std::string, std::string> bodies;  // by database
  for (const Transaction& transaction : transactions) {
    for (const PlannedDocument& planned : transaction.documents) {
      std::string& body = bodies[planned.database];
      body += body.empty() ? R"({"new_edits":false,"docs":[)" : ",";
      body += planned.json;
    }
  }
  for (auto& [database, body] : bodies) {
    MYCOUCH_CO_TRY(
        const http::Response answer,
        co_await core.upstream.send(post(database_path(database) + "/_bulk_docs", std::move(body) + "]}")));
    MYCOUCH_CO_CHECK(check_answer(answer));
    if (answer.body.contains(R"("error")")) {
      log::error("the store refuses a document of a transaction", {{"database", database}});
      co_return fail(Errc::unavailable, "the store refuses a document");
    }
  }
  co_return Result<void>();
}

// Their writer reads what it has written.
Task<void> Journal::State::come_by(const std::vector<DatabaseEdits>& parts,
                                   const std::vector<doc::Revision>& made) {
  std::size_t at = 0;
  for (const DatabaseEdits& part : parts) {
    std::vector<Follower::Edited> edits;
    edits.reserve(part.edits.size());
    for (const doc::Edit& edit : part.edits) edits.push_back({edit.id, made[at++]});
    MYCOUCH_CO_CHECK(
        co_await core.follower_of(part.database)->written(part.confinement.partition, std::move(edits)));
  }
  co_return Result<void>();
}

Task<void> Journal::State::release() {
  held = false;
  const Result<bool> released = co_await put({.rev = rev.value_or(""), .holder = {}, .transactions = {}});
  if (!released || !*released) rev.reset();
  co_return Result<void>();
}

// Another gateway holds the journal. Returns when it does no more, or may have gone away.
Task<void> Journal::State::await_release(JournalEntry entry) {
  if (entry.rev != seen_rev) {
    seen_rev = entry.rev;
    seen_since = steady_clock::now();
  }
  if (steady_clock::now() - seen_since < kLeft) {
    co_await pause(kPoll + std::chrono::milliseconds(base::random_below(kPoll.count())));
    co_return Result<void>();
  }
  co_return co_await finish_left(std::move(entry));
}

Task<void> Journal::State::finish_left(JournalEntry entry) {
  std::vector<Transaction> left;
  for (Transaction& transaction : entry.transactions) {
    MYCOUCH_CO_TRY(const bool goes_on, co_await is_to_be_written(transaction));
    if (goes_on) left.push_back(std::move(transaction));
  }
  MYCOUCH_CO_CHECK(co_await apply(left));
  log::info("finished what a gateway has left", {{"transactions", std::uint64_t{left.size()}}});
  MYCOUCH_CO_TRY(const bool released, co_await put({.rev = entry.rev, .holder = {}, .transactions = {}}));
  if (!released) rev.reset();
  co_return Result<void>();
}

// It is begun, or can be.
Task<bool> Journal::State::is_to_be_written(const Transaction& transaction) {
  std::map<std::string, std::set<std::string>> asked;
  for (const PlannedDocument& planned : transaction.documents) asked[planned.database].insert(planned.id);
  Leaves leaves;
  for (const auto& [database, ids] : asked) {
    const Result<void> read = co_await read_leaves(database, ids, leaves);
    if (!read && read.error().code == Errc::not_found) co_return false;
    if (!read) co_return std::unexpected(read.error());
  }
  bool all_can_begin = true;
  for (const PlannedDocument& planned : transaction.documents) {
    const std::vector<Leaf>& own = leaves[{planned.database, planned.id}];
    auto is = [](const std::string& text) {
      return [&text](const Leaf& leaf) { return leaf.revision.text() == text; };
    };
    if (std::ranges::any_of(own, is(planned.after))) co_return true;
    const bool can_begin =
        planned.before.empty() ? own.empty() : std::ranges::any_of(own, is(planned.before));
    all_can_begin = all_can_begin && can_begin;
  }
  co_return all_can_begin;
}

boost::asio::awaitable<void> Journal::State::look_after() {
  Result<JournalEntry> entry = co_await read();
  if (!entry || entry->holder.empty() || entry->holder == name) co_return;
  if (entry->rev != seen_rev) {
    seen_rev = entry->rev;
    seen_since = steady_clock::now();
    co_return;
  }
  if (steady_clock::now() - seen_since < kLeft) co_return;
  Result<void> finished = co_await finish_left(*std::move(entry));
  if (!finished) log::warning("what a gateway has left waits", {{"reason", finished.error().reason}});
}

}  // namespace mycouch::store::couch
