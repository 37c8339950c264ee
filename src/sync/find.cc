#include "sync/find.h"

#include <algorithm>
#include <chrono>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "json/writer.h"
#include "sync/find_bookmark.h"
#include "sync/find_fields.h"
#include "sync/find_plan.h"
#include "sync/selection.h"

namespace mycouch::sync {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kMostTime{60};
constexpr std::size_t kFirstPage = 32;
// Of documents for each that is found, without a word on it.
constexpr std::uint64_t kExaminedForResult = 10;
constexpr std::string_view kNoBookmark = "nil";

// Ids between values. For ids, unlike for other fields, every string sorts behind all that is none.
struct IdRange {
  std::string low{};
  std::optional<std::string> high{};
};

// Nothing: no id lies there.
std::optional<IdRange> id_range(const Plan& plan) {
  IdRange range;
  for (const json::Value& low : plan.low()) {
    if (const std::string* id = low.as_string()) range.low = *id;
  }
  for (const json::Value& high : plan.high()) {
    if (high.as_string() == nullptr) return std::nullopt;
    range.high = *high.as_string();
  }
  return range;
}

class Find {
 public:
  Find(store::Database& database, FindRequest request, std::function<bool()> wanted, Output& output)
      : database_(database),
        request_(std::move(request)),
        wanted_(std::move(wanted)),
        output_(output),
        skip_(request_.skip),
        remaining_(request_.limit) {}

  Task<void> run() {
    MYCOUCH_CO_TRY(std::vector<Way> indexes, co_await database_.indexes());
    MYCOUCH_CO_CHECK(plan(indexes));
    output_.text() += "{\"docs\":[";
    if (!plan_.nothing_matches) MYCOUCH_CO_CHECK(co_await search());
    output_.text() += "\r\n]";
    if (!plan_.nothing_matches) append_tail();
    output_.text() += "}\r\n";
    co_return Result<void>{};
  }

 private:
  Result<void> plan(const std::vector<Way>& indexes) {
    std::optional<Way> prefer;
    std::optional<Bookmark> bookmark;
    auto invalid = [this] {
      return refuse("invalid_bookmark", "Invalid bookmark value: " + json::quoted(*request_.bookmark));
    };
    if (request_.bookmark) {
      bookmark = Bookmark::decode(*request_.bookmark);
      if (bookmark) prefer = way_of(*bookmark, indexes);
    }
    MYCOUCH_TRY(plan_, make_plan(request_, indexes, false, prefer));
    if (!request_.bookmark || plan_.nothing_matches) return {};
    if (!prefer || *prefer != plan_.way) return invalid();
    after_ = std::move(bookmark->position);
    bookmark_ = *request_.bookmark;
    return {};
  }

  static std::optional<Way> way_of(const Bookmark& bookmark, const std::vector<Way>& indexes) {
    if (bookmark.is_of(nullptr)) return Way();
    auto at = std::ranges::find_if(indexes, [&](const Way& way) { return bookmark.is_of(way.get()); });
    return at == indexes.end() ? std::nullopt : std::optional(*at);
  }

  // By the index; where that is not built in time and the order is of no account, by ids.
  Task<void> search() {
    if (!plan_.way) co_return co_await search_by_ids();
    MYCOUCH_CO_TRY(const bool built, co_await search_index());
    if (built) co_return Result<void>{};
    if (!request_.sort.empty() || request_.bookmark) {
      co_return fail(Errc::unavailable, "the index is still being built; try again");
    }
    plan_.way = nullptr;
    plan_.ranges.clear();
    co_return co_await search_by_ids();
  }

  // False where the index is not built.
  Task<bool> search_index() {
    store::IndexQuery query;
    query.index = plan_.way;
    query.low = plan_.low();
    query.high = plan_.high();
    query.after = after_;
    query.descending = request_.descending;
    query.read.conflicts = request_.conflicts;
    for (bool at_end = false; !at_end && remaining_ > 0;) {
      query.limit = next_page();
      auto found = co_await database_.query_index(query);
      if (!found && found.error().code == Errc::not_found) {
        co_return fail(Errc::unavailable, "the index has changed meanwhile; try again");
      }
      MYCOUCH_CO_TRY(store::IndexPage page, std::move(found));
      if (!page.built) co_return false;
      at_end = page.at_end || page.rows.empty();
      for (store::IndexRow& row : page.rows) {
        MYCOUCH_CO_CHECK(co_await take(row.document, row.position));
        query.after = std::move(row.position);
        if (remaining_ == 0) break;
        if (is_turn_over()) MYCOUCH_CO_CHECK(co_await pause());
      }
      MYCOUCH_CO_CHECK(co_await pause());
    }
    co_return true;
  }

