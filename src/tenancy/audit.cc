#include "tenancy/audit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/random.h"
#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPage = 200;
// A query that looks at so many records ends its page, so that it costs no more than that.
constexpr std::size_t kMostLookedAt = 5'000;
constexpr std::size_t kExpiredTogether = 500;

// A record gets its id before it waits to be written, so in a scope's order a record may stand after later
// ones; but not after those that are so much later.
constexpr milliseconds kDisorder = std::chrono::minutes(1);

// The clock may be set back. By so little it is not followed, so that ids keep their order.
constexpr milliseconds kSetBack = std::chrono::seconds(1);

constexpr std::uint32_t kMostInAMillisecond = 999'999;
constexpr std::size_t kRandomBytes = 4;

std::string new_id(base::WallTime time, std::uint32_t count) {
  std::string number = std::to_string(count);
  number.insert(0, std::to_string(kMostInAMillisecond).size() - number.size(), '0');
  return base::to_rfc3339_milliseconds(time) + "-" + number + "-" +
         base::to_hex(base::random_bytes(kRandomBytes));
}

bool is_id(std::string_view text) {
  return text.size() == new_id({}, 0).size() && base::from_rfc3339(text.substr(0, text.find('-', 10)));
}

// Less than the ids of records of that time, and greater than those of earlier ones.
std::string bound(base::WallTime time) {
  return base::to_rfc3339_milliseconds(time);
}

// A range of time as a range of ids; empty texts where it has no end.
struct IdRange {
  std::string from;  // inclusive
  std::string to;    // exclusive

  bool begins_after(std::string_view id) const { return id < from; }
  bool ends_before(std::string_view id) const { return !to.empty() && id >= to; }
};

IdRange range_of(const Audit::Query& query, milliseconds margin) {
  IdRange range;
  if (query.from) range.from = bound(*query.from - margin);
  if (query.to) range.to = bound(*query.to + margin);
  return range;
}

std::unexpected<Error> not_a_cursor() {
  return fail(Errc::query_parse_error, "Invalid value for `after`: it is not the `next` of such a query");
}

// The answer to a query as it grows.
class Collector {
 public:
  explicit Collector(const Audit::Query& query) : query_(query), range_(range_of(query, milliseconds(0))) {}

  bool full() const { return page_.records.size() >= query_.limit || looked_at_ >= kMostLookedAt; }

  void look_at(const doc::Document& document) {
    ++looked_at_;
    if (range_.begins_after(document.id) || range_.ends_before(document.id)) return;
    json::Value body = json::value_of(document.body);
    json::Object record{{"id", document.id}};
    for (json::Member& member : body.as_object()->members()) record.members().push_back(std::move(member));
    if (matches(record)) page_.records.push_back(std::move(record));
  }

  Audit::Page end(std::optional<std::string> next) {
    page_.next = std::move(next);
    return std::move(page_);
  }

 private:
  bool matches(const json::Object& record) const {
    const auto is = [&record](std::string_view name, const std::string& value) {
      return record.string(name) == value;
    };
    return (query_.action.empty() || is("action", query_.action)) &&
           (query_.tenant.empty() || is("tenant", query_.tenant)) &&
           (query_.user.empty() || is("actor", query_.user) || is("user", query_.user));
  }

  const Audit::Query& query_;
  IdRange range_;
  Audit::Page page_;
  std::size_t looked_at_ = 0;
};

store::AllDocsQuery by_time(const Audit::Query& query) {
  IdRange range = range_of(query, milliseconds(0));
  store::AllDocsQuery rows;
  rows.limit = std::min(query.limit, kPage);
  rows.include_docs = true;
  rows.descending = query.descending;
  // An id that is no record's: the bounds need not say whether they are within.
  rows.start = query.descending ? std::move(range.to) : std::move(range.from);
  std::string& end = query.descending ? range.from : range.to;
  if (!end.empty()) rows.end = std::move(end);
  if (!query.after.empty()) rows.start = query.after;
  return rows;
}

// The first row behind `seq`, which is in the store.
Task<std::optional<store::ChangeRow>> row_after(store::Database& records, std::uint64_t seq) {
  store::ChangesQuery query;
  query.since = seq;
  query.limit = 1;
  MYCOUCH_CO_TRY(store::ChangesPage page, co_await records.changes(query));
  if (page.rows.empty()) co_return std::nullopt;
  co_return std::move(page.rows.front());
}

