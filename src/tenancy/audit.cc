#include "tenancy/audit.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "json/writer.h"

namespace mycouch::tenancy {
namespace {

constexpr std::string_view kLogPrefix = "audit/";

constexpr std::size_t kPage = 200;
// A query that looks at so many records ends its page, so that it costs no more than that.
constexpr std::size_t kMostLookedAt = 5'000;

// Of the number in an id: those of any 32 bits.
constexpr std::size_t kDigits = 10;

std::string id_of(store::LogPosition position) {
  std::string number = std::to_string(position.number);
  number.insert(0, kDigits - number.size(), '0');
  return base::to_rfc3339_milliseconds(position.time) + "-" + number;
}

std::optional<store::LogPosition> position_of(std::string_view id) {
  const std::size_t end_of_time = id.rfind('-');
  if (end_of_time == std::string_view::npos) return std::nullopt;
  const auto time = base::from_rfc3339(id.substr(0, end_of_time));
  if (!time) return std::nullopt;
  store::LogPosition position{.time = *time, .number = 0};
  const std::string_view number = id.substr(end_of_time + 1);
  const char* const end = number.data() + number.size();
  auto [rest, error] = std::from_chars(number.data(), end, position.number);
  if (error != std::errc() || id_of(position) != id) return std::nullopt;
  return position;
}

// Written as text at once: this is done for every change.
class RecordText {
 public:
  void set(std::string_view name, const std::string& value) {
    text_ += text_.empty() ? '{' : ',';
    json::append_string(text_, name);
    text_ += ':';
    json::append_string(text_, value);
  }
  void set_if_known(std::string_view name, const std::string& id) {
    if (!id.empty()) set(name, id);
  }
  std::string end() {
    text_ += '}';
    return std::move(text_);
  }

 private:
  std::string text_;
};

json::Object object_of(const store::LogEntry& entry) {
  json::Object record{{"id", id_of(entry.position)},
                      {"time", base::to_rfc3339_milliseconds(entry.position.time)}};
  json::Value text = json::value_of(entry.text);
  for (json::Member& member : text.as_object()->members()) record.members().push_back(std::move(member));
  return record;
}

bool matches(const Audit::Query& query, const json::Object& record) {
  const auto is = [&record](std::string_view name, const std::string& value) {
    return record.string(name) == value;
  };
  return (query.action.empty() || is("action", query.action)) &&
         (query.tenant.empty() || is("tenant", query.tenant)) &&
         (query.user.empty() || is("actor", query.user) || is("user", query.user));
}

}  // namespace

std::string audit_log(std::string_view system_database) {
  return std::string(kLogPrefix).append(system_database);
}

Audit::Audit(store::Store& store, std::string_view system_database)
    : store_(store), log_(audit_log(system_database)) {}

store::LogRecord Audit::record_of(const AuditRecord& record) const {
  RecordText text;
  text.set("action", record.action);
  text.set("actor", record.actor);
  text.set_if_known("user", record.user);
  text.set_if_known("tenant", record.tenant);
  text.set_if_known("invitation", record.invitation);
  text.set("outcome", record.outcome);
  text.set("request", record.request_id);
  text.set("address", record.address);
  store::LogRecord made{.log = log_, .text = text.end(), .topics = {}};
  for (const std::string* id : {&record.actor, &record.user, &record.tenant}) {
    if (!id->empty() && std::ranges::find(made.topics, *id) == made.topics.end()) made.topics.push_back(*id);
  }
  return made;
}

Task<void> Audit::append(AuditRecord record) {
  return store_.append_log(record_of(record));
}

Task<Audit::Page> Audit::find(Query query) {
  store::LogQuery rows;
  rows.log = log_;
  rows.from = query.from;
  rows.to = query.to;
  rows.topic = query.user.empty() ? query.tenant : query.user;
  rows.descending = query.descending;
  if (!query.after.empty()) {
    rows.after = position_of(query.after);
    if (!rows.after) {
      co_return fail(Errc::query_parse_error, "Invalid value for `after`: it is not the `next` of an answer");
    }
  }
  Page page;
  std::size_t looked_at = 0;
  while (page.records.size() < query.limit && looked_at < kMostLookedAt) {
    rows.limit = std::min(query.limit - page.records.size(), kPage);
    MYCOUCH_CO_TRY(store::LogPage found, co_await store_.read_log(rows));
    for (const store::LogEntry& entry : found.entries) {
      json::Object record = object_of(entry);
      if (matches(query, record)) page.records.push_back(std::move(record));
    }
    looked_at += found.looked_at;
    rows.after = found.next;
    if (!rows.after) co_return page;
  }
  if (rows.after) page.next = id_of(*rows.after);
  co_return page;
}

Task<std::uint64_t> Audit::expire(base::WallTime before) {
  co_return co_await store_.expire_log(log_, before);
}

}  // namespace mycouch::tenancy
