// Local documents: GET, PUT, DELETE of /{db}/_local/{id}.

#include "api/answers.h"
#include "api/document_path.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "api/query_values.h"
#include "json/writer.h"
#include "sync/local_document.h"

namespace mycouch::api {
namespace {

Result<std::string> local_id(const Call& call) {
  std::string id = document_id(call).substr(sync::kLocalPrefix.size());
  MYCOUCH_CHECK(sync::check_local_id(id));
  return id;
}

}  // namespace

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
  } else if (call.request().method == http::Method::copy) {
    response.headers.add("Location", location_of(call, id));
  }
  return call.send(std::move(response));
}

Task<void> get_local(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string id, local_id(call));
  MYCOUCH_CO_TRY(store::LocalDocument document, co_await call.database().read_local(id));
  std::string body;
  body.reserve(document.body.size() + 64);
  sync::append_json(body, id, document, is_true(call.query(), "revs"));
  co_return co_await call.send_json(200, std::move(body));
}

Task<void> put_local(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string id, local_id(call));
  MYCOUCH_CO_TRY(std::string body, co_await call.read_body());
  MYCOUCH_CO_TRY(json::Outline outline, json::outline(body, 1));
  MYCOUCH_CO_TRY(sync::LocalEdit edit,
                 sync::read_local_edit(outline, outline.root(), call.rules().max_document_size));
  if (edit.deleted) {
    // Whether it was there or not.
    auto removed = co_await call.database().remove_local(id);
    if (!removed && removed.error().code != Errc::not_found)
      co_return std::unexpected(std::move(removed).error());
    co_return co_await send_local_written(call, 200, document_id(call), 0);
  }
  const std::uint64_t version = edit.document.version;
  MYCOUCH_CO_CHECK(co_await call.database().write_local(id, std::move(edit.document)));
  co_return co_await send_local_written(call, 201, document_id(call), version);
}

Task<void> delete_local(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string id, local_id(call));
  MYCOUCH_CO_CHECK(co_await call.database().remove_local(id));
  co_return co_await send_local_written(call, 200, document_id(call), 0);
}

Task<void> refuse_local(DatabaseCall& call) {
  if (call.has_parameter("rest"))
    co_return fail(Errc::bad_request, "_local documents do not accept attachments.");
  co_return fail(Errc::bad_request, "Invalid _local document id.");
}

}  // namespace mycouch::api
