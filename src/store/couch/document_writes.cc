#include "store/couch/document_writes.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "doc/local_revision.h"
#include "json/writer.h"
#include "store/couch/contents.h"
#include "store/couch/document_reads.h"
#include "store/couch/index_queries.h"
#include "store/couch/journal.h"

namespace mycouch::store::couch {
namespace {

// CouchDB's default for one request.
constexpr std::size_t kPurgedTogether = 100;
constexpr int kLocalAttempts = 8;

WriteOutcome failed(const doc::Edit& edit, Error error) {
  return {.id = edit.id, .revision = {}, .error = std::move(error)};
}

// The edits of one request that go in one JSON text, by their places.
std::string bulk_body(const Site& site, const std::vector<doc::Edit>& edits,
                      const std::vector<std::size_t>& places, bool new_edits) {
  std::string body = new_edits ? R"({"docs":[)" : R"({"new_edits":false,"docs":[)";
  for (std::size_t place : places) {
    if (body.back() != '[') body += ',';
    append_edit(body, site.id_upstream(edits[place].id), edits[place], new_edits);
  }
  return body + "]}";
}

Result<WriteOutcome> read_outcome(const Site& site, const json::Outline& outline, const json::Node& node,
                                  const doc::Edit& edit) {
  WriteOutcome outcome{.id = edit.id, .revision = {}, .error = {}};
  if (const std::string word = string_of(outline, node, "error"); !word.empty()) {
    outcome.error = error_of(word, site.reason_here(string_of(outline, node, "reason")));
    // What cannot be stored now is the whole request's failure: it may be sent again.
    if (outcome.error->code == Errc::unavailable) return std::unexpected(*std::move(outcome.error));
    return outcome;
  }
  auto revision = doc::parse_revision(string_of(outline, node, "rev"));
  if (!revision) return not_couchdb("a write without a revision");
  outcome.revision = *std::move(revision);
  return outcome;
}

Error too_many_indexes() {
  return {Errc::forbidden, "a database has at most " + std::to_string(doc::kMaxIndexes) + " indexes"};
}

// A parent whose generation is the last that can be counted is nobody's.
bool has_no_child(const doc::Edit& edit, bool new_edits) {
  return new_edits && edit.parent && edit.parent->generation == UINT32_MAX;
}

// With its contents in parts, as large as they are.
Task<WriteOutcome> put_edit(Site site, std::shared_ptr<const doc::Edit> edit, bool new_edits) {
  QueryText query;
  if (!new_edits) query.add("new_edits", "false");
  std::string json;
  append_edit(json, site.id_upstream(edit->id), *edit, new_edits);
  http::UpstreamRequest request{.method = http::Method::put, .target = site.path(edit->id) + query.text()};
  request.headers.add("Accept", "application/json");
  if (fits_in_json(*edit)) {
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(json);
  } else {
    RelatedBody related = related_body(site.core->pool, std::move(json), edit);
    request.headers.add("Content-Type", std::move(related.content_type));
    request.content = std::move(related.source);
  }
  request.repeatable = !new_edits;
  MYCOUCH_CO_TRY(const http::Response answer, co_await site.send(std::move(request)));
  if (answer.status >= 400) {
    Error error = error_of(answer);
    error.reason = site.reason_here(std::move(error.reason));
    co_return failed(*edit, std::move(error));
  }
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, 1));
  co_return read_outcome(site, outline, outline.root(), *edit);
}

