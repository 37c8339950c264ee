#include "store/couch/index_queries.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "json/value.h"
#include "json/writer.h"
#include "store/couch/document_reads.h"
#include "store/couch/ranges.h"

namespace mycouch::store::couch {
namespace {

constexpr std::string_view kIndexName = "rows";
constexpr std::size_t kMostRows = 500;  // of one request

// A place in the rows of an index: so many behind a bookmark of CouchDB's.
struct RowPosition {
  std::string bookmark;
  std::uint64_t offset = 0;

  std::string text() const { return std::to_string(offset) + ' ' + bookmark; }

  static RowPosition parse(std::string_view text) {
    RowPosition position;
    const std::size_t space = std::min(text.find(' '), text.size());
    std::uint64_t offset = 0;
    for (char c : text.substr(0, space)) offset = 10 * offset + static_cast<std::uint64_t>(c - '0');
    position.offset = offset;
    if (space < text.size()) position.bookmark = text.substr(space + 1);
    return position;
  }
};

std::string tenant_field(const Site& site) {
  return site.layout() == Layout::partitioned ? site.core->tenant_field(site.database()) : "";
}

// The fields of the upstream index: the tenant's goes before. It is the same in all documents of a tenant, so
// the order of the others is that of the index.
std::vector<std::string> fields_of(const Site& site, const doc::IndexDefinition& index) {
  std::vector<std::string> fields;
  const std::string tenant = tenant_field(site);
  if (!tenant.empty()) fields.push_back(tenant);
  std::ranges::copy_if(index.fields, std::back_inserter(fields),
                       [&tenant](const std::string& field) { return field != tenant; });
  return fields;
}

json::Object definition_of(const Site& site, const doc::IndexDefinition& index) {
  json::Array fields;
  for (std::string& field : fields_of(site, index)) fields.emplace_back(std::move(field));
  json::Object definition;
  definition.set("fields", std::move(fields));
  if (const json::Value* filter = index.map.find("partial_filter_selector")) {
    definition.set("partial_filter_selector", *filter);
  }
  return definition;
}

std::string design_name(const json::Object& definition) {
  constexpr std::size_t kBytes = 12;
  const base::Sha256 digest = base::sha256(json::write(definition));
  return "mycouch-" + base::to_hex(base::as_text(digest).substr(0, kBytes));
}

Task<void> ensure_index(Site site, json::Object definition, std::string design) {
  if (!site.core->begins_index(site.database(), design)) co_return Result<void>();
  json::Object request{{"index", std::move(definition)}, {"ddoc", design}, {"name", std::string(kIndexName)}};
  MYCOUCH_CO_TRY(const http::Response answer,
                 co_await site.post(site.path() + "/_index", json::write(request)));
  if (Result<void> made = check_answer(answer); !made) {
    site.core->forget_index(site.database(), design);
    co_return made;
  }
  co_return Result<void>();
}

// What rows within the bounds have at least; the rest is left out as they come.
json::Object selector_of(const Site& site, const IndexQuery& query) {
  json::Array all;
  if (std::string tenant = tenant_field(site); !tenant.empty()) {
    all.emplace_back(json::Object{{tenant, site.confinement.partition}});
  }
  if (!site.confinement.partition.empty()) {
    std::string prefix = partition_prefix(site.confinement.partition);
    std::string behind = prefix;
    behind.back() = ';';
    all.emplace_back(json::Object{{"_id", json::Object{{"$gt", prefix}, {"$lt", behind}}}});
  }
  bool same_so_far = true;
  for (std::size_t i = 0; i < query.index->fields.size(); ++i) {
    json::Object condition{{"$exists", true}};
    const json::Value* low = same_so_far && i < query.low.size() ? &query.low[i] : nullptr;
    const json::Value* high = same_so_far && i < query.high.size() ? &query.high[i] : nullptr;
    same_so_far = low != nullptr && high != nullptr && *low == *high;
    if (same_so_far) {
      condition.set("$eq", *low);
    } else {
      if (low != nullptr) condition.set("$gte", *low);
      if (high != nullptr) condition.set("$lte", *high);
    }
    all.emplace_back(json::Object{{query.index->fields[i], std::move(condition)}});
  }
  return json::Object{{"$and", std::move(all)}};
}

std::string find_body(const Site& site, const IndexQuery& query, const std::string& design,
                      const std::string& bookmark, std::size_t limit) {
  json::Array sort;
  for (std::string& field : fields_of(site, *query.index)) {
    sort.emplace_back(json::Object{{field, query.descending ? "desc" : "asc"}});
  }
  json::Object request{{"selector", selector_of(site, query)},
                       {"use_index", json::Array{"_design/" + design, std::string(kIndexName)}},
                       {"sort", std::move(sort)},
                       {"limit", static_cast<std::uint64_t>(limit)},
                       {"conflicts", query.read.conflicts}};
  if (!bookmark.empty()) request.set("bookmark", bookmark);
  return json::write(request);
}

class Bounds {
 public:
  explicit Bounds(const IndexQuery& query)
      : index_(*query.index), low_(doc::index_key(query.low)), high_(doc::index_key(query.high)) {}

