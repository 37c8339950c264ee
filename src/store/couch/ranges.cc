// A view's documents are a range of its upstream database's ids, which `_all_docs` gives in the same order.
// Outside any tenant, in a database that has tenants, it is what their ranges leave: where one begins, the
// reader goes on behind it. Where the view is less than its partition, the index has its ids.
#include "store/couch/ranges.h"

#include <algorithm>
#include <set>

#include "doc/local_revision.h"
#include "json/writer.h"
#include "store/couch/document_reads.h"

namespace mycouch::store::couch {
namespace {

constexpr std::size_t kMostRows = 1'000;  // of one request
constexpr std::chrono::seconds kIndexPatience{10};
constexpr int kRowDepth = 4;  // the answer, `rows`, a row, its value or document, that one's members

// A range of upstream ids. Ascending from `from`, or descending down from it.
struct UpstreamRange {
  std::optional<std::string> from;
  std::optional<std::string> to;
  bool inclusive_end = true;
};

// The id behind all that begin with the prefix: it ends with a colon, and a semicolon comes next.
std::string behind(std::string prefix) {
  prefix.back() = ';';
  return prefix;
}

// Of a partition with a name.
UpstreamRange range_within(const std::string& prefix, const AllDocsQuery& query) {
  UpstreamRange range{.from = prefix + query.start, .to = {}, .inclusive_end = query.inclusive_end};
  if (query.descending && query.start.empty()) range.from = behind(prefix);
  if (query.end) {
    range.to = prefix + *query.end;
  } else {
    range.to = query.descending ? prefix : behind(prefix);
    range.inclusive_end = false;
  }
  return range;
}

UpstreamRange range_of(const Site& site, const AllDocsQuery& query) {
  const bool tenants = site.layout() == Layout::partitioned && !site.confinement.partition.empty();
  if (tenants) return range_within(partition_prefix(site.confinement.partition), query);
  UpstreamRange range{.from = {}, .to = query.end, .inclusive_end = query.inclusive_end};
  if (!query.start.empty()) range.from = query.start;
  return range;
}

QueryText range_query(const UpstreamRange& range, const AllDocsQuery& query, std::size_t limit) {
  QueryText text;
  if (range.from) text.add_json("startkey", *range.from);
  if (range.to) text.add_json("endkey", *range.to);
  if (!range.inclusive_end) text.add("inclusive_end", "false");
  text.flag("descending", query.descending).add("limit", std::to_string(limit));
  if (!query.include_docs) return text;
  text.add("include_docs", "true").add("att_encoding_info", "true").flag("conflicts", query.read.conflicts);
  return text;
}

Result<AllDocsRow> read_row(const Site& site, const json::Outline& outline, const json::Node& node,
                            const AllDocsQuery& query) {
  AllDocsRow row{.id = string_of(outline, node, "id"), .revision = {}, .document = {}};
  const json::Node* value = outline.find(node, "value");
  if (value == nullptr) return not_couchdb("a row without a value");
  auto revision = doc::parse_revision(string_of(outline, *value, "rev"));
  if (!revision) return not_couchdb("a row without a revision");
  row.revision = *std::move(revision);
  const json::Node* deleted = outline.find(*value, "deleted");
  row.deleted = deleted != nullptr && deleted->text == "true";
  const json::Node* document = outline.find(node, "doc");
  if (query.include_docs && document != nullptr && document->kind == json::Kind::object) {
    MYCOUCH_TRY(doc::Document read, read_document(outline, *document));
    MYCOUCH_TRY(row.document, as_read(site, std::move(read), query.read));
  }
  return row;
}

std::size_t bytes_of(const AllDocsRow& row) {
  return row.document ? row.document->body.size() : 0;
}

// Takes rows up to the query's bounds.
class PageBuilder {
 public:
  explicit PageBuilder(const AllDocsQuery& query) : query_(query) {}

  bool full() const { return page_.rows.size() >= query_.limit || bytes_ >= query_.max_bytes; }
  bool skips() const { return page_.skipped < query_.skip; }
  /// False where it has no room: the page ends before it.
  bool add(AllDocsRow row) {
    if (skips()) {
      ++page_.skipped;
      return true;
    }
    if (full()) return false;
    bytes_ += bytes_of(row);
    page_.rows.push_back(std::move(row));
    return true;
  }
  AllDocsPage finish(bool at_end) {
    page_.at_end = at_end;
    return std::move(page_);
  }
  std::size_t wanted() const {
    const std::size_t left = query_.limit - std::min(query_.limit, page_.rows.size());
    return std::min(kMostRows, left + (query_.skip - page_.skipped) + 1);
  }