// One request for all; one each where CouchDB refuses the request for one of them.
Task<void> put_together(Site site, const std::vector<doc::Edit>& edits, std::vector<std::size_t> places,
                        bool new_edits, std::vector<WriteOutcome>& outcomes) {
  if (places.empty()) co_return Result<void>();
  MYCOUCH_CO_TRY(
      const http::Response answer,
      co_await site.post(site.path() + "/_bulk_docs", bulk_body(site, edits, places, new_edits), !new_edits));
  if (answer.status >= 400) {
    for (std::size_t place : places) {
      auto edit = std::make_shared<const doc::Edit>(edits[place]);
      MYCOUCH_CO_TRY(outcomes[place], co_await put_edit(site, std::move(edit), new_edits));
    }
    co_return Result<void>();
  }
  constexpr int kDepth = 2;  // the answer, an entry, its members
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kDepth));
  if (new_edits) {
    auto place = places.begin();
    for (const json::Node& node : outline.children(outline.root())) {
      if (place == places.end()) co_return not_couchdb("_bulk_docs answers for more documents");
      MYCOUCH_CO_TRY(outcomes[*place], read_outcome(site, outline, node, edits[*place]));
      ++place;
    }
    if (place != places.end()) co_return not_couchdb("_bulk_docs answers for fewer documents");
    co_return Result<void>();
  }
  // Of replicated edits only those are answered that failed.
  for (std::size_t place : places) outcomes[place] = {edits[place].id, edits[place].path.leaf(), {}};
  for (const json::Node& node : outline.children(outline.root())) {
    if (outline.find(node, "error") == nullptr) continue;
    MYCOUCH_CO_TRY(const std::string id, site.id_here(string_of(outline, node, "id")));
    const std::string rev = string_of(outline, node, "rev");
    for (std::size_t place : places) {
      const bool is_it = edits[place].id == id && (rev.empty() || edits[place].path.leaf().text() == rev);
      if (!is_it) continue;
      MYCOUCH_CO_TRY(outcomes[place], read_outcome(site, outline, node, edits[place]));
    }
  }
  co_return Result<void>();
}

// Of edits made here, those that describe more indexes than a partition may have are refused.
Task<std::vector<std::size_t>> indexes_over(Site site, const std::vector<doc::Edit>& edits) {
  std::vector<std::size_t> over;
  std::map<std::string, std::size_t> counts;  // of indexes, by design document
  bool read = false;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (!edits[i].id.starts_with(doc::kDesignPrefix) || edits[i].deleted) continue;
    const std::size_t described = doc::read_indexes(edits[i].id, edits[i].body).size();
    if (described == 0) continue;
    if (!std::exchange(read, true)) {
      MYCOUCH_CO_TRY(const auto indexes, co_await read_indexes(site));
      for (const auto& index : indexes) ++counts[index->design];
    }
    std::size_t all = described;
    for (const auto& [design, count] : counts) all += design == edits[i].id ? 0 : count;
    if (all > doc::kMaxIndexes) {
      over.push_back(i);
    } else {
      counts[edits[i].id] = described;
    }
  }
  co_return over;
}

Task<std::vector<WriteOutcome>> write_upstream(Site site, std::shared_ptr<const std::vector<doc::Edit>> edits,
                                               bool new_edits) {
  std::vector<WriteOutcome> outcomes(edits->size());
  std::vector<std::size_t> together;
  std::vector<std::size_t> over;
  if (new_edits) {
    MYCOUCH_CO_TRY(over, co_await indexes_over(site, *edits));
  }
  const auto is_over = [&over](std::size_t i) { return std::ranges::find(over, i) != over.end(); };
  for (std::size_t i : over) outcomes[i] = failed((*edits)[i], too_many_indexes());
  for (std::size_t i = 0; i < edits->size(); ++i) {
    if (has_no_child((*edits)[i], new_edits)) {
      outcomes[i] = failed((*edits)[i], {Errc::conflict, "Document update conflict."});
      over.push_back(i);
    } else if (!is_over(i) && fits_in_json((*edits)[i])) {
      together.push_back(i);
    }
  }
  MYCOUCH_CO_CHECK(co_await put_together(site, *edits, std::move(together), new_edits, outcomes));
  for (std::size_t i = 0; i < edits->size(); ++i) {
    if (is_over(i) || fits_in_json((*edits)[i])) continue;
    const std::shared_ptr<const doc::Edit> edit(edits, &(*edits)[i]);
    MYCOUCH_CO_TRY(outcomes[i], co_await put_edit(site, edit, new_edits));
  }
  co_return outcomes;
}

