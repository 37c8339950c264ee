#include "store/couch/document_reads.h"

#include <algorithm>
#include <map>

#include "json/writer.h"

namespace mycouch::store::couch {
namespace {

constexpr std::size_t kRequestsTogether = 500;
constexpr std::chrono::seconds kIndexPatience{10};

std::unexpected<Error> missing() {
  return fail(Errc::not_found, "missing");
}

// The generation of the newest of `asked` that the document or an ancestor of it is; 0 where none is.
std::uint32_t nearest(const doc::RevPath& path, const std::vector<doc::Revision>& asked) {
  for (std::size_t i = 0; i < path.hashes.size(); ++i) {
    const doc::Revision revision{path.generation - static_cast<std::uint32_t>(i), path.hashes[i]};
    if (std::ranges::find(asked, revision) != asked.end()) return revision.generation;
  }
  return 0;
}

std::size_t bytes_of(const std::vector<OpenRevision>& revisions) {
  std::size_t bytes = 0;
  for (const OpenRevision& revision : revisions)
    bytes += revision.document ? revision.document->body.size() : 0;
  return bytes;
}

// Where a document of a view that is less than its partition stands.
Task<std::optional<Place>> place_of(Site site, std::string id) {
  MYCOUCH_CO_TRY(const bool ready, co_await site.index_ready(kIndexPatience));
  if (!ready) co_return fail(Errc::unavailable, "the index of the system database is being made");
  co_return site.core->index->place(site.database(), site.scope(), id);
}

Task<std::vector<OpenRevision>> leaves_upstream(Site site, std::string id, ReadOptions options);
Task<doc::Document> read_upstream(Site site, std::string id, ReadOptions options);
Task<void> complete(Site site, std::vector<std::vector<OpenRevision>>& read, ReadOptions options);

// The revision by which a document left the view, with its ancestors: all that its readers see of it.
Task<doc::Document> tombstone_of(Site site, std::string id, Place place, ReadOptions options) {
  doc::Document document{.id = id, .revision = place.leaf, .deleted = true};
  doc::RevPath path{place.leaf.generation, {place.leaf.hash}};
  MYCOUCH_CO_TRY(const auto leaves, co_await leaves_upstream(site, id, {.rev = {}, .revs = true}));
  for (const OpenRevision& leaf : leaves) {
    if (!leaf.document || leaf.document->revisions.generation < place.leaf.generation) continue;
    const doc::RevPath& known = leaf.document->revisions;
    const std::size_t at = known.generation - place.leaf.generation;
    if (at >= known.hashes.size() || known.hashes[at] != place.leaf.hash) continue;
    path.hashes.assign(known.hashes.begin() + static_cast<std::ptrdiff_t>(at), known.hashes.end());
    break;
  }
  if (options.revs) document.revisions = std::move(path);
  if (options.local_seq) document.local_seq = std::to_string(place.seq);
  co_return document;
}

bool names(const doc::RevPath& path, const doc::Revision& revision) {
  return nearest(path, {revision}) != 0;
}

// Entries of `_bulk_get`, one list for each request.
Result<std::vector<std::vector<OpenRevision>>> read_results(const Site& site, const http::Response& answer,
                                                            const ReadOptions& options) {
  constexpr int kDepth = 7;  // the answer, `results`, one, `docs`, one, `ok`, the document's members
  MYCOUCH_TRY(const json::Outline outline, outline_of(answer, kDepth));
  const json::Node* results = outline.find(outline.root(), "results");
  if (results == nullptr) return not_couchdb("_bulk_get has an unknown form");
  std::vector<std::vector<OpenRevision>> read;
  for (const json::Node& result : outline.children(*results)) {
    std::vector<OpenRevision>& own = read.emplace_back();
    const json::Node* docs = outline.find(result, "docs");
    if (docs == nullptr) return not_couchdb("_bulk_get has an unknown form");
    for (const json::Node& node : outline.children(*docs)) {
      MYCOUCH_TRY(OpenRevision opened, read_open_revision(outline, node));
      if (opened.document) {
        MYCOUCH_TRY(opened.document, as_read(site, *std::move(opened.document), options));
      }
      own.push_back(std::move(opened));
    }
    sort_by_precedence(own);
  }
  return read;
}

std::string bulk_get_body(const Site& site, const std::vector<RevisionRequest>& requests) {
  std::string body = R"({"docs":[)";
  for (const RevisionRequest& request : requests) {
    if (body.back() == '}') body += ',';
    body += R"({"id":)";
    json::append_string(body, site.id_upstream(request.id));
    if (request.rev) {
      body += R"(,"rev":)";
      json::append_string(body, request.rev->text());
    }
    body += '}';
  }
  return body + "]}";
}

Task<std::vector<std::vector<OpenRevision>>> requests_upstream(Site site,
                                                               std::vector<RevisionRequest> requests,
                                                               ReadOptions options) {
  QueryText query = query_of(options);
  query.flag("latest", options.latest);
  MYCOUCH_CO_TRY(const http::Response answer, co_await site.post(site.path() + "/_bulk_get" + query.text(),
                                                                 bulk_get_body(site, requests)));
  MYCOUCH_CO_TRY(auto read, read_results(site, answer, options));
  if (read.size() != requests.size()) co_return not_couchdb("_bulk_get answers with another number");
  MYCOUCH_CO_CHECK(co_await complete(std::move(site), read, std::move(options)));
  co_return read;
}

// What `_bulk_get` does not tell, and CouchDB tells of winners only.
Task<void> complete(Site site, std::vector<std::vector<OpenRevision>>& read, ReadOptions options) {
  if (!options.conflicts && !options.deleted_conflicts && !options.revs_info) co_return Result<void>();
  for (std::vector<OpenRevision>& of_one : read) {
    for (OpenRevision& opened : of_one) {
      if (!opened.document || opened.document->deleted) continue;
      options.rev.reset();
      Result<doc::Document> winner = co_await read_upstream(site, opened.document->id, options);
      if (!winner && winner.error().code == Errc::not_found) continue;  // it has gone meanwhile
      if (!winner) co_return std::unexpected(std::move(winner).error());
      if (winner->revision == opened.revision) opened.document = *std::move(winner);
    }
  }
  co_return Result<void>();
}

Task<std::vector<OpenRevision>> leaves_upstream(Site site, std::string id, ReadOptions options) {
  std::vector<RevisionRequest> requests;
  requests.push_back({.id = std::move(id), .rev = {}});
  MYCOUCH_CO_TRY(auto read,
                 co_await requests_upstream(std::move(site), std::move(requests), std::move(options)));
  // Of a document that never was there is one entry, without a revision.
  std::erase_if(read.front(), [](const OpenRevision& opened) { return opened.revision.generation == 0; });
  co_return std::move(read.front());
}

Task<doc::Document> read_upstream(Site site, std::string id, ReadOptions options) {
  QueryText query = query_of(options);
  if (options.rev) query.add("rev", options.rev->text()).flag("latest", options.latest);
  http::UpstreamRequest request{.target = site.path(id) + query.text()};
  request.headers.add("Accept", "application/json");
  MYCOUCH_CO_TRY(const http::Response answer, co_await site.send(std::move(request)));
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, 1));
  MYCOUCH_CO_TRY(doc::Document document, read_document(outline, outline.root()));
  co_return as_read(site, std::move(document), options);
}

