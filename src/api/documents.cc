// Documents: POST /{db}, and GET, PUT, DELETE of /{db}/{id} and /{db}/_design/{name}.

#include "api/answers.h"
#include "api/document_path.h"
#include "api/document_query.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "api/multipart_answers.h"
#include "api/multipart_edit.h"
#include "base/encoding.h"
#include "base/random.h"
#include "http/accept.h"
#include "json/writer.h"
#include "sync/local_document.h"

namespace mycouch::api {
namespace {

std::string etag_of(const doc::Revision& revision) {
  return '"' + revision.text() + '"';
}

http::Response written(unsigned status, std::string_view id, const doc::Revision& revision) {
  std::string body = R"({"ok":true,"id":)";
  json::append_string(body, id);
  body += R"(,"rev":)";
  json::append_string(body, revision.text());
  body += "}\n";
  http::Response response = json_response(status, std::move(body));
  response.headers.add("ETag", etag_of(revision));
  return response;
}

Task<void> send_open_revisions(Call& call, store::Database& database, std::string id, DocumentQuery query) {
  std::vector<store::OpenRevision> found;
  if (auto* asked = std::get_if<std::vector<doc::Revision>>(&*query.open_revs)) {
    MYCOUCH_CO_TRY(found, co_await database.read_revisions(std::move(id), std::move(*asked), query.read));
  } else {
    MYCOUCH_CO_TRY(found, co_await database.read_all_leaves(std::move(id), query.read));
    if (found.empty()) co_return fail(Errc::not_found, "missing");
  }
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

Task<store::WriteOutcome> write_one(DatabaseCall& call, doc::Edit edit, const DocumentQuery& query) {
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  store::WriteOptions options{query.new_edits,
                              query.batch ? store::Durability::relaxed : store::Durability::synced};
  MYCOUCH_CO_TRY(auto outcomes, co_await call.database().write(std::move(edits), options));
  if (outcomes.front().error) co_return std::unexpected(*std::move(outcomes.front().error));
  co_return std::move(outcomes.front());
}

// The parent may be named in the body, in the URL and in If-Match; they must agree.
Result<void> join_parents(doc::Edit& edit, std::optional<doc::Revision> outside, bool new_edits) {
  if (!outside) return {};
  std::optional<doc::Revision> inside = new_edits ? edit.parent : std::optional(edit.path.leaf());
  if (inside && *inside != *outside) {
    return fail(Errc::bad_request, "Document rev from request body and query string have different values");
  }
  if (new_edits) edit.parent = std::move(outside);
  return {};
}

Task<void> send_accepted(DatabaseCall& call, const std::string& id) {
  return call.send_json(202, R"({"ok":true,"id":)" + json::quoted(id) + "}");
}

}  // namespace

Task<void> get_document(DatabaseCall& call) {
  std::string id = document_id(call);
  if (id.starts_with(sync::kLocalPrefix)) co_return co_await get_local(call);
  co_return co_await send_document(call, call.database(), std::move(id));
}

Task<void> send_document(Call& call, store::Database& database, std::string id) {
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  if (query.open_revs) {
    co_return co_await send_open_revisions(call, database, std::move(id), std::move(query));
  }
  MYCOUCH_CO_TRY(doc::Document document, co_await database.read(std::move(id), query.read));
  std::string etag = query.is_plain() ? etag_of(document.revision) : std::string();
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
  MYCOUCH_CO_TRY(auto parent, parent_revision(call.query(), call.request().headers));
  const bool multipart = is_multipart_edit(call);
  if (multipart) query.batch = false;  // as CouchDB
  MultipartEdit parts(call);
  MYCOUCH_CO_TRY(std::string body, co_await (multipart ? parts.read_json() : call.read_body()));
  MYCOUCH_CO_TRY(doc::Edit edit, sync::read_edit(body, id, query.new_edits, call.rules()));
  MYCOUCH_CO_CHECK(join_parents(edit, std::move(parent), query.new_edits));
  if (multipart) MYCOUCH_CO_CHECK(co_await parts.read_contents(edit));
  bool deleted = edit.deleted;
  MYCOUCH_CO_TRY(store::WriteOutcome outcome, co_await write_one(call, std::move(edit), query));
  if (query.batch) co_return co_await send_accepted(call, outcome.id);
  http::Response response = written(deleted ? 200 : 201, outcome.id, outcome.revision);
  response.headers.add("Location", std::string(call.request().raw_path()));
  co_return co_await call.send(std::move(response));
}

Task<void> post_document(DatabaseCall& call) {
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  MYCOUCH_CO_TRY(std::string body, co_await call.read_json());
  MYCOUCH_CO_TRY(doc::Edit edit, sync::read_edit(body, {}, true, call.rules()));
  if (edit.id.empty()) edit.id = base::random_uuid();
  query.new_edits = true;
  MYCOUCH_CO_TRY(store::WriteOutcome outcome, co_await write_one(call, std::move(edit), query));
  if (query.batch) co_return co_await send_accepted(call, outcome.id);
  http::Response response = written(201, outcome.id, outcome.revision);
  std::string_view path = call.request().raw_path();
  while (path.ends_with('/')) path.remove_suffix(1);
  response.headers.add("Location", std::string(path) + '/' + base::percent_encode(outcome.id));
  co_return co_await call.send(std::move(response));
}

Task<void> delete_document(DatabaseCall& call) {
  std::string id = document_id(call);
  if (id.starts_with(sync::kLocalPrefix)) co_return co_await delete_local(call);
  MYCOUCH_CO_CHECK(doc::check_id(id));
  MYCOUCH_CO_TRY(auto parent, parent_revision(call.query(), call.request().headers));
  if (parent) {
    doc::Edit edit;
    edit.id = id;
    edit.parent = std::move(parent);
    edit.deleted = true;
    stamp(edit.body, call.rules().stamp);
    auto outcome = co_await write_one(call, std::move(edit), {});
    if (outcome) co_return co_await call.send(written(200, outcome->id, outcome->revision));
    if (outcome.error().code != Errc::conflict) co_return std::unexpected(std::move(outcome).error());
  }
  // Where there is nothing to delete, CouchDB says so rather than that the revision is stale.
  MYCOUCH_CO_CHECK(co_await call.database().read(std::move(id), {}));
  co_return fail(Errc::conflict, "Document update conflict.");
}

}  // namespace mycouch::api