std::string local_path(const Site& site, std::string_view id) {
  return document_path(
      site.upstream,
      std::string(doc::kLocalPrefix) + upstream_local_id(site.layout(), site.confinement.partition,
                                                         site.partial() ? site.confinement.scope : "", id));
}

using PurgedRevisions = std::map<std::string, std::vector<doc::Revision>>;

// Of these leaves, those that were removed.
Task<PurgedRevisions> purge_upstream(Site site, const PurgedRevisions& leaves) {
  std::string body = "{";
  for (const auto& [id, revisions] : leaves) {
    if (body.size() > 1) body += ',';
    json::append_string(body, site.id_upstream(id));
    body += ":[";
    for (const doc::Revision& revision : revisions) {
      if (body.back() != '[') body += ',';
      json::append_string(body, revision.text());
    }
    body += ']';
  }
  MYCOUCH_CO_TRY(const http::Response answer, co_await site.post(site.path() + "/_purge", body + "}"));
  constexpr int kDepth = 3;  // the answer, `purged`, an id, a revision
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, kDepth));
  const json::Node* purged = outline.find(outline.root(), "purged");
  if (purged == nullptr) co_return not_couchdb("_purge has an unknown form");
  PurgedRevisions removed;
  for (const json::Node& node : outline.children(*purged)) {
    MYCOUCH_CO_TRY(const std::string id, site.id_here(node.name));
    for (const json::Node& text : outline.children(node)) {
      if (auto revision = doc::parse_revision(json::decode_string(text.text)))
        removed[id].push_back(*std::move(revision));
    }
  }
  co_return removed;
}

// Those of `asked` that are leaves, of all where nothing is asked.
Task<std::vector<doc::Revision>> leaves_to_purge(Site site, std::string id,
                                                 const std::vector<doc::Revision>* asked, bool& all) {
  site.confinement.scope = site.confinement.partition;
  MYCOUCH_CO_TRY(const auto leaves, co_await read_leaves(site, std::move(id), {}));
  std::vector<doc::Revision> revisions;
  for (const OpenRevision& leaf : leaves) {
    const bool goes = asked == nullptr || std::ranges::find(*asked, leaf.revision) != asked->end();
    if (goes) revisions.push_back(leaf.revision);
  }
  all = revisions.size() == leaves.size();
  co_return revisions;
}

}  // namespace

Task<std::vector<WriteOutcome>> write_edits(Site site, std::vector<doc::Edit> edits, WriteOptions options) {
  auto shared = std::make_shared<const std::vector<doc::Edit>>(std::move(edits));
  std::vector<WriteOutcome> outcomes;
  if (site.core->rules_of(site.database()).serialized) {
    auto outcome = std::make_shared<std::vector<WriteOutcome>>();
    MYCOUCH_CO_CHECK(co_await site.core->journal->in_turn(
        [site, shared, new_edits = options.new_edits, outcome]() -> Task<void> {
          return [](Site at, std::shared_ptr<const std::vector<doc::Edit>> all, bool made_here,
                    std::shared_ptr<std::vector<WriteOutcome>> out) -> Task<void> {
            MYCOUCH_CO_TRY(*out, co_await write_upstream(std::move(at), std::move(all), made_here));
            co_return Result<void>();
          }(site, shared, new_edits, outcome);
        }));
    outcomes = std::move(*outcome);
  } else {
    MYCOUCH_CO_TRY(outcomes, co_await write_upstream(site, shared, options.new_edits));
  }
  std::vector<Follower::Edited> written;
  for (const WriteOutcome& outcome : outcomes) {
    if (!outcome.error) written.push_back({outcome.id, outcome.revision});
  }
  if (!written.empty()) {
    MYCOUCH_CO_CHECK(co_await site.follower->written(site.confinement.partition, std::move(written)));
  }
  co_return outcomes;
}