// The revisions of one request, of a document that left the view.
Task<std::vector<OpenRevision>> left_revisions(Site site, RevisionRequest request, Place place,
                                               ReadOptions options) {
  MYCOUCH_CO_TRY(doc::Document tombstone,
                 co_await tombstone_of(site, request.id, place, {.rev = {}, .revs = true}));
  std::vector<OpenRevision> opened;
  const bool is_it = !request.rev || *request.rev == place.leaf ||
                     (options.latest && names(tombstone.revisions, *request.rev));
  if (is_it) {
    if (!options.revs) tombstone.revisions = {};
    opened.push_back({.revision = place.leaf, .document = std::move(tombstone)});
  } else {
    opened.push_back({.revision = *request.rev, .document = {}});
  }
  co_return opened;
}

Task<doc::Document> read_partial(Site site, std::string id, ReadOptions options) {
  MYCOUCH_CO_TRY(const std::optional<Place> place, co_await place_of(site, id));
  if (!place) co_return missing();
  if (!place->left) co_return co_await read_upstream(std::move(site), std::move(id), std::move(options));
  if (!options.rev && !options.deleted) co_return fail(Errc::not_found, "deleted");
  MYCOUCH_CO_TRY(auto opened, co_await left_revisions(site, {.id = id, .rev = options.rev}, *place, options));
  if (!opened.front().document) co_return missing();
  co_return *std::move(opened.front().document);
}

}  // namespace

QueryText query_of(const ReadOptions& options) {
  QueryText query;
  query.flag("revs", options.revs || !options.atts_since.empty())
      .flag("revs_info", options.revs_info)
      .flag("conflicts", options.conflicts)
      .flag("deleted_conflicts", options.deleted_conflicts)
      .add("att_encoding_info", "true");
  return query;
}