// The sequence before the first record of a scope whose id is not less than `id`, by halving: a scope's order
// is nearly that of its ids.
Task<std::uint64_t> sequence_before(store::Database& records, std::string id) {
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await records.info());
  std::uint64_t low = 0;
  std::uint64_t high = info.update_seq;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    MYCOUCH_CO_TRY(std::optional<store::ChangeRow> row, co_await row_after(records, middle));
    if (row && row->id < id) {
      low = row->seq;
    } else {
      high = middle;
    }
  }
  co_return low;
}

Task<store::ChangesQuery> start_in_scope(store::Database& records, const Audit::Query& query) {
  store::ChangesQuery rows;
  rows.limit = std::min(query.limit, kPage);
  rows.descending = query.descending;
  std::uint64_t& position = query.descending ? rows.before : rows.since;
  IdRange range = range_of(query, kDisorder);
  if (!query.after.empty()) {
    const char* const end = query.after.data() + query.after.size();
    auto [rest, error] = std::from_chars(query.after.data(), end, position);
    if (error != std::errc() || rest != end || position == 0) co_return not_a_cursor();
  } else if (query.descending && !range.to.empty()) {
    MYCOUCH_CO_TRY(position, co_await sequence_before(records, std::move(range.to)));
    ++position;
  } else if (!query.descending && !range.from.empty()) {
    MYCOUCH_CO_TRY(position, co_await sequence_before(records, std::move(range.from)));
  }
  co_return rows;
}

// The records of the rows, but for those that were purged meanwhile.
Task<std::vector<std::optional<doc::Document>>> read_rows(store::Database& records,
                                                          const std::vector<store::ChangeRow>& rows) {
  std::vector<std::optional<doc::Document>> documents;
  while (documents.size() < rows.size()) {
    std::vector<store::RevisionRequest> requests;
    for (std::size_t i = documents.size(); i < rows.size(); ++i) requests.push_back({rows[i].id, {}});
    MYCOUCH_CO_TRY(auto found, co_await records.read_many(std::move(requests), {}));
    for (auto& revisions : found) documents.push_back(std::move(revisions.front().document));
  }
  co_return documents;
}

}  // namespace

std::string audit_database(std::string_view system_database) {
  return std::string(system_database).append(kAuditSuffix);
}

std::vector<std::string> audit_scopes_of(std::string_view, bool deleted, std::string_view body) {
  if (deleted) return {};
  const json::Value document = json::value_of(body);
  std::vector<std::string> scopes;
  for (std::string_view member : {"actor", "user", "tenant"}) {
    const auto id = document.as_object()->string(member);
    if (id && !id->empty() && std::ranges::find(scopes, *id) == scopes.end()) scopes.emplace_back(*id);
  }
  return scopes;
}

Audit::Audit(store::Store& store, std::string database, const base::Clock& clock)
    : store_(store), database_(std::move(database)), clock_(clock) {}

Task<void> Audit::start() {
  store_.set_scope_rule(database_, audit_scopes_of);
  Result<void> created = co_await store_.create(database_);
  if (created || created.error().code == Errc::file_exists) co_return Result<void>();
  co_return std::unexpected(std::move(created).error());
}

Audit::Stamp Audit::next_stamp() {
  const base::WallTime now = clock_.now();
  std::lock_guard lock(mutex_);
  if (now > last_ || now < last_ - kSetBack) {
    last_ = now;
    count_ = 0;
  } else if (count_ < kMostInAMillisecond) {
    ++count_;
  } else {
    last_ += milliseconds(1);
    count_ = 0;
  }
  return {.id = new_id(last_, count_), .time = last_};
}

doc::Edit Audit::make_edit(const AuditRecord& record) {
  Stamp stamp = next_stamp();
  json::Object body{{"time", base::to_rfc3339_milliseconds(stamp.time)},
                    {"action", record.action},
                    {"actor", record.actor}};
  const auto set_if_known = [&body](std::string_view name, const std::string& id) {
    if (!id.empty()) body.set(name, id);
  };
  set_if_known("user", record.user);
  set_if_known("tenant", record.tenant);
  set_if_known("invitation", record.invitation);
  body.set("outcome", record.outcome);
  body.set("request", record.request_id);
  body.set("address", record.address);
  doc::Edit edit;
  edit.id = std::move(stamp.id);
  edit.body = json::write(body);
  return edit;
}

