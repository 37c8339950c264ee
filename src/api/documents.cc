// Documents: POST /{db}, and GET, PUT, DELETE of /{db}/{id} and /{db}/_design/{name}.

#include <algorithm>
#include <utility>

#include "api/answers.h"
#include "api/document_path.h"
#include "api/document_query.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "api/multipart_answers.h"
#include "api/multipart_edit.h"
#include "base/random.h"
#include "http/accept.h"
#include "json/writer.h"
#include "sync/local_document.h"

namespace mycouch::api {
namespace {

// What the revision alone does not tell. CouchDB sends an ETag where none of it was found, asked for or not.
bool has_more_than_the_revision(const doc::Document& document) {
  return !document.revs_info.empty() || !document.conflicts.empty() || !document.deleted_conflicts.empty() ||
         document.local_seq;
}

// Those that are there before those that are missing, as CouchDB answers a list of revisions, whatever its
// order.
void sort_as_listed(std::vector<store::OpenRevision>& found) {
  std::ranges::sort(found, {}, [](const store::OpenRevision& one) {
    return std::pair(!one.document.has_value(), one.revision);
  });
}

Task<void> send_open_revisions(Call& call, store::Database& database, std::string id, DocumentQuery query) {
  std::vector<store::OpenRevision> found;
  const bool all = std::holds_alternative<AllLeaves>(*query.open_revs);
  if (auto* asked = std::get_if<std::vector<doc::Revision>>(&*query.open_revs)) {
    MYCOUCH_CO_TRY(found, co_await database.read_revisions(std::move(id), std::move(*asked), query.read));
  } else {
    MYCOUCH_CO_TRY(found, co_await database.read_all_leaves(std::move(id), query.read));
    if (found.empty()) co_return fail(Errc::not_found, "missing");
  }
  if (!all) sort_as_listed(found);
  if (http::accepts_type(call.request().headers, "multipart/mixed")) {
    co_return co_await send_mixed(call, database, std::move(found));
  }
  ResponseStream stream(call, json_response(200, {}));
  stream.text() += '[';
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0) stream.text() += ',';
    if (found[i].document) {
      stream.expect_contents(database, *found[i].document);
      stream.text() += R"({"ok":)";
      doc::append_json(stream.text(), *found[i].document);
    } else {
      stream.text() += R"({"missing":)";
      json::append_string(stream.text(), found[i].revision.text());
    }
    stream.text() += '}';
    if (stream.full()) MYCOUCH_CO_CHECK(co_await stream.flush());
  }
  stream.text() += "]\n";
  co_return co_await stream.finish();
}

// The history that is named in the body, in the URL and in If-Match; they must agree.
Result<void> join_parents(doc::Edit& edit, const Call& call, bool new_edits) {
  std::optional<doc::Revision> inside = edit.parent;
  if (!edit.path.hashes.empty()) inside = edit.path.leaf();
  MYCOUCH_TRY(auto named, parent_revision(call.query(), call.request().headers, std::move(inside)));
  if (new_edits) {
    edit.parent = std::move(named);
    return {};
  }
  if (!named) {
    return fail(Errc::bad_request,
                "When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
  }
  if (edit.path.hashes.empty()) edit.path = {named->generation, {named->hash}};
  return {};
}

Task<void> send_accepted(DatabaseCall& call, const std::string& id) {
  return call.send_json(202, R"({"ok":true,"id":)" + json::quoted(id) + "}");
}

}  // namespace

http::Response written_response(unsigned status, std::string_view id, const doc::Revision& revision) {
  std::string body = R"({"ok":true,"id":)";
  json::append_string(body, id);
  body += R"(,"rev":)";
  json::append_string(body, revision.text());
  body += "}\n";
  return json_response(status, std::move(body));
}

std::string etag_of(const doc::Revision& revision) {
  return '"' + revision.text() + '"';
}

Task<store::WriteOutcome> write_one(DatabaseCall& call, doc::Edit edit, store::WriteOptions options) {
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  MYCOUCH_CO_TRY(auto outcomes, co_await call.database().write(std::move(edits), options));
  if (outcomes.front().error) co_return std::unexpected(*std::move(outcomes.front().error));
  co_return std::move(outcomes.front());
}

Task<void> get_document(DatabaseCall& call) {
  std::string id = document_id(call);
  if (id.starts_with(sync::kLocalPrefix)) co_return co_await get_local(call);
  co_return co_await send_document(call, call.database(), std::move(id));
}