  bool hold(const doc::Document& document) const {
    const auto key = doc::index_key(index_, doc::as_value(document));
    return key && *key >= low_ && (high_.empty() || *key <= high_ || key->starts_with(high_));
  }

 private:
  const doc::IndexDefinition& index_;
  std::string low_;
  std::string high_;
};

}  // namespace

Task<std::vector<Database::Index>> read_indexes(Site site) {
  std::vector<Database::Index> indexes;
  if (site.partial()) co_return indexes;
  AllDocsQuery query{.start = std::string(doc::kDesignPrefix),
                     .end = "_design0",
                     .inclusive_end = false,
                     .include_docs = true};
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(const AllDocsPage page, co_await read_range(site, query));
    for (const AllDocsRow& row : page.rows) {
      if (!row.document) continue;
      for (doc::IndexDefinition& index : doc::read_indexes(row.id, row.document->body)) {
        // Those of ours have no readers of their own.
        if (!row.id.starts_with("_design/mycouch-"))
          indexes.push_back(std::make_shared<const doc::IndexDefinition>(std::move(index)));
      }
    }
    at_end = page.at_end;
    if (!page.rows.empty()) query.start = page.rows.back().id + '\0';
  }
  if (indexes.size() > doc::kMaxIndexes) indexes.resize(doc::kMaxIndexes);
  co_return indexes;
}

namespace {

// Whether the partition describes this index still.
Task<bool> describes(Site site, std::shared_ptr<const doc::IndexDefinition> index) {
  if (site.partial()) co_return false;
  Result<doc::Document> design = co_await read_one(std::move(site), index->design, {});
  if (!design && design.error().code == Errc::not_found) co_return false;
  if (!design) co_return std::unexpected(std::move(design).error());
  // The order of the fields counts.
  const std::string map = json::write(index->map);
  for (const doc::IndexDefinition& described : doc::read_indexes(design->id, design->body)) {
    if (described.name == index->name && json::write(described.map) == map) co_return true;
  }
  co_return false;
}

}  // namespace

Task<IndexPage> read_index_page(Site site, IndexQuery query) {
  IndexPage page;
  MYCOUCH_CO_TRY(const bool described, co_await describes(site, query.index));
  if (!described) co_return fail(Errc::not_found, "missing");
  if (query.limit == 0) co_return page;
  json::Object definition = definition_of(site, *query.index);
  const std::string design = design_name(definition);
  MYCOUCH_CO_CHECK(co_await ensure_index(site, std::move(definition), design));
  const Bounds bounds(query);
  RowPosition at = RowPosition::parse(query.after);
  std::size_t bytes = 0;
  for (;;) {
    const std::size_t wanted = std::min(kMostRows, query.limit - page.rows.size());
    const std::size_t limit = wanted + at.offset;
    MYCOUCH_CO_TRY(
        const http::Response answer,
        co_await site.post(site.path() + "/_find", find_body(site, query, design, at.bookmark, limit)));
    constexpr int kDepth = 3;  // the answer, `docs`, a document, its members
    MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kDepth));
    const json::Node* docs = outline.find(outline.root(), "docs");
    if (docs == nullptr) co_return not_couchdb("_find has an unknown form");
    const std::string bookmark = string_of(outline, outline.root(), "bookmark");
    std::uint64_t count = 0;
    for (const json::Node& node : outline.children(*docs)) {
      if (++count <= at.offset) continue;
      MYCOUCH_CO_TRY(doc::Document document, read_document(outline, node));
      MYCOUCH_CO_TRY(document, as_read(site, std::move(document), query.read));
      if (document.id.starts_with(doc::kDesignPrefix) || !bounds.hold(document)) continue;
      bytes += document.body.size();
      const RowPosition position{.bookmark = at.bookmark, .offset = count};
      page.rows.push_back({.position = position.text(), .document = std::move(document)});
      if (bytes >= query.max_bytes) {
        page.at_end = false;
        co_return page;
      }
    }
    if (count < limit) co_return page;
    at = {.bookmark = bookmark, .offset = 0};
    if (page.rows.size() < query.limit) continue;
    page.rows.back().position = at.text();
    page.at_end = false;
    co_return page;
  }
}

}  // namespace mycouch::store::couch
