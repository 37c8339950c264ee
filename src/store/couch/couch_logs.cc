#include "store/couch/couch_logs.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

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
constexpr std::size_t kExpiredTogether = 200;

std::string log_prefix(std::string_view log) {
  return "log:" + partition_prefix(log);
}

std::string topic_prefix(std::string_view log, std::string_view topic) {
  return "topic:" + partition_prefix(log) + partition_prefix(topic);
}

// Of a log, or of one of its topics.
std::string id_of(std::string_view prefix, LogPosition position) {
  const auto milliseconds =
      std::clamp<std::int64_t>(position.time.time_since_epoch().count(), 0, 9'999'999'999'999);
  return fmt::format("{}{:013}-{:010}", prefix, milliseconds, position.number);
}

std::optional<LogPosition> position_of(std::string_view prefix, std::string_view id) {
  constexpr std::size_t kTimeDigits = 13;
  id.remove_prefix(std::min(id.size(), prefix.size()));
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
  const auto position = position_of(log_prefix(log), id);
  const auto value = json::parse(body);
  const json::Object* object = value ? value->as_object() : nullptr;
  if (!position || object == nullptr) return std::nullopt;
  LogEntry entry{.position = *position, .text = {}, .topics = {}};
  if (const auto text = object->string("text")) entry.text = *text;
  if (const auto bytes = object->string("base64")) entry.text = base::from_base64(*bytes).value_or("");
  const json::Value* topics = object->find("topics");
  if (topics == nullptr || topics->as_array() == nullptr) return std::nullopt;
  for (const json::Value& topic : *topics->as_array()) {
    if (topic.as_string() != nullptr)
      entry.topics.push_back(base::from_base64(*topic.as_string()).value_or(""));
  }
  return entry;
}

using Row = CouchLogs::Row;

Result<std::vector<Row>> rows_of(std::string_view json) {
  constexpr int kDepth = 4;  // the answer, `rows`, a row, its value, that one's members
  const auto outline = json::outline(json, kDepth);
  const json::Node* rows = outline ? outline->find(outline->root(), "rows") : nullptr;
  if (rows == nullptr) return not_couchdb("_all_docs has an unknown form");
  std::vector<Row> read;
  for (const json::Node& node : outline->children(*rows)) {
    const json::Node* value = outline->find(node, "value");
    if (value == nullptr || value->kind != json::Kind::object) continue;  // a key that is not there
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
Range range_of(const LogQuery& query, std::string_view prefix) {
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
  return {id_of(prefix, from), id_of(prefix, to)};
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
  MYCOUCH_CO_TRY(
      const http::Response answer,
      co_await core.upstream.send({.target = rows_target(core, range, descending, limit, with_bodies)}));
  MYCOUCH_CO_CHECK(check_answer(answer));
  MYCOUCH_CO_TRY(std::vector<Row> rows, rows_of(answer.body));
  if (descending && !rows.empty() && rows.front().id == range.end) rows.erase(rows.begin());
  co_return rows;
}

// The record's own first.
std::vector<std::pair<std::string, std::string>> all_documents_of(const LogRecord& record,
                                                                  LogPosition position) {
  std::vector<std::pair<std::string, std::string>> documents;
  documents.emplace_back(id_of(log_prefix(record.log), position), body_of(record));
  const std::set<std::string> topics(record.topics.begin(), record.topics.end());
  for (const std::string& topic : topics)
    documents.emplace_back(id_of(topic_prefix(record.log, topic), position), "{}");
  return documents;
}

}  // namespace

CouchLogs::CouchLogs(CouchCore& core)
    : core_(core), transactions_(static_cast<std::uint32_t>(base::random_below(kOfTransactions))) {}

// With the mutex held.
LogPosition CouchLogs::next_position() {
  const base::WallTime now = std::max(last_.time, core_.clock.now());
  last_ = {.time = now, .number = now == last_.time ? last_.number + 1 : 0};
  return last_;
}

std::vector<std::pair<std::string, std::string>> CouchLogs::documents_of(const LogRecord& record) {
  LogPosition position;
  {
    std::lock_guard lock(mutex_);
    last_.time = std::max(last_.time, core_.clock.now());
    position = {.time = last_.time, .number = kOfTransactions | (transactions_++ & (kOfTransactions - 1))};
  }
  return all_documents_of(record, position);
}

Task<void> CouchLogs::append(LogRecord record) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    LogPosition position;
    {
      std::lock_guard lock(mutex_);
      position = next_position();
    }
    MYCOUCH_CO_TRY(const bool written, co_await write(record, position));
    if (written) co_return Result<void>();
  }
  co_return fail(Errc::unavailable, "too many records at once");
}

// False where the position is taken.
Task<bool> CouchLogs::write(const LogRecord& record, LogPosition position) {
  std::string body;
  for (const auto& [id, text] : all_documents_of(record, position)) {
    body += body.empty() ? R"({"docs":[{"_id":)" : R"(,{"_id":)";
    json::append_string(body, id);
    body.append(text.size() > std::string_view("{}").size() ? "," : "").append(text, 1);
  }
  http::UpstreamRequest request{.method = http::Method::post,
                                .target = database_path(core_.meta_database) + "/_bulk_docs",
                                .body = body + "]}"};
  request.headers.add("Content-Type", "application/json");
  MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
  MYCOUCH_CO_CHECK(check_answer(answer));
  const auto outline = json::outline(answer.body, 2);
  if (!outline || !outline->root().has_children) co_return not_couchdb("_bulk_docs has an unknown form");
  const std::string word = string_of(*outline, *outline->children(outline->root()).begin(), "error");
  if (word.empty()) co_return true;
  if (word == "conflict") co_return false;
  co_return std::unexpected(error_of(word, "a record is refused"));
}

