#include "sync/feed.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "sync/selection.h"

namespace mycouch::sync {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPageRows = 1000;
// CouchDB's. A feed without a limit counts down from it, so that with `seq_interval` the same rows carry a
// sequence.
constexpr std::uint64_t kNoLimit = 1'000'000'000'000'000;
// A heartbeat of a millisecond would be a client's mistake, and dear to the server.
constexpr std::chrono::milliseconds kQuickestHeartbeat{100};

}  // namespace

bool ChangesFilter::passes(const store::ChangeRow& row) const {
  switch (kind) {
    case Kind::none:
    case Kind::selector:
      return true;
    case Kind::doc_ids:
      return doc_ids.contains(row.id);
    case Kind::design:
      return row.id.starts_with("_design/");
  }
  return true;
}

Feed::Feed(store::Database& database, FeedHost& host, Output& output, FeedOptions options)
    : database_(database),
      host_(host),
      output_(output),
      options_(std::move(options)),
      format_(options_.kind),
      remaining_(options_.limit.value_or(kNoLimit)),
      last_output_(SteadyClock::now()) {
  if (options_.heartbeat) options_.heartbeat = std::max(*options_.heartbeat, kQuickestHeartbeat);
}

Task<void> Feed::run() {
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await database_.info());
  epoch_ = info.epoch;
  at_ = resolve(options_.since, info.epoch, info.update_seq);
  format_.begin(output_.text());
  if (options_.descending) co_return co_await run_descending();

  while (!done()) {
    store::ChangesQuery query{.since = at_, .limit = kPageRows};
    if (options_.filter.kind == ChangesFilter::Kind::none)
      query.limit = std::min<std::size_t>(kPageRows, remaining_);
    auto page = co_await database_.changes(query);
    if (!page && waiter_ && page.error().code == Errc::not_found)
      co_return end(0);  // deleted while we waited
    if (!page) co_return std::unexpected(std::move(page).error());
    MYCOUCH_CO_TRY(Next next, co_await send_page(std::move(page->rows)));
    if (next == Next::end) break;
    if (remaining_ > 0) at_ = std::max(at_, page->last_seq);
    if (done()) break;
    if (page->at_end && options_.kind == FeedKind::normal) co_return end(0);
    MYCOUCH_CO_TRY(next, co_await (page->at_end ? wait() : check()));
    if (next == Next::end) break;
  }
  MYCOUCH_CO_TRY(std::uint64_t pending, co_await database_.pending(at_));
  co_return end(pending);
}

// Rows from the newest down. There is no end of it to wait at.
Task<void> Feed::run_descending() {
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await database_.info());
  at_ = info.update_seq;
  store::ChangesQuery query{.limit = kPageRows, .descending = true};
  for (bool at_end = false; !at_end && remaining_ > 0;) {
    MYCOUCH_CO_TRY(store::ChangesPage page, co_await database_.changes(query));
    at_end = page.at_end || page.rows.empty();
    if (!page.rows.empty()) query.before = page.rows.back().seq;
    MYCOUCH_CO_TRY(Next next, co_await send_page(std::move(page.rows)));
    if (next == Next::end) break;
    MYCOUCH_CO_TRY(next, co_await check());
    if (next == Next::end) break;
  }
  std::uint64_t documents = info.doc_count + info.doc_del_count;
  co_return end(documents > sent_ ? documents - sent_ : 0);
}

// The first leaf of a row need not be the winner then, whose document it is that goes with the row.
bool Feed::leaves_are_selected() const {
  return options_.filter.kind == ChangesFilter::Kind::selector && options_.style == ChangesStyle::all_docs;
}

bool Feed::done() const {
  return remaining_ == 0 || (options_.kind == FeedKind::longpoll && sent_ > 0);
}

void Feed::keep_passing(std::vector<store::ChangeRow>& rows) const {
  if (options_.filter.kind != ChangesFilter::Kind::none) {
    std::erase_if(rows, [this](const store::ChangeRow& row) { return !options_.filter.passes(row); });
  }
  if (rows.size() > remaining_) rows.resize(remaining_);
}

Task<Feed::Next> Feed::send_page(std::vector<store::ChangeRow> rows) {
  if (options_.filter.kind == ChangesFilter::Kind::selector) {
    co_return co_await send_selected(std::move(rows));
  }
  MYCOUCH_CO_CHECK(co_await send_rows(std::move(rows)));
  co_return Next::read;
}

