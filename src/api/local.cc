// Local documents: GET, PUT, DELETE of /{db}/_local/{id}.

#include "api/answers.h"
#include "api/document_path.h"
#include "api/document_query.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "api/query_values.h"
#include "json/writer.h"
#include "sync/local_document.h"

namespace mycouch::api {
namespace {

// Without its prefix.
Result<std::string> local_id(const Call& call) {
  std::string id = document_id(call).substr(sync::kLocalPrefix.size());
  MYCOUCH_CHECK(sync::check_local_id(id));
  return id;
}

}  // namespace

Task<store::LocalDocument> read_named_local(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string id, local_id(call));
  if (const std::string* rev = call.query().find("rev")) {
    MYCOUCH_CO_CHECK(doc::parse_local_revision(*rev));
    if (!is_true(call.query(), "latest")) co_return fail(Errc::not_found, "missing");
  }
  co_return co_await call.database().read_local(std::move(id));
}

Task<void> send_local_written(DatabaseCall& call, unsigned status, const std::string& id,
                              std::uint64_t version) {
  std::string body = R"({"ok":true,"id":)";
  json::append_string(body, id);
  body += R"(,"rev":"0-)";
  json::append_number(body, version);
  body += "\"}\n";
  http::Response response = json_response(status, std::move(body));
  // The table of users and that of tenants are databases without a name in the route.
  if (call.request().method == http::Method::put) {
    response.headers.add("Location", std::string(call.request().raw_path()));
  } else if (call.request().method != http::Method::delete_) {
    response.headers.add("Location", location_of(call, id));
  }
  if (call.request().method == http::Method::copy) {
    response.headers.add("ETag", "\"0-" + std::to_string(version) + '"');
  }
  return call.send(std::move(response));
}

Task<void> get_local(DatabaseCall& call) {
  MYCOUCH_CO_TRY(store::LocalDocument document, co_await read_named_local(call));
  MYCOUCH_CO_TRY(std::string id, local_id(call));
  std::string body;
  body.reserve(document.body.size() + 64);
  sync::append_json(body, id, document, is_true(call.query(), "revs"));
  co_return co_await call.send_json(200, std::move(body));
}

Task<void> put_local(DatabaseCall& call) {
  const std::string id = document_id(call);
  // What is wrong with the URL is told before what is wrong with the body.
  if (const std::string* rev = call.query().find("rev")) MYCOUCH_CO_CHECK(doc::parse_local_revision(*rev));
  MYCOUCH_CO_TRY(std::string body, co_await call.read_body());
  MYCOUCH_CO_TRY(json::Outline outline, json::outline(body, 1));
  MYCOUCH_CO_TRY(doc::Edit edit,
                 sync::read_local_edit(outline, outline.root(), id, call.rules().max_document_size));
  MYCOUCH_CO_TRY(edit.parent, parent_revision(call.query(), call.request().headers, std::move(edit.parent),
                                              doc::parse_local_revision));
  const unsigned done = edit.deleted ? 200 : 201;
  MYCOUCH_CO_TRY(const std::uint64_t version, co_await sync::write_local(call.database(), std::move(edit)));
  co_return co_await send_local_written(call, done, id, version);
}

Task<void> post_local(DatabaseCall& call, const json::Outline& outline) {
  const std::string id = sync::id_of(outline, outline.root());
  MYCOUCH_CO_TRY(doc::Edit edit,
                 sync::read_local_edit(outline, outline.root(), id, call.rules().max_document_size));
  MYCOUCH_CO_TRY(const std::uint64_t version, co_await sync::write_local(call.database(), std::move(edit)));
  co_return co_await send_local_written(call, 201, id, version);
}

// What is not there is told before what is wrong with the revision, as of other documents.
Task<void> delete_local(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string id, local_id(call));
  MYCOUCH_CO_CHECK(co_await call.database().read_local(id));
  MYCOUCH_CO_CHECK(parent_revision(call.query(), call.request().headers, {}, doc::parse_local_revision));
  MYCOUCH_CO_CHECK(co_await call.database().remove_local(id));
  co_return co_await send_local_written(call, 200, document_id(call), 0);
}

Task<void> refuse_local(DatabaseCall& call) {
  if (call.has_parameter("rest"))
    co_return fail(Errc::bad_request, "_local documents do not accept attachments.");
  co_return fail(Errc::bad_request, "Invalid _local document id.");
}

}  // namespace mycouch::api
