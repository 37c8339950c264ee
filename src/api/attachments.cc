// Attachments on their own: GET, PUT, DELETE of /{db}/{id}/{name}; a name may hold slashes.

#include <algorithm>

#include "api/document_path.h"
#include "api/document_query.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "base/encoding.h"
#include "json/writer.h"
#include "sync/local_document.h"

namespace mycouch::api {
namespace {

std::unexpected<Error> no_attachment() {
  return fail(Errc::not_found, "Document is missing attachment");
}

Result<void> check_target(const std::string& id, std::string_view name) {
  if (id.starts_with(sync::kLocalPrefix)) {
    return fail(Errc::bad_request, "_local documents do not accept attachments.");
  }
  MYCOUCH_CHECK(doc::check_id(id));
  if (name.starts_with('_')) {
    return fail(Errc::bad_request,
                "Attachment name '" + std::string(name) + "' starts with prohibited character '_'");
  }
  return {};
}

// The edit that keeps the document as it is in the revision `parent`, with its attachments but `name`.
Task<doc::Edit> edit_without(DatabaseCall& call, std::string id, std::optional<doc::Revision> parent,
                             std::string_view name) {
  store::ReadOptions options;
  options.rev = parent;
  auto document = co_await call.database().read(std::move(id), options);
  if (!document && parent && document.error().code == Errc::not_found) {
    co_return fail(Errc::conflict, "Document update conflict.");
  }
  MYCOUCH_CO_CHECK(document);
  doc::Edit edit;
  edit.id = std::move(document->id);
  edit.parent = std::move(document->revision);
  edit.body = std::move(document->body);
  for (doc::Attachment& attachment : document->attachments) {
    if (attachment.name == name) continue;
    edit.attachments.push_back({std::move(attachment.name),
                                std::move(attachment.content_type),
                                {},
                                attachment.digest,
                                attachment.revpos,
                                false});
  }
  co_return edit;
}

Task<doc::Revision> write(DatabaseCall& call, doc::Edit edit) {
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  MYCOUCH_CO_TRY(auto outcomes, co_await call.database().write(std::move(edits), {}));
  if (outcomes.front().error) co_return std::unexpected(*std::move(outcomes.front().error));
  co_return std::move(outcomes.front().revision);
}

http::Response written(unsigned status, std::string_view id, const doc::Revision& revision) {
  std::string body = R"({"ok":true,"id":)";
  json::append_string(body, id);
  body += R"(,"rev":)";
  json::append_string(body, revision.text());
  return json_response(status, body + "}\n");
}

}  // namespace

Task<void> get_attachment(DatabaseCall& call) {
  std::string id = document_id(call);
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  std::string name(call.parameter("attachment"));
  MYCOUCH_CO_TRY(auto content,
                 co_await call.database().read_attachment(std::move(id), query.read.rev, std::move(name)));
  std::string etag = '"' + base::to_base64(base::as_text(content.attachment.digest)) + '"';
  http::Response response;
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control", "must-revalidate");
  if (etag_matches(call.request().headers, etag)) {
    response.status = 304;
    co_return co_await call.send(std::move(response));
  }
  response.headers.add("Content-Type", content.attachment.content_type);
  // What one user uploads must not run as a page of this origin for another.
  response.headers.add("Content-Security-Policy", "sandbox");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Accept-Ranges", "none");
  if (content.attachment.encoding == doc::Encoding::gzip) response.headers.add("Content-Encoding", "gzip");
  response.body = std::move(content.bytes);
  co_return co_await call.send(std::move(response));
}

Task<void> put_attachment(DatabaseCall& call) {
  std::string id = document_id(call);
  std::string name(call.parameter("attachment"));
  MYCOUCH_CO_CHECK(check_target(id, name));
  MYCOUCH_CO_TRY(auto parent, parent_revision(call.query(), call.request().headers));
  const http::Headers& headers = call.request().headers;
  MYCOUCH_CO_TRY(std::string data, co_await call.read_body());

  doc::Edit edit;
  if (parent) {
    MYCOUCH_CO_TRY(edit, co_await edit_without(call, std::move(id), std::move(parent), name));
  } else {
    edit.id = std::move(id);
    stamp(edit.body, call.rules().stamp);
  }
  std::string type(headers.find("Content-Type").value_or("application/octet-stream"));
  edit.attachments.push_back({std::move(name), std::move(type), std::move(data), {}, {}, false});
  std::string written_id = edit.id;
  MYCOUCH_CO_TRY(doc::Revision revision, co_await write(call, std::move(edit)));
  http::Response response = written(201, written_id, revision);
  response.headers.add("Location", std::string(call.request().raw_path()));
  co_return co_await call.send(std::move(response));
}

Task<void> delete_attachment(DatabaseCall& call) {
  std::string id = document_id(call);
  std::string name(call.parameter("attachment"));
  MYCOUCH_CO_CHECK(check_target(id, name));
  MYCOUCH_CO_TRY(auto parent, parent_revision(call.query(), call.request().headers));
  store::ReadOptions options;
  options.rev = parent;
  MYCOUCH_CO_TRY(doc::Document document, co_await call.database().read(id, options));
  if (std::ranges::find(document.attachments, name, &doc::Attachment::name) == document.attachments.end()) {
    co_return no_attachment();
  }
  if (!parent) co_return fail(Errc::conflict, "Document update conflict.");
  MYCOUCH_CO_TRY(doc::Edit edit, co_await edit_without(call, id, std::move(parent), name));
  MYCOUCH_CO_TRY(doc::Revision revision, co_await write(call, std::move(edit)));
  co_return co_await call.send(written(200, id, revision));
}

}  // namespace mycouch::api