Task<void> send_document(Call& call, store::Database& database, std::string id) {
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  if (query.open_revs) {
    leave_out_the_tree(query.read);
    co_return co_await send_open_revisions(call, database, std::move(id), std::move(query));
  }
  // CouchDB takes `latest` for the winner's, whatever revision is named beside it.
  if (query.read.latest) query.read.rev.reset();
  if (query.read.rev) leave_out_the_tree(query.read);
  MYCOUCH_CO_TRY(doc::Document document, co_await database.read(std::move(id), query.read));
  std::string etag = has_more_than_the_revision(document) ? std::string() : etag_of(document.revision);
  if (!etag.empty() && etag_matches(call.request().headers, etag)) {
    http::Response unchanged;
    unchanged.status = 304;
    unchanged.headers.add("ETag", std::move(etag));
    co_return co_await call.send(std::move(unchanged));
  }
  http::Response response = json_response(200, {});
  if (!etag.empty()) response.headers.add("ETag", std::move(etag));
  if (wants_related(call, document)) {
    co_return co_await send_related(call, database, std::move(document), std::move(response));
  }
  ResponseStream stream(call, std::move(response));
  stream.text().reserve(document.body.size() + 128);
  stream.expect_contents(database, document);
  doc::append_json(stream.text(), document);
  stream.text() += '\n';
  co_return co_await stream.finish();
}

Task<void> put_document(DatabaseCall& call) {
  std::string id = document_id(call);
  if (id.starts_with(sync::kLocalPrefix)) co_return co_await put_local(call);
  MYCOUCH_CO_CHECK(doc::check_id(id));
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  const bool multipart = is_multipart_edit(call);
  if (multipart) query.batch = false;  // as CouchDB
  MultipartEdit parts(call);
  MYCOUCH_CO_TRY(std::string body, co_await (multipart ? parts.read_json() : call.read_body()));
  MYCOUCH_CO_TRY(doc::Edit edit, sync::read_edit(body, id, query.new_edits, call.rules()));
  MYCOUCH_CO_CHECK(join_parents(edit, call, query.new_edits));
  if (multipart) MYCOUCH_CO_CHECK(co_await parts.read_contents(edit));
  const unsigned done = edit.deleted ? 200 : 201;
  store::WriteOptions options{query.new_edits,
                              query.batch ? store::Durability::relaxed : store::Durability::synced};
  auto outcome = co_await write_one(call, std::move(edit), options);
  if (query.batch) {
    // CouchDB has answered by then: who wants to know of conflicts does not ask for a batch.
    if (!outcome && outcome.error().code != Errc::conflict) co_return std::unexpected(outcome.error());
    co_return co_await send_accepted(call, id);
  }
  if (!outcome) co_return std::unexpected(std::move(outcome).error());
  http::Response response = written_response(done, outcome->id, outcome->revision);
  response.headers.add("ETag", etag_of(outcome->revision));
  response.headers.add("Location", location_of(call, outcome->id));
  co_return co_await call.send(std::move(response));
}

Task<void> post_document(DatabaseCall& call) {
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  MYCOUCH_CO_TRY(std::string body, co_await call.read_json());
  MYCOUCH_CO_TRY(json::Outline outline, json::outline(body, 1));
  if (sync::id_of(outline, outline.root()).starts_with(sync::kLocalPrefix)) {
    co_return co_await post_local(call, outline);
  }
  MYCOUCH_CO_TRY(doc::Edit edit, sync::read_edit(outline, outline.root(), {}, true, call.rules()));
  if (edit.id.empty()) edit.id = base::random_uuid();
  std::string id = edit.id;
  store::WriteOptions options{true, query.batch ? store::Durability::relaxed : store::Durability::synced};
  auto outcome = co_await write_one(call, std::move(edit), options);
  if (query.batch) {
    if (!outcome && outcome.error().code != Errc::conflict) co_return std::unexpected(outcome.error());
    co_return co_await send_accepted(call, id);
  }
  if (!outcome) co_return std::unexpected(std::move(outcome).error());
  http::Response response = written_response(201, outcome->id, outcome->revision);
  response.headers.add("Location", location_of(call, outcome->id));
  co_return co_await call.send(std::move(response));
}

// What is not there is told before what is wrong with the revision, as in CouchDB.
Task<void> delete_document(DatabaseCall& call) {
  std::string id = document_id(call);
  if (id.starts_with(sync::kLocalPrefix)) co_return co_await delete_local(call);
  MYCOUCH_CO_CHECK(co_await call.database().read(id, {}));
  doc::Edit edit;
  edit.id = std::move(id);
  edit.deleted = true;
  MYCOUCH_CO_TRY(edit.parent, parent_revision(call.query(), call.request().headers));
  stamp(edit.body, call.rules().stamp);
  MYCOUCH_CO_TRY(store::WriteOutcome outcome, co_await write_one(call, std::move(edit), {}));
  http::Response response = written_response(200, outcome.id, outcome.revision);
  response.headers.add("ETag", etag_of(outcome.revision));
  co_return co_await call.send(std::move(response));
}

}  // namespace mycouch::api