 private:
  const AllDocsQuery& query_;
  AllDocsPage page_;
  std::size_t bytes_ = 0;
};

// Where the reader goes on after `last`, an upstream id. What follows it directly ends with the least byte
// that an id can have; before it there is no such id, so the row comes again and is passed over.
void move_on(UpstreamRange& range, const std::string& last, bool descending, bool foreign) {
  if (foreign) {
    const std::string prefix = last.substr(0, last.find(':') + 1);
    range.from = descending ? prefix : behind(prefix);
    return;
  }
  range.from = descending ? last : last + '\0';
}

Task<AllDocsPage> range_upstream(Site site, AllDocsQuery query) {
  PageBuilder page(query);
  UpstreamRange range = range_of(site, query);
  std::string passed;  // descending: the row that comes again
  for (;;) {
    const std::size_t limit = page.wanted() + 1;
    http::UpstreamRequest request{
        .target = site.path() + "/_all_docs" + range_query(range, query, limit).text(),
        .max_response = std::size_t{512} << 20};
    MYCOUCH_CO_TRY(const http::Response answer, co_await site.send(std::move(request)));
    MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kRowDepth));
    const json::Node* rows = outline.find(outline.root(), "rows");
    if (rows == nullptr) co_return not_couchdb("_all_docs has an unknown form");
    std::size_t count = 0;
    std::string last;
    bool foreign = false;
    for (const json::Node& node : outline.children(*rows)) {
      ++count;
      std::string id = string_of(outline, node, "id");
      if (id == passed) continue;
      last = id;
      const auto confined = confined_id(site.layout(), id);
      foreign = !confined || confined->partition != site.confinement.partition;
      if (foreign) break;
      MYCOUCH_CO_TRY(AllDocsRow row, read_row(site, outline, node, query));
      row.id = confined->id;
      if (!page.add(std::move(row))) co_return page.finish(false);
    }
    if (count < limit && !foreign) co_return page.finish(true);
    move_on(range, last, query.descending, foreign);
    passed = query.descending && !foreign ? last : "";
  }
}

// Of a view that is less than its partition: few, so their documents are read one request for all.
Task<AllDocsPage> range_of_scope(Site site, AllDocsQuery query) {
  MYCOUCH_CO_TRY(const bool ready, co_await site.index_ready(kIndexPatience));
  if (!ready) co_return fail(Errc::unavailable, "the index of the system database is being made");
  std::vector<std::string> ids;
  for (std::string last;;) {
    MYCOUCH_CO_TRY(auto some, site.core->index->ids(site.database(), site.scope(), last, kMostRows));
    const bool at_end = some.size() < kMostRows;
    if (!some.empty()) last = some.back();
    std::ranges::move(some, std::back_inserter(ids));
    if (at_end) break;
  }
  if (query.descending) std::ranges::reverse(ids);
  std::erase_if(ids, [&](const std::string& id) {
    const int after_start = query.start.empty() ? 1 : id.compare(query.start);
    if (!query.start.empty() && (query.descending ? after_start > 0 : after_start < 0)) return true;
    if (!query.end) return false;
    const int order = query.descending ? query.end->compare(id) : id.compare(*query.end);
    return order > 0 || (order == 0 && !query.inclusive_end);
  });
  PageBuilder page(query);
  std::vector<std::string> wanted(ids.begin() + static_cast<std::ptrdiff_t>(std::min(query.skip, ids.size())),
                                  ids.end());
  for (std::size_t i = 0; i < ids.size() - wanted.size(); ++i) page.add({});
  if (wanted.size() > query.limit) wanted.resize(query.limit);
  std::size_t read = 0;
  while (read < wanted.size() && !page.full()) {
    std::vector<std::string> some(wanted.begin() + static_cast<std::ptrdiff_t>(read), wanted.end());
    MYCOUCH_CO_TRY(auto rows, co_await read_keys(site, std::move(some), query));
    for (std::optional<AllDocsRow>& row : rows) {
      ++read;
      if (row && !row->deleted) page.add(*std::move(row));
    }
  }
  co_return page.finish(read + std::min(query.skip, ids.size()) >= ids.size());
}

}  // namespace

Task<AllDocsPage> read_range(Site site, AllDocsQuery query) {
  if (query.limit == 0) co_return AllDocsPage{};
  if (site.partial()) co_return co_await range_of_scope(std::move(site), std::move(query));
  co_return co_await range_upstream(std::move(site), std::move(query));
}