void sort_by_precedence(std::vector<OpenRevision>& leaves) {
  std::ranges::sort(leaves, [](const OpenRevision& a, const OpenRevision& b) {
    if (!a.document || !b.document) return a.document.has_value() && !b.document.has_value();
    if (a.document->deleted != b.document->deleted) return b.document->deleted;
    return a.revision > b.revision;
  });
}

Result<doc::Document> as_read(const Site& site, doc::Document document, const ReadOptions& options) {
  MYCOUCH_TRY(document, site.document_here(std::move(document)));
  document.attachment_form = options.attachments;
  document.encoding_info = options.encoding_info;
  if (!options.atts_since.empty()) document.contents_since = nearest(document.revisions, options.atts_since);
  if (!options.revs) document.revisions = {};
  if (!options.local_seq) return document;
  const auto place = site.core->index->place(site.database(), site.scope(), document.id);
  if (place && *place) document.local_seq = std::to_string((*place)->seq);
  return document;
}

Result<bool> is_seen(const Site& site, const std::string& id) {
  if (!site.partial()) return true;
  MYCOUCH_TRY(const auto place, site.core->index->place(site.database(), site.scope(), id));
  return place && !place->left;
}

Task<doc::Document> read_one(Site site, std::string id, ReadOptions options) {
  // Its path would be that of something else.
  if (!doc::check_id(id)) co_return missing();
  if (site.partial()) co_return co_await read_partial(std::move(site), std::move(id), std::move(options));
  Result<doc::Document> document = co_await read_upstream(site, id, options);
  const bool is_deleted = !document && document.error().code == Errc::not_found &&
                          document.error().reason == "deleted" && !options.rev;
  if (!is_deleted || !options.deleted) co_return document;
  MYCOUCH_CO_TRY(auto leaves, co_await leaves_upstream(std::move(site), std::move(id), std::move(options)));
  if (leaves.empty() || !leaves.front().document) co_return missing();
  co_return *std::move(leaves.front().document);
}

Task<std::vector<std::vector<OpenRevision>>> read_requests(Site site, std::vector<RevisionRequest> requests,
                                                           ReadOptions options) {
  if (requests.size() > kRequestsTogether) requests.resize(kRequestsTogether);
  std::vector<std::vector<OpenRevision>> read;
  if (!site.partial()) {
    MYCOUCH_CO_TRY(read, co_await requests_upstream(site, std::move(requests), options));
  } else {
    for (RevisionRequest& request : requests) {
      MYCOUCH_CO_TRY(const std::optional<Place> place, co_await place_of(site, request.id));
      if (!place) {
        read.push_back({{.revision = request.rev.value_or(doc::Revision{}), .document = {}}});
        continue;
      }
      if (place->left) {
        MYCOUCH_CO_TRY(read.emplace_back(),
                       co_await left_revisions(site, std::move(request), *place, options));
        continue;
      }
      std::vector<RevisionRequest> one;
      one.push_back(std::move(request));
      MYCOUCH_CO_TRY(auto found, co_await requests_upstream(site, std::move(one), options));
      read.push_back(std::move(found.front()));
    }
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < read.size(); ++i) {
    bytes += bytes_of(read[i]);
    if (bytes >= options.max_bytes) read.resize(i + 1);
  }
  co_return read;
}

Task<std::vector<OpenRevision>> read_leaves(Site site, std::string id, ReadOptions options) {
  if (!site.partial()) co_return co_await leaves_upstream(std::move(site), std::move(id), std::move(options));
  MYCOUCH_CO_TRY(const std::optional<Place> place, co_await place_of(site, id));
  if (!place) co_return std::vector<OpenRevision>();
  if (!place->left) co_return co_await leaves_upstream(std::move(site), std::move(id), std::move(options));
  co_return co_await left_revisions(std::move(site), {.id = std::move(id), .rev = {}}, *place,
                                    std::move(options));
}

