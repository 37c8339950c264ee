// Attachments on their own: GET, PUT, DELETE of /{db}/{id}/{name}; a name may hold slashes. Contents are
// streamed from the request to the store, and from the store to the answer.

#include <algorithm>

#include "api/document_path.h"
#include "api/document_query.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "base/encoding.h"
#include "http/ascii.h"
#include "http/byte_ranges.h"
#include "http/gzip.h"
#include "http/multipart.h"
#include "json/writer.h"
#include "sync/content_stream.h"
#include "sync/local_document.h"

namespace mycouch::api {
namespace {

std::unexpected<Error> no_attachment() {
  return fail(Errc::not_found, "Document is missing attachment");
}

Result<void> check_no_local(std::string_view id) {
  if (!id.starts_with(sync::kLocalPrefix)) return {};
  return fail(Errc::bad_request, "_local documents do not accept attachments.");
}

Result<void> check_target(const std::string& id, std::string_view name) {
  MYCOUCH_CHECK(check_no_local(id));
  MYCOUCH_CHECK(doc::check_id(id));
  if (name.starts_with('_')) {
    return fail(Errc::bad_request,
                "Attachment name '" + std::string(name) + "' starts with prohibited character '_'");
  }
  return {};
}

// The revision that an attachment is put to or taken from; CouchDB's word where there is none.
Task<doc::Document> read_parent(DatabaseCall& call, std::string id, const doc::Revision& parent) {
  store::ReadOptions options;
  options.rev = parent;
  auto document = co_await call.database().read(std::move(id), std::move(options));
  if (!document && document.error().code == Errc::not_found) co_return fail(Errc::missing_rev, "missing_rev");
  co_return document;
}

// The edit that keeps the document as it is, with its attachments but `name`.
doc::Edit edit_without(doc::Document document, std::string_view name) {
  doc::Edit edit;
  edit.id = std::move(document.id);
  edit.parent = std::move(document.revision);
  edit.body = std::move(document.body);
  for (doc::Attachment& attachment : document.attachments) {
    if (attachment.name == name) continue;
    doc::IncomingAttachment& kept = edit.attachments.emplace_back();
    kept.name = std::move(attachment.name);
    kept.content_type = std::move(attachment.content_type);
  }
  return edit;
}

Result<doc::Encoding> encoding_of(const http::Headers& headers) {
  std::string_view coding = http::trim(headers.find("Content-Encoding").value_or("identity"));
  if (http::equal_ignoring_case(coding, "identity")) return doc::Encoding::identity;
  if (http::equal_ignoring_case(coding, "gzip")) return doc::Encoding::gzip;
  return fail(Errc::bad_content_type, "Only gzip and identity content-encodings are supported");
}

// The request's body, streamed to the store.
Task<std::shared_ptr<const doc::StoredContent>> take_body(DatabaseCall& call, const std::string& name,
                                                          store::NewContent about) {
  const std::uint64_t most = call.max_attachment();
  const http::Headers& headers = call.request().headers;
  MYCOUCH_CO_TRY(auto writer, co_await call.database().take_content(std::move(about)));
  for (;;) {
    auto piece = co_await call.exchange().read_some(most);
    if (!piece && piece.error().code == Errc::too_large) co_return fail(Errc::attachment_too_large, name);
    MYCOUCH_CO_CHECK(piece);
    if (piece->empty()) break;
    MYCOUCH_CO_CHECK(co_await writer->write(*std::move(piece)));
  }
  MYCOUCH_CO_TRY(auto content, co_await writer->finish());
  MYCOUCH_CO_CHECK(co_await call.check_access());
  if (auto digest = headers.find("Content-MD5");
      digest && http::trim(*digest) != base::to_base64(base::as_text(content->received_digest))) {
    co_return fail(Errc::md5_mismatch, "Possible message corruption.");
  }
  co_return content;
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

// What every answer with an attachment's content carries.
void add_content_fields(http::Headers& headers, const doc::Attachment& attachment) {
  headers.add("Cache-Control", "must-revalidate");
  // What one user uploads must not run as a page of this origin for another.
  headers.add("Content-Security-Policy", "sandbox");
  headers.add("X-Content-Type-Options", "nosniff");
  headers.add("Accept-Ranges", attachment.encoding == doc::Encoding::identity ? "bytes" : "none");
  if (attachment.encoding != doc::Encoding::identity) headers.add("Vary", "Accept-Encoding");
}

bool is_head(const Call& call) {
  return call.request().method == http::Method::head;
}

Task<void> send_content(Call& call, sync::ContentStream& content) {
  if (is_head(call)) co_return Result<void>{};
  for (;;) {
    MYCOUCH_CO_TRY(std::string piece, co_await content.next());
    if (piece.empty()) co_return Result<void>{};
    MYCOUCH_CO_CHECK(co_await call.exchange().write(std::move(piece)));
  }
}

// Whole, encoded as it is stored where the client takes that. How long decoded content is, is known only from
// whoever encoded it, and not always: then the answer is chunked.
Task<void> send_whole(Call& call, http::Response head, store::Database::AttachmentContent found) {
  const doc::Attachment& attachment = found.attachment;
  auto form = sync::ContentForm::stored;
  std::optional<std::uint64_t> length = attachment.stored_length;
  if (attachment.encoding == doc::Encoding::gzip) {
    if (http::accepts_gzip(call.request().headers.find("Accept-Encoding").value_or(""))) {
      head.headers.add("Content-Encoding", "gzip");
    } else {
      head.headers.add("Content-Encoding", "identity");
      form = sync::ContentForm::decoded;
      length.reset();
    }
  }
  sync::ContentStream content(attachment, std::move(found.content), form);
  MYCOUCH_CO_CHECK(co_await call.begin(std::move(head), length));
  MYCOUCH_CO_CHECK(co_await send_content(call, content));
  co_return co_await call.exchange().finish();
}

Task<void> send_range(Call& call, http::Response head, store::Database::AttachmentContent found,
                      http::ByteRange range) {
  head.status = 206;
  head.headers.add("Content-Range", range.of(found.attachment.length));
  sync::ContentStream content(found.attachment, std::move(found.content), sync::ContentForm::stored);
  content.restrict_to(range.first, range.last);
  MYCOUCH_CO_CHECK(co_await call.begin(std::move(head), range.length()));
  MYCOUCH_CO_CHECK(co_await send_content(call, content));
  co_return co_await call.exchange().finish();
}

Task<void> send_ranges(DatabaseCall& call, http::Response head, store::Database::AttachmentContent found,
                       std::vector<http::ByteRange> ranges) {
  http::MultipartWriter parts(http::random_boundary());
  head.status = 206;
  head.headers.set("Content-Type", "multipart/byteranges; boundary=" + http::quoted_string(parts.boundary()));
  MYCOUCH_CO_CHECK(co_await call.begin(std::move(head)));
  for (const http::ByteRange& range : ranges) {
    http::Headers headers;
    headers.add("Content-Type", found.attachment.content_type);
    headers.add("Content-Range", range.of(found.attachment.length));
    MYCOUCH_CO_CHECK(co_await call.exchange().write(parts.begin_part(headers)));
    MYCOUCH_CO_TRY(auto reader, co_await call.database().open_content(found.attachment));
    sync::ContentStream content(found.attachment, std::move(reader), sync::ContentForm::stored);
    content.restrict_to(range.first, range.last);
    MYCOUCH_CO_CHECK(co_await send_content(call, content));
  }
  MYCOUCH_CO_CHECK(co_await call.exchange().write(parts.end()));
  co_return co_await call.exchange().finish();
}

}  // namespace

Task<void> get_attachment(DatabaseCall& call) {
  std::string id = document_id(call);
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  std::string name(call.parameter("attachment"));
  MYCOUCH_CO_TRY(auto found,
                 co_await call.database().read_attachment(std::move(id), query.read.rev, std::move(name)));
  const http::Headers& asked = call.request().headers;
  std::string etag = '"' + base::to_base64(base::as_text(found.attachment.digest)) + '"';
  http::Response head;
  if (etag_matches(asked, etag)) {
    head.status = 304;
    head.headers.add("ETag", std::move(etag));
    co_return co_await call.send(std::move(head));
  }
  head.headers.add("ETag", std::move(etag));
  head.headers.add("Content-Type", found.attachment.content_type);
  add_content_fields(head.headers, found.attachment);
  std::vector<http::ByteRange> ranges;
  if (found.attachment.encoding == doc::Encoding::identity) {
    MYCOUCH_CO_TRY(ranges,
                   http::parse_byte_ranges(asked.find("Range").value_or(""), found.attachment.length));
  }
  if (ranges.empty()) co_return co_await send_whole(call, std::move(head), std::move(found));
  if (ranges.size() == 1) {
    co_return co_await send_range(call, std::move(head), std::move(found), ranges.front());
  }
  co_return co_await send_ranges(call, std::move(head), std::move(found), std::move(ranges));
}

Task<void> put_attachment(DatabaseCall& call) {
  std::string id = document_id(call);
  std::string name(call.parameter("attachment"));
  MYCOUCH_CO_CHECK(check_target(id, name));
  const http::Headers& headers = call.request().headers;
  MYCOUCH_CO_TRY(auto parent, parent_revision(call.query(), headers));
  store::NewContent about{.content_type =
                              std::string(headers.find("Content-Type").value_or("application/octet-stream"))};
  MYCOUCH_CO_TRY(about.encoding, encoding_of(headers));

  doc::Edit edit;
  if (parent) {
    MYCOUCH_CO_TRY(doc::Document document, co_await read_parent(call, id, *parent));
    edit = edit_without(std::move(document), name);
  } else {
    edit.id = id;
    stamp(edit.body, call.rules().stamp);
  }
  doc::IncomingAttachment attachment;
  attachment.name = name;
  attachment.content_type = about.content_type;
  // Bytes that come encoded are not decoded here: CouchDB tells their own length as the content's.
  MYCOUCH_CO_TRY(attachment.stored, co_await take_body(call, name, std::move(about)));
  edit.attachments.push_back(std::move(attachment));
  MYCOUCH_CO_TRY(doc::Revision revision, co_await write(call, std::move(edit)));
  http::Response response = written(201, id, revision);
  response.headers.add("Location", std::string(call.request().raw_path()));
  co_return co_await call.send(std::move(response));
}

Task<void> delete_attachment(DatabaseCall& call) {
  std::string id = document_id(call);
  std::string name(call.parameter("attachment"));
  MYCOUCH_CO_CHECK(check_no_local(id));
  MYCOUCH_CO_TRY(auto parent, parent_revision(call.query(), call.request().headers));
  MYCOUCH_CO_TRY(doc::Document document,
                 co_await (parent ? read_parent(call, id, *parent) : call.database().read(id, {})));
  if (std::ranges::find(document.attachments, name, &doc::Attachment::name) == document.attachments.end()) {
    co_return no_attachment();
  }
  if (!parent) co_return fail(Errc::conflict, "Document update conflict.");
  MYCOUCH_CO_TRY(doc::Revision revision, co_await write(call, edit_without(std::move(document), name)));
  co_return co_await call.send(written(200, id, revision));
}

}  // namespace mycouch::api