Task<void> purge_documents(Site site, std::vector<std::string> ids) {
  for (std::size_t begin = 0; begin < ids.size(); begin += kPurgedTogether) {
    PurgedRevisions leaves;
    std::vector<std::string> gone;
    for (std::size_t i = begin; i < std::min(ids.size(), begin + kPurgedTogether); ++i) {
      bool all = true;
      MYCOUCH_CO_TRY(auto revisions, co_await leaves_to_purge(site, ids[i], nullptr, all));
      if (revisions.empty()) continue;
      gone.push_back(ids[i]);
      leaves.emplace(ids[i], std::move(revisions));
    }
    if (leaves.empty()) continue;
    MYCOUCH_CO_CHECK(co_await purge_upstream(site, leaves));
    MYCOUCH_CO_CHECK(site.follower->purged(site.confinement.partition, gone));
  }
  co_return Result<void>();
}

Task<std::vector<std::vector<doc::Revision>>> purge_leaves(Site site,
                                                           std::vector<Database::PurgeRequest> requests) {
  std::vector<std::vector<doc::Revision>> purged;
  for (Database::PurgeRequest& request : requests) {
    bool all = true;
    MYCOUCH_CO_TRY(auto revisions, co_await leaves_to_purge(site, request.id, &request.revisions, all));
    if (revisions.empty()) {
      purged.emplace_back();
      continue;
    }
    const PurgedRevisions leaves{{request.id, std::move(revisions)}};
    MYCOUCH_CO_TRY(PurgedRevisions removed, co_await purge_upstream(site, leaves));
    purged.push_back(std::move(removed[request.id]));
    if (all) MYCOUCH_CO_CHECK(site.follower->purged(site.confinement.partition, {request.id}));
  }
  co_return purged;
}

Task<LocalDocument> read_local(Site site, std::string id) {
  http::UpstreamRequest request{.target = local_path(site, id)};
  request.headers.add("Accept", "application/json");
  MYCOUCH_CO_TRY(const http::Response answer, co_await site.send(std::move(request)));
  if (answer.status == 404) co_return fail(Errc::not_found, "missing");
  MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, 1));
  co_return read_local_document(outline, outline.root());
}

// What is there is replaced, whatever it is: CouchDB may compare the version before, or may not.
Task<void> write_local(Site site, std::string id, LocalDocument document) {
  std::uint64_t before = document.version > 0 ? document.version - 1 : 0;
  for (int attempt = 0; attempt < kLocalAttempts; ++attempt) {
    http::UpstreamRequest request{.method = http::Method::put, .target = local_path(site, id)};
    request.headers.add("Content-Type", "application/json");
    request.body = document.body;
    if (before > 0) {
      const bool has_members = document.body.size() > std::string_view("{}").size();
      request.body.insert(1, R"("_rev":"0-)" + std::to_string(before) + (has_members ? R"(",)" : R"(")"));
    }
    request.repeatable = true;
    MYCOUCH_CO_TRY(const http::Response answer, co_await site.send(std::move(request)));
    if (answer.status != 409) {
      MYCOUCH_CO_TRY(const json::Outline outline, outline_of(answer, 1));
      if (!string_of(outline, outline.root(), "rev").empty()) co_return Result<void>();
      co_return not_couchdb("it does not say that a local document is stored");
    }
    Result<LocalDocument> there = co_await read_local(site, id);
    if (!there && there.error().code != Errc::not_found) co_return std::unexpected(std::move(there).error());
    before = there ? there->version : 0;
  }
  co_return fail(Errc::unavailable, "too many writes of this local document at once");
}

Task<void> remove_local(Site site, std::string id) {
  for (int attempt = 0; attempt < kLocalAttempts; ++attempt) {
    MYCOUCH_CO_TRY(const LocalDocument there, co_await read_local(site, id));
    QueryText query;
    query.add("rev", "0-" + std::to_string(there.version));
    http::UpstreamRequest request{.method = http::Method::delete_,
                                  .target = local_path(site, id) + query.text()};
    MYCOUCH_CO_TRY(const http::Response answer, co_await site.send(std::move(request)));
    if (answer.status == 409) continue;
    if (answer.status == 404) co_return fail(Errc::not_found, "missing");
    MYCOUCH_CO_CHECK(check_answer(answer));
    co_return Result<void>();
  }
  co_return fail(Errc::unavailable, "too many writes of this local document at once");
}

}  // namespace mycouch::store::couch
