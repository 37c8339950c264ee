#include "store/couch/couch_logs.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/random.h"
#include "json/value.h"
#include "json/writer.h"
#include "store/couch/wire.h"

namespace mycouch::store::couch {
namespace {

// Beyond the year 2200, and of one width: ids sort as the times do.
constexpr std::uint32_t kOfTransactions = 1U << 31U;
constexpr std::size_t kPage = 500;
// What a page looks at, so that it costs no more.
constexpr std::size_t kMostLookedAt = 5'000;
constexpr int kAttempts = 1'000;
// CouchDB's default for one request.
constexpr std::size_t kPurgedTogether = 100;

std::string log_prefix(std::string_view log) {
  return "log:" + partition_prefix(log);
}

std::string id_of(std::string_view log, LogPosition position) {
  const auto milliseconds = std::clamp<std::int64_t>(position.time.time_since_epoch().count(), 0, 9'999'999'999'999);
  return fmt::format("{}{:013}-{:010}", log_prefix(log), milliseconds, position.number);
}

std::optional<LogPosition> position_of(std::string_view log, std::string_view id) {
  constexpr std::size_t kTimeDigits = 13;
  id.remove_prefix(std::min(id.size(), log_prefix(log).size()));
  std::int64_t milliseconds = 0;
  std::uint32_t number = 0;
  if (id.size() <= kTimeDigits + 1) return std::nullopt;
  const auto time = std::from_chars(id.data(), id.data() + kTimeDigits, milliseconds);
  const auto rest = std::from_chars(id.data() + kTimeDigits + 1, id.data() + id.size(), number);
  if (time.ec != std::errc() || rest.ec != std::errc()) return std::nullopt;
  return LogPosition{base::WallTime(std::chrono::milliseconds(milliseconds)), number};
}

std::string body_of(const LogRecord& record) {
  std::string out = base::is_utf8(record.text) ? R"({"text":)" : R"({"base64":)";
  json::append_string(out, base::is_utf8(record.text) ? record.text : base::to_base64(record.text));
  out += R"(,"topics":[)";
  for (const std::string& topic : record.topics) {
    if (out.back() != '[') out += ',';
    json::append_string(out, base::to_base64(topic));
  }
  return out + "]}";
}

std::optional<LogEntry> entry_of(std::string_view log, std::string_view id, std::string_view body) {
  const auto position = position_of(log, id);
  const auto value = json::parse(body);
  const json::Object* object = value ? value->as_object() : nullptr;
  if (!position || object == nullptr) return std::nullopt;
  LogEntry entry{.position = *position, .text = {}, .topics = {}};
  if (const auto text = object->string("text")) entry.text = *text;
  if (const auto bytes = object->string("base64")) entry.text = base::from_base64(*bytes).value_or("");
  const json::Value* topics = object->find("topics");
  if (topics == nullptr || topics->as_array() == nullptr) return std::nullopt;
  for (const json::Value& topic : *topics->as_array()) {
    if (topic.as_string() != nullptr) entry.topics.push_back(base::from_base64(*topic.as_string()).value_or(""));
  }
  return entry;
}

// A row of _all_docs.
struct Row {
  std::string id;
  std::string rev;
  std::string body;
};

Result<std::vector<Row>> rows_of(std::string_view json) {
  constexpr int kDepth = 4;  // the answer, `rows`, a row, its value, that one's members
  const auto outline = json::outline(json, kDepth);
  const json::Node* rows = outline ? outline->find(outline->root(), "rows") : nullptr;
  if (rows == nullptr) return not_couchdb("_all_docs has an unknown form");
  std::vector<Row> read;
  for (const json::Node& node : outline->children(*rows)) {
    const json::Node* value = outline->find(node, "value");
    if (value == nullptr) return not_couchdb("_all_docs has an unknown form");
    Row row{.id = string_of(*outline, node, "id"), .rev = string_of(*outline, *value, "rev"), .body = {}};
    if (const json::Node* document = outline->find(node, "doc")) row.body = document->text;
    read.push_back(std::move(row));
  }
  return read;
}

struct Range {
  std::string start;  // inclusive
  std::string end;    // exclusive
};

// Ids from which on, and up to which.
Range range_of(const LogQuery& query) {
  constexpr LogPosition kEnd{.time = base::WallTime(std::chrono::milliseconds(9'999'999'999'999)),
                             .number = UINT32_MAX};
  LogPosition from{};
  LogPosition to = kEnd;
  if (query.from) from.time = std::max(*query.from, base::WallTime());
  if (query.to) to = {.time = *query.to, .number = 0};
  if (query.after && query.descending) to = std::min(to, *query.after);
  if (query.after && !query.descending) {
    LogPosition behind = *query.after;
    if (behind.number < UINT32_MAX) ++behind.number;
    from = std::max(from, behind);
  }
  return {id_of(query.log, from), id_of(query.log, to)};
}

std::string rows_target(const CouchCore& core, const Range& range, bool descending, std::size_t limit,
                        bool with_bodies) {
  QueryText query;
  query.add_json(descending ? "endkey" : "startkey", range.start);
  // The end is exclusive whichever way; no id is between it and what comes right before.
  query.add_json(descending ? "startkey" : "endkey", range.end);
  query.flag("descending", descending).flag("include_docs", with_bodies).add("limit", std::to_string(limit));
  if (!descending) query.add("inclusive_end", "false");
  return database_path(core.meta_database) + "/_all_docs" + query.text();
}

Task<std::vector<Row>> read_rows(CouchCore& core, Range range, bool descending, std::size_t limit,
                                 bool with_bodies) {
  MYCOUCH_CO_TRY(const http::Response answer,
                 co_await core.upstream.send(
                     {.target = rows_target(core, range, descending, limit, with_bodies)}));
  MYCOUCH_CO_CHECK(check_answer(answer));
  MYCOUCH_CO_TRY(std::vector<Row> rows, rows_of(answer.body));
  if (descending && !rows.empty() && rows.front().id == range.end) rows.erase(rows.begin());
  co_return rows;
}

}  // namespace

CouchLogs::CouchLogs(CouchCore& core)
    : core_(core), transactions_(static_cast<std::uint32_t>(base::random_below(kOfTransactions))) {}

base::WallTime CouchLogs::next_time() {
  last_ = std::max(last_, core_.clock.now());
  return last_;
}

std::pair<std::string, std::string> CouchLogs::document_of(const LogRecord& record) {
  std::lock_guard lock(mutex_);
  const auto number = kOfTransactions | (transactions_++ & (kOfTransactions - 1));
  return {id_of(record.log, {.time = next_time(), .number = number}), body_of(record)};
}

Task<void> CouchLogs::append(LogRecord record) {
  LogPosition position;
  {
    std::lock_guard lock(mutex_);
    position.time = next_time();
  }
  const std::string body = body_of(record);
  for (int attempt = 0; attempt < kAttempts; ++attempt, ++position.number) {
    http::UpstreamRequest request{.method = http::Method::put,
                                  .target = document_path(core_.meta_database, id_of(record.log, position)),
                                  .body = body};
    request.headers.add("Content-Type", "application/json");
    MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
    if (answer.status == 409) continue;
    MYCOUCH_CO_CHECK(check_answer(answer));
    co_return Result<void>();
  }
  co_return fail(Errc::unavailable, "too many records at once");
}

Task<LogPage> CouchLogs::read(LogQuery query) {
  LogPage page;
  if (query.limit == 0) co_return page;
  Range range = range_of(query);
  std::size_t bytes = 0;
  while (range.start < range.end) {
    MYCOUCH_CO_TRY(const std::vector<Row> rows, co_await read_rows(core_, range, query.descending, kPage, true));
    for (const Row& row : rows) {
      std::optional<LogEntry> entry = entry_of(query.log, row.id, row.body);
      if (!entry) continue;  // somebody else's document
      ++page.looked_at;
      const LogPosition position = entry->position;
      const bool found = query.topic.empty() || std::ranges::find(entry->topics, query.topic) != entry->topics.end();
      if (found) {
        bytes += entry->text.size();
        page.entries.push_back(*std::move(entry));
      }
      const bool full = page.entries.size() >= query.limit || bytes >= query.max_bytes;
      if (full || page.looked_at >= kMostLookedAt) {
        page.next = position;
        co_return page;
      }
    }
    if (rows.size() + 1 < kPage) break;
    (query.descending ? range.end : range.start) = rows.back().id + (query.descending ? "" : "\1");
  }
  co_return page;
}

Task<std::uint64_t> CouchLogs::expire(std::string log, base::WallTime before) {
  const Range range{id_of(log, {}), id_of(log, {.time = before, .number = 0})};
  std::uint64_t expired = 0;
  while (!stopping_) {
    MYCOUCH_CO_TRY(const std::vector<Row> rows, co_await read_rows(core_, range, false, kPurgedTogether, false));
    if (rows.empty()) break;
    std::string body = "{";
    for (const Row& row : rows) {
      if (body.size() > 1) body += ',';
      json::append_string(body, row.id);
      body += ":[" + json::quoted(row.rev) + "]";
    }
    http::UpstreamRequest request{.method = http::Method::post,
                                  .target = database_path(core_.meta_database) + "/_purge",
                                  .body = body + "}"};
    request.headers.add("Content-Type", "application/json");
    request.repeatable = true;
    MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
    MYCOUCH_CO_CHECK(check_answer(answer));
    expired += rows.size();
  }
  co_return expired;
}

}  // namespace mycouch::store::couch