// In batches, as it may take long until one row of a page matches, and longer until one of the next page
// does.
Task<Feed::Next> Feed::send_selected(std::vector<store::ChangeRow> rows) {
  SelectionOptions selection{.all_leaves = options_.style == ChangesStyle::all_docs,
                             .conflicts = options_.conflicts};
  for (std::size_t begin = 0; begin < rows.size() && remaining_ > 0;) {
    std::size_t end = std::min(begin + kBatch, rows.size());
    std::vector<store::ChangeRow> batch(
        std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(begin)),
        std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(end)));
    std::uint64_t last = batch.back().seq;
    MYCOUCH_CO_TRY(batch,
                   co_await select_rows(database_, *options_.filter.selector, std::move(batch), selection));
    MYCOUCH_CO_CHECK(co_await send_rows(std::move(batch)));
    if (remaining_ == 0) break;
    at_ = last;
    begin = end;
    MYCOUCH_CO_CHECK(co_await beat());
    MYCOUCH_CO_TRY(Next next, co_await check());
    if (next == Next::end) co_return Next::end;
  }
  co_return Next::read;
}

Task<void> Feed::send_rows(std::vector<store::ChangeRow> rows) {
  keep_passing(rows);
  if (rows.empty()) co_return Result<void>{};
  last_output_ = SteadyClock::now();
  if (options_.include_docs) co_return co_await send_with_documents(rows);
  for (const store::ChangeRow& row : rows) {
    append_row(row, nullptr);
    if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
  }
  co_return Result<void>{};
}

Task<void> Feed::send_with_documents(const std::vector<store::ChangeRow>& rows) {
  store::ReadOptions read;
  read.conflicts = options_.conflicts;
  read.encoding_info = options_.encoding_info;
  if (options_.attachments) read.attachments = doc::AttachmentForm::inline_data;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = std::min(begin + kBatch, rows.size());
    std::vector<store::RevisionRequest> requests;
    for (std::size_t i = begin; i < end; ++i) {
      requests.push_back({rows[i].id, {}});
      if (!leaves_are_selected()) requests.back().rev = rows[i].leaves.front();
    }
    MYCOUCH_CO_TRY(auto found, co_await database_.read_many(std::move(requests), read));
    for (const std::vector<store::OpenRevision>& revisions : found) {
      const auto& document = revisions.front().document;
      if (document) output_.expect_contents(database_, *document);
      append_row(rows[begin++], document ? &*document : nullptr);
      if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
    }
  }
  co_return Result<void>{};
}

void Feed::append_row(const store::ChangeRow& row, const doc::Document* document) {
  std::string seq = "null";
  if (options_.seq_interval == 1 || remaining_ % options_.seq_interval == 0) {
    seq.clear();
    append_sequence(seq, row.seq, epoch_);
  }
  std::string json;
  append_change(
      json, seq, row, document,
      {.all_leaves = options_.style == ChangesStyle::all_docs, .with_document = options_.include_docs});
  format_.row(output_.text(), json, seq);
  at_ = row.seq;
  ++sent_;
  --remaining_;
}

// Whether the host lets the feed go on; asked once for each page, as catching up may take long.
Task<Feed::Next> Feed::check() {
  MYCOUCH_CO_TRY(bool goes_on, co_await host_.goes_on());
  if (!goes_on || SteadyClock::now() >= host_.deadline()) co_return Next::end;
  co_return Next::read;
}

// Registers where wake-ups come from at the first call, and looks once more: what happened before the
// registration, to the scope or to the caller's membership, woke nobody.
Task<Feed::Next> Feed::wait() {
  if (!waiter_) {
    waiter_ = base::Waiter::create(co_await boost::asio::this_coro::executor);
    subscription_ = database_.subscribe(waiter_);
    MYCOUCH_CO_CHECK(co_await host_.watch(waiter_));
    // The client sees that it is connected, whatever the kind of feed.
    if (sent_ == 0 && output_.text().empty()) output_.text() += '\n';
    co_return co_await check();
  }
  MYCOUCH_CO_CHECK(co_await output_.flush());
  for (;;) {
    auto until = std::min(host_.deadline(), last_output_ + options_.heartbeat.value_or(options_.timeout));
    bool woken = co_await waiter_->wait_until(until);
    MYCOUCH_CO_TRY(Next next, co_await check());
    if (next == Next::end) co_return Next::end;
    auto now = SteadyClock::now();
    if (now >= last_output_ + options_.heartbeat.value_or(options_.timeout)) {
      if (!options_.heartbeat) co_return Next::end;
      format_.heartbeat(output_.text());
      last_output_ = now;
      MYCOUCH_CO_CHECK(co_await output_.flush());
    }
    if (woken) co_return Next::read;
  }
}

// The heartbeat of a feed that is busy but has nothing to send.
Task<void> Feed::beat() {
  auto now = SteadyClock::now();
  if (!options_.heartbeat || now < last_output_ + *options_.heartbeat) co_return Result<void>{};
  format_.heartbeat(output_.text());
  last_output_ = now;
  co_return co_await output_.flush();
}

Result<void> Feed::end(std::uint64_t pending) {
  std::string last_seq;
  append_sequence(last_seq, at_, epoch_);
  format_.end(output_.text(), last_seq, pending);
  return {};
}

}  // namespace mycouch::sync