  Task<void> search_by_ids() {
    std::optional<IdRange> range = id_range(plan_);
    if (!range) co_return Result<void>{};
    store::AllDocsQuery query;
    query.descending = request_.descending;
    query.include_docs = true;
    query.read.conflicts = request_.conflicts;
    query.start = range->low;
    query.end = range->high;
    if (request_.descending) {
      query.start = range->high.value_or("");
      query.end = range->low;
    }
    // A page begins with the last row of the one before, which is left out.
    std::string last = after_;
    if (!last.empty()) query.start = last;
    for (bool at_end = false; !at_end && remaining_ > 0;) {
      query.limit = next_page() + 1;
      MYCOUCH_CO_TRY(store::AllDocsPage page, co_await database_.all_docs(query));
      at_end = page.at_end || page.rows.empty();
      for (store::AllDocsRow& row : page.rows) {
        if (row.id == last || !row.document) continue;
        MYCOUCH_CO_CHECK(co_await take(*row.document, row.id));
        if (remaining_ == 0) break;
        if (is_turn_over()) MYCOUCH_CO_CHECK(co_await pause());
      }
      if (!page.rows.empty()) query.start = last = page.rows.back().id;
      MYCOUCH_CO_CHECK(co_await pause());
    }
    co_return Result<void>{};
  }

  // As many as may be needed at first, then more.
  std::size_t next_page() {
    const std::size_t rows = page_rows_;
    page_rows_ = kBatch;
    return std::clamp<std::uint64_t>(remaining_, rows, kBatch);
  }

  Task<void> take(const doc::Document& document, const std::string& position) {
    ++examined_;
    if (!plan_.way && document.id.starts_with(doc::kDesignPrefix)) co_return Result<void>{};
    std::string text;
    doc::append_json(text, document);
    const json::Value value = json::value_of(text);
    if (!request_.selector.matches(value)) co_return Result<void>{};
    last_position_ = position;
    if (skip_ > 0) {
      --skip_;
      co_return Result<void>{};
    }
    std::string& out = output_.text();
    out += found_++ == 0 ? "\r\n" : ",\r\n";
    --remaining_;
    if (request_.fields.empty()) {
      out += text;
    } else {
      MYCOUCH_CO_TRY(json::Object part, project(value, request_.fields));
      json::append_value(out, part);
    }
    if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
    co_return Result<void>{};
  }

  bool is_turn_over() const { return SteadyClock::now() - turn_began_ >= kMatchingTurn; }

  // Lets others have their turn.
  Task<void> pause() {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    turn_began_ = SteadyClock::now();
    if (!wanted_()) co_return fail(Errc::cancelled, "the client has gone");
    if (remaining_ > 0 && SteadyClock::now() - started_ > kMostTime) {
      co_return fail(Errc::request_timeout, "the query looks at too many documents; create an index for it");
    }
    co_return Result<void>{};
  }

  void append_member(std::string_view name, std::string_view json) {
    output_.text().append(",\r\n\"").append(name).append("\": ").append(json);
  }

  void append_tail() {
    if (last_position_) {
      bookmark_ = Bookmark::behind(plan_.way.get(), *last_position_).encode();
    }
    append_member("bookmark", json::quoted(bookmark_));
    if (request_.execution_stats) {
      const std::chrono::duration<double, std::milli> time = SteadyClock::now() - started_;
      append_member("execution_stats", fmt::format(R"({{"total_keys_examined":{},"total_docs_examined":{},)"
                                                   R"("total_quorum_docs_examined":0,"results_returned":{},)"
                                                   R"("execution_time_ms":{:.3f}}})",
                                                   examined_, examined_, found_, time.count()));
    }
    if (std::string text = warnings(); !text.empty()) append_member("warning", json::quoted(text));
  }

  std::string warnings() const {
    std::vector<std::string> all;
    if (!request_.use_index.empty() && !is_named(plan_.way, request_.use_index)) {
      std::string name = "_design/" + std::string(without_design_prefix(request_.use_index[0]));
      all.push_back(request_.use_index.size() == 1
                        ? name + " was not used because it does not contain a valid index for this query."
                        : name + ", " + request_.use_index[1] +
                              " was not used because it is not a valid index for this query.");
    }
    if (!plan_.way) all.emplace_back("No matching index found, create an index to optimize query time.");
    if (examined_ > kExaminedForResult * std::max<std::uint64_t>(found_, 1)) {
      all.emplace_back(
          "The number of documents examined is high in proportion to the number of results returned. "
          "Consider "
          "adding a more specific index to improve this.");
    }
    return fmt::format("{}", fmt::join(all, "\n"));
  }

  store::Database& database_;
  FindRequest request_;
  std::function<bool()> wanted_;
  Output& output_;
  Plan plan_;
  std::string after_;
  std::string bookmark_{kNoBookmark};
  std::optional<std::string> last_position_;
  std::uint64_t skip_;
  std::uint64_t remaining_;
  std::size_t page_rows_ = kFirstPage;
  std::uint64_t examined_ = 0;
  std::uint64_t found_ = 0;
  const SteadyClock::time_point started_ = SteadyClock::now();
  SteadyClock::time_point turn_began_ = started_;
};

}  // namespace

Task<void> find(store::Database& database, FindRequest request, std::function<bool()> wanted,
                Output& output) {
  Find answer(database, std::move(request), std::move(wanted), output);
  co_return co_await answer.run();
}

}  // namespace mycouch::sync