Task<void> CouchLogs::restore(std::string log, std::vector<LogEntry> records) {
  if (records.empty()) co_return Result<void>();
  MYCOUCH_CO_TRY(const LogPage last, co_await read({.log = log, .descending = true, .limit = 1}));
  for (LogEntry& entry : records) {
    const bool is_behind = last.entries.empty() || entry.position > last.entries.front().position;
    if (!is_behind) continue;
    const LogRecord record{.log = log, .text = std::move(entry.text), .topics = std::move(entry.topics)};
    MYCOUCH_CO_CHECK(co_await write(record, entry.position));
  }
  std::lock_guard lock(mutex_);
  last_ = std::max(last_, records.back().position);
  co_return Result<void>();
}

Task<LogPage> CouchLogs::read(LogQuery query) {
  LogPage page;
  if (query.limit == 0) co_return page;
  const bool by_topic = !query.topic.empty();
  const std::string prefix = by_topic ? topic_prefix(query.log, query.topic) : log_prefix(query.log);
  Range range = range_of(query, prefix);
  std::size_t bytes = 0;
  while (range.start < range.end) {
    const std::size_t wanted = std::min(kPage, query.limit - page.entries.size() + 1);
    MYCOUCH_CO_TRY(std::vector<Row> rows,
                   co_await read_rows(core_, range, query.descending, wanted, !by_topic));
    const std::size_t count = rows.size();
    const std::string last = rows.empty() ? "" : rows.back().id;
    if (by_topic) MYCOUCH_CO_CHECK(co_await read_records(rows, query.log, prefix));
    for (const Row& row : rows) {
      std::optional<LogEntry> entry = entry_of(query.log, row.id, row.body);
      if (!entry) continue;  // somebody else's document, or a record that has gone
      ++page.looked_at;
      const LogPosition position = entry->position;
      const bool found = !by_topic || std::ranges::find(entry->topics, query.topic) != entry->topics.end();
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
    // Of a descending page, the first may have been passed over.
    if (count + 1 < wanted) break;
    if (query.descending) {
      range.end = last;
    } else {
      range.start = last + '\1';
    }
  }
  co_return page;
}

// In the place of each topic's document, its record.
Task<void> CouchLogs::read_records(std::vector<Row>& rows, const std::string& log,
                                   const std::string& prefix) {
  std::string body = R"({"keys":[)";
  for (const Row& row : rows) {
    if (body.back() != '[') body += ',';
    json::append_string(body, log_prefix(log) + row.id.substr(prefix.size()));
  }
  http::UpstreamRequest request{.method = http::Method::post,
                                .target = database_path(core_.meta_database) + "/_all_docs?include_docs=true",
                                .body = body + "]}"};
  request.headers.add("Content-Type", "application/json");
  request.repeatable = true;
  MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
  MYCOUCH_CO_CHECK(check_answer(answer));
  MYCOUCH_CO_TRY(rows, rows_of(answer.body));
  co_return Result<void>();
}

Task<std::uint64_t> CouchLogs::expire(std::string log, base::WallTime before) {
  const std::string prefix = log_prefix(log);
  const Range range{id_of(prefix, {}), id_of(prefix, {.time = before, .number = 0})};
  std::uint64_t expired = 0;
  while (!stopping_) {
    MYCOUCH_CO_TRY(std::vector<Row> rows, co_await read_rows(core_, range, false, kExpiredTogether, true));
    if (rows.empty()) break;
    const std::size_t records = rows.size();
    MYCOUCH_CO_CHECK(co_await append_topics_of(rows, log));
    MYCOUCH_CO_CHECK(co_await purge(std::move(rows)));
    expired += records;
  }
  co_return expired;
}

// The documents of the records' topics, with their revisions; they go before the records do.
Task<void> CouchLogs::append_topics_of(std::vector<Row>& rows, const std::string& log) {
  std::string body = R"({"keys":[)";
  for (const Row& row : rows) {
    const auto entry = entry_of(log, row.id, row.body);
    if (!entry) continue;
    for (const std::string& topic : entry->topics) {
      if (body.back() != '[') body += ',';
      json::append_string(body, id_of(topic_prefix(log, topic), entry->position));
    }
  }
  http::UpstreamRequest request{.method = http::Method::post,
                                .target = database_path(core_.meta_database) + "/_all_docs",
                                .body = body + "]}"};
  request.headers.add("Content-Type", "application/json");
  request.repeatable = true;
  MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
  MYCOUCH_CO_CHECK(check_answer(answer));
  MYCOUCH_CO_TRY(std::vector<Row> topics, rows_of(answer.body));
  std::ranges::move(rows, std::back_inserter(topics));
  rows = std::move(topics);
  co_return Result<void>();
}

Task<void> CouchLogs::purge(std::vector<Row> rows) {
  std::erase_if(rows, [](const Row& row) { return row.rev.empty(); });
  for (std::size_t begin = 0; begin < rows.size(); begin += kPurgedTogether) {
    std::string body = "{";
    for (std::size_t i = begin; i < std::min(rows.size(), begin + kPurgedTogether); ++i) {
      if (body.size() > 1) body += ',';
      json::append_string(body, rows[i].id);
      body += ":[" + json::quoted(rows[i].rev) + "]";
    }
    http::UpstreamRequest request{.method = http::Method::post,
                                  .target = database_path(core_.meta_database) + "/_purge",
                                  .body = body + "}"};
    request.headers.add("Content-Type", "application/json");
    request.repeatable = true;
    MYCOUCH_CO_TRY(const http::Response answer, co_await core_.upstream.send(std::move(request)));
    MYCOUCH_CO_CHECK(check_answer(answer));
  }
  co_return Result<void>();
}

}  // namespace mycouch::store::couch