store::DatabaseEdits Audit::edit_of(const AuditRecord& record) {
  store::DatabaseEdits edits{.database = database_, .confinement = {}, .edits = {}};
  edits.edits.push_back(make_edit(record));
  return edits;
}

Task<std::unique_ptr<store::Database>> Audit::open(std::string scope) {
  auto database =
      co_await store_.open(database_, store::Confinement{.partition = "", .scope = std::move(scope)});
  if (!database && database.error().code == Errc::not_found) {
    co_return fail(Errc::unavailable, "the database of the audit trail was deleted");
  }
  co_return std::move(database);
}

Task<void> Audit::append(AuditRecord record) {
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  std::vector<doc::Edit> edits;
  edits.push_back(make_edit(record));
  store::WriteOptions options;
  options.durability = store::Durability::relaxed;
  MYCOUCH_CO_TRY(auto outcomes, co_await database->write(std::move(edits), options));
  if (outcomes.front().error) co_return std::unexpected(*std::move(outcomes.front().error));
  co_return Result<void>();
}

Task<Audit::Page> Audit::find(Query query) {
  if (query.limit == 0) co_return Page{};
  std::string scope = query.user.empty() ? query.tenant : query.user;
  if (scope.empty()) co_return co_await find_by_time(std::move(query));
  co_return co_await find_in_scope(std::move(query), std::move(scope));
}

Task<Audit::Page> Audit::find_by_time(Query query) {
  if (!query.after.empty() && !is_id(query.after)) co_return not_a_cursor();
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  store::AllDocsQuery rows = by_time(query);
  std::string last = query.after;
  Collector collector(query);
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(store::AllDocsPage page, co_await database->all_docs(rows));
    at_end = page.at_end;
    for (store::AllDocsRow& row : page.rows) {
      if (collector.full()) co_return collector.end(std::move(last));
      if (row.id == last) continue;  // the page begins with the one that it follows
      if (row.document) collector.look_at(*row.document);
      last = std::move(row.id);
    }
    rows.start = last;
    rows.limit = kPage;
  }
  co_return collector.end(std::nullopt);
}

Task<Audit::Page> Audit::find_in_scope(Query query, std::string scope) {
  MYCOUCH_CO_TRY(auto database, co_await open(std::move(scope)));
  MYCOUCH_CO_TRY(store::ChangesQuery rows, co_await start_in_scope(*database, query));
  const IdRange wide = range_of(query, kDisorder);
  std::uint64_t& position = query.descending ? rows.before : rows.since;
  Collector collector(query);
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(store::ChangesPage page, co_await database->changes(rows));
    at_end = page.at_end;
    MYCOUCH_CO_TRY(auto documents, co_await read_rows(*database, page.rows));
    for (std::size_t i = 0; i < page.rows.size(); ++i) {
      const std::string& id = page.rows[i].id;
      if (query.descending ? wide.begins_after(id) : wide.ends_before(id)) {
        co_return collector.end(std::nullopt);
      }
      if (collector.full()) co_return collector.end(std::to_string(position));
      if (documents[i]) collector.look_at(*documents[i]);
      position = page.rows[i].seq;
    }
    rows.limit = kPage;
  }
  co_return collector.end(std::nullopt);
}

Task<std::uint64_t> Audit::expire(base::WallTime before) {
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  store::AllDocsQuery rows;
  rows.end = bound(before);
  rows.limit = kExpiredTogether;
  std::uint64_t count = 0;
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(store::AllDocsPage page, co_await database->all_docs(rows));
    at_end = page.at_end;
    std::vector<std::string> ids;
    ids.reserve(page.rows.size());
    for (store::AllDocsRow& row : page.rows) ids.push_back(std::move(row.id));
    if (ids.empty()) break;
    count += ids.size();
    rows.start = ids.back();
    MYCOUCH_CO_CHECK(co_await database->purge(std::move(ids)));
  }
  co_return count;
}

}  // namespace mycouch::tenancy