Task<std::vector<OpenRevision>> read_some(Site site, std::string id, std::vector<doc::Revision> revisions,
                                          ReadOptions options) {
  std::vector<OpenRevision> opened;
  options.max_bytes = SIZE_MAX;
  // Each is answered once, also where several have the same latest one.
  for (auto at = revisions.begin(); at != revisions.end();) {
    at = std::find(revisions.begin(), at, *at) == at ? at + 1 : revisions.erase(at);
  }
  while (!revisions.empty()) {
    std::vector<RevisionRequest> requests;
    requests.reserve(revisions.size());
    for (const doc::Revision& revision : revisions) requests.push_back({.id = id, .rev = revision});
    MYCOUCH_CO_TRY(auto read, co_await read_requests(site, std::move(requests), options));
    revisions.erase(revisions.begin(), revisions.begin() + static_cast<std::ptrdiff_t>(read.size()));
    for (std::vector<OpenRevision>& of_one : read) {
      for (OpenRevision& each : of_one) {
        if (std::ranges::find(opened, each.revision, &OpenRevision::revision) == opened.end())
          opened.push_back(std::move(each));
      }
    }
  }
  co_return opened;
}

// What is asked of one document upstream, whoever of the request asks.
struct AskedRevisions {
  std::vector<std::size_t> places;  // in the request
  std::vector<doc::Revision> revisions;
};

std::string diff_body(const Site& site, const std::map<std::string, AskedRevisions>& asked) {
  std::string body = "{";
  for (const auto& [id, of_one] : asked) {
    if (body.size() > 1) body += ',';
    json::append_string(body, site.id_upstream(id));
    body += ":[";
    for (const doc::Revision& revision : of_one.revisions) {
      if (body.back() != '[') body += ',';
      json::append_string(body, revision.text());
    }
    body += ']';
  }
  return body + "}";
}

Result<std::vector<doc::Revision>> revisions_in(const json::Outline& outline, const json::Node& node,
                                                std::string_view name) {
  std::vector<doc::Revision> revisions;
  const json::Node* list = outline.find(node, name);
  if (list == nullptr) return revisions;
  for (const json::Node& text : outline.children(*list)) {
    auto revision = doc::parse_revision(json::decode_string(text.text));
    if (!revision) return not_couchdb("a revision that is none");
    revisions.push_back(*std::move(revision));
  }
  return revisions;
}

// What is missing of a document that the view has never held, or holds no more.
Task<std::vector<doc::Revision>> missing_here(Site site, std::string id, std::optional<Place> place,
                                              std::vector<doc::Revision> revisions) {
  if (!place) co_return revisions;
  MYCOUCH_CO_TRY(const doc::Document tombstone,
                 co_await tombstone_of(std::move(site), std::move(id), *place, {.rev = {}, .revs = true}));
  std::erase_if(revisions,
                [&](const doc::Revision& revision) { return names(tombstone.revisions, revision); });
  co_return revisions;
}

Task<std::vector<Database::RevisionsDiff>> diff_revisions(
    Site site, std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked) {
  std::vector<Database::RevisionsDiff> diffs(asked.size());
  std::map<std::string, AskedRevisions> upstream;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& [id, revisions] = asked[i];
    diffs[i].id = id;
    if (!doc::check_id(id)) {
      diffs[i].missing = revisions;  // no document has such an id
      continue;
    }
    if (site.partial()) {
      MYCOUCH_CO_TRY(const std::optional<Place> place, co_await place_of(site, id));
      if (!place || place->left) {
        MYCOUCH_CO_TRY(diffs[i].missing, co_await missing_here(site, id, place, revisions));
        continue;
      }
    }
    AskedRevisions& of_one = upstream[id];
    of_one.places.push_back(i);
    std::ranges::copy(revisions, std::back_inserter(of_one.revisions));
  }
  if (upstream.empty()) co_return diffs;
  MYCOUCH_CO_TRY(const http::Response answer,
                 co_await site.post(site.path() + "/_revs_diff", diff_body(site, upstream)));
  constexpr int kDepth = 3;  // the answer, an id, `missing`, a revision
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kDepth));
  for (const json::Node& node : outline.children(outline.root())) {
    MYCOUCH_CO_TRY(const std::string id, site.id_here(node.name));
    auto of_one = upstream.find(id);
    if (of_one == upstream.end()) co_return not_couchdb("_revs_diff answers for another document");
    MYCOUCH_CO_TRY(const auto missing, revisions_in(outline, node, "missing"));
    MYCOUCH_CO_TRY(const auto ancestors, revisions_in(outline, node, "possible_ancestors"));
    for (std::size_t i : of_one->second.places) {
      for (const doc::Revision& revision : missing) {
        const std::vector<doc::Revision>& own = asked[i].second;
        if (std::ranges::find(own, revision) != own.end()) diffs[i].missing.push_back(revision);
      }
      if (!diffs[i].missing.empty()) diffs[i].possible_ancestors = ancestors;
    }
  }
  co_return diffs;
}

}  // namespace mycouch::store::couch