Task<std::vector<std::optional<AllDocsRow>>> read_keys(Site site, std::vector<std::string> ids,
                                                       AllDocsQuery query) {
  if (ids.size() > kMostRows) ids.resize(kMostRows);
  if (site.partial()) MYCOUCH_CO_CHECK(co_await site.index_ready(kIndexPatience));
  std::string body = R"({"keys":[)";
  for (const std::string& id : ids) {
    if (body.back() != '[') body += ',';
    json::append_string(body, site.id_upstream(id));
  }
  QueryText text;
  if (query.include_docs) {
    text.add("include_docs", "true").add("att_encoding_info", "true").flag("conflicts", query.read.conflicts);
  }
  MYCOUCH_CO_TRY(const http::Response answer,
                 co_await site.post(site.path() + "/_all_docs" + text.text(), body + "]}"));
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kRowDepth));
  const json::Node* rows = outline.find(outline.root(), "rows");
  if (rows == nullptr) co_return not_couchdb("_all_docs has an unknown form");
  std::vector<std::optional<AllDocsRow>> read;
  std::size_t bytes = 0;
  for (const json::Node& node : outline.children(*rows)) {
    if (read.size() == ids.size()) break;
    const std::string& id = ids[read.size()];
    std::optional<AllDocsRow>& row = read.emplace_back();
    if (outline.find(node, "error") != nullptr) continue;
    MYCOUCH_CO_TRY(const bool seen, is_seen(site, id));
    if (!seen) continue;
    MYCOUCH_CO_TRY(row, read_row(site, outline, node, query));
    row->id = id;
    bytes += bytes_of(*row);
    if (bytes >= query.max_bytes) break;
  }
  if (read.empty() && !ids.empty()) co_return not_couchdb("_all_docs answers for fewer keys");
  co_return read;
}

Task<LocalPage> read_local_range(Site site, AllDocsQuery query) {
  LocalPage page;
  const std::string prefix = local_prefix(site.confinement.partition, site.confinement.scope);
  UpstreamRange range{.from = {}, .to = query.end, .inclusive_end = query.inclusive_end};
  if (!query.start.empty()) range.from = query.start;
  if (!prefix.empty()) range = range_within(prefix, query);
  if (range.from) range.from = std::string(doc::kLocalPrefix) + *range.from;
  if (range.to) range.to = std::string(doc::kLocalPrefix) + *range.to;
  query.include_docs = true;
  query.read = {};
  const std::size_t limit = std::min(kMostRows, query.skip + query.limit + 1);
  MYCOUCH_CO_TRY(
      const http::Response answer,
      co_await site.send({.target = site.path() + "/_local_docs" + range_query(range, query, limit).text()}));
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kRowDepth));
  const json::Node* rows = outline.find(outline.root(), "rows");
  if (rows == nullptr) co_return not_couchdb("_local_docs has an unknown form");
  std::size_t skipped = 0;
  for (const json::Node& node : outline.children(*rows)) {
    std::string id = string_of(outline, node, "id").substr(doc::kLocalPrefix.size());
    if (!id.starts_with(prefix)) continue;
    id.erase(0, prefix.size());
    if (prefix.empty() && site.layout() == Layout::partitioned && id.contains(':')) {
      if (!id.starts_with(':')) continue;  // a tenant's
      id.erase(0, 1);
    }
    if (skipped++ < query.skip) continue;
    if (page.rows.size() == query.limit) {
      page.at_end = false;
      break;
    }
    const json::Node* document = outline.find(node, "doc");
    if (document == nullptr) co_return not_couchdb("a local document without its content");
    MYCOUCH_CO_TRY(LocalDocument read, read_local_document(outline, *document));
    page.rows.push_back({.id = std::move(id), .document = std::move(read)});
  }
  co_return page;
}

// A scope's documents lie together, but for those of the scope without a name, which lie in between.
Task<std::vector<std::string>> read_local_scopes(CouchCore& core, std::string database,
                                                 std::optional<std::string> after, std::size_t limit) {
  std::set<std::string> scopes;
  std::string from(doc::kLocalPrefix);
  for (;;) {
    QueryText query;
    query.add_json("startkey", from).add("limit", std::to_string(kMostRows));
    MYCOUCH_CO_TRY(const http::Response answer,
                   co_await core.upstream.send({.target = database_path(core.upstream_name(database)) +
                                                          "/_local_docs" + query.text()}));
    MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kRowDepth));
    const json::Node* rows = outline.find(outline.root(), "rows");
    if (rows == nullptr) co_return not_couchdb("_local_docs has an unknown form");
    std::size_t count = 0;
    for (const json::Node& node : outline.children(*rows)) {
      ++count;
      from = string_of(outline, node, "id");
      // A tenant's and a scope's documents are named alike.
      const auto confined = confined_id(Layout::partitioned, from.substr(doc::kLocalPrefix.size()));
      if (confined) scopes.insert(confined->partition);
    }
    if (count < kMostRows) break;
    from += '\1';
  }
  std::vector<std::string> found(after ? scopes.upper_bound(*after) : scopes.begin(), scopes.end());
  if (found.size() > limit) found.resize(limit);
  co_return found;
}

}  // namespace mycouch::store::couch
