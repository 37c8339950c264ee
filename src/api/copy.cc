// COPY /{db}/{id}: a document's content, attachments included, becomes another document's.

#include "api/answers.h"
#include "api/document_path.h"
#include "api/document_query.h"
#include "api/handlers.h"
#include "base/encoding.h"
#include "sync/local_document.h"

namespace mycouch::api {
namespace {

bool is_local(std::string_view id) {
  return id.starts_with(sync::kLocalPrefix);
}

struct Destination {
  std::string id;
  std::optional<doc::Revision> rev;
};

// "id", or "id?rev=…" where that document is there already.
Result<Destination> read_destination(const http::Headers& headers) {
  auto field = headers.find("Destination");
  if (!field) return fail(Errc::bad_request, "Destination header is mandatory for COPY.");
  if (field->starts_with("http://") || field->starts_with("https://"))
    return fail(Errc::bad_request, "Destination URL must be relative.");
  std::size_t mark = field->find('?');
  Destination destination;
  auto id = base::percent_decode(field->substr(0, mark));
  if (!id || !base::is_utf8(*id)) return fail(Errc::bad_request, "Destination is not an id");
  destination.id = *std::move(id);
  if (mark != std::string_view::npos) {
    std::string_view query = field->substr(mark + 1);
    std::size_t equals = query.find('=');
    if (equals == std::string_view::npos) return fail(Errc::bad_request, "Invalid rev format");
    const std::string_view rev = query.substr(equals + 1);
    const bool local = is_local(destination.id);
    MYCOUCH_TRY(destination.rev, local ? doc::parse_local_revision(rev) : doc::parse_revision(rev));
  }
  return destination;
}

// Taken in anew, a piece at a time: the store keeps equal contents once.
Task<std::shared_ptr<const doc::StoredContent>> copy_content(store::Database& database,
                                                             doc::Attachment attachment) {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  MYCOUCH_CO_TRY(auto reader, co_await database.open_content(attachment));
  MYCOUCH_CO_TRY(auto writer, co_await database.take_content({.content_type = attachment.content_type,
                                                              .encoding = attachment.encoding,
                                                              .decoded_length = attachment.length}));
  for (std::uint64_t offset = 0; offset < attachment.stored_length;) {
    MYCOUCH_CO_TRY(std::string piece, co_await reader->read(offset, kPiece));
    offset += piece.size();
    MYCOUCH_CO_CHECK(co_await writer->write(std::move(piece)));
  }
  co_return co_await writer->finish();
}

// What an edit needs of the source: its body and its attachments.
Task<doc::Edit> read_source(DatabaseCall& call, std::optional<doc::Revision> rev) {
  std::string id = document_id(call);
  doc::Edit edit;
  if (is_local(id)) {
    MYCOUCH_CO_TRY(store::LocalDocument local, co_await read_named_local(call));
    edit.body = std::move(local.body);
    co_return edit;
  }
  store::ReadOptions options;
  options.rev = std::move(rev);
  MYCOUCH_CO_TRY(doc::Document document, co_await call.database().read(std::move(id), options));
  edit.body = std::move(document.body);
  edit.deleted = document.deleted;
  for (doc::Attachment& attachment : document.attachments) {
    doc::IncomingAttachment& copied = edit.attachments.emplace_back();
    copied.name = attachment.name;
    copied.content_type = attachment.content_type;
    MYCOUCH_CO_TRY(copied.stored, co_await copy_content(call.database(), std::move(attachment)));
  }
  co_return edit;
}

Task<void> copy_to_local(DatabaseCall& call, doc::Edit edit) {
  const std::string id = edit.id;
  MYCOUCH_CO_CHECK(sync::check_local_id(std::string_view(id).substr(sync::kLocalPrefix.size())));
  MYCOUCH_CO_TRY(const std::uint64_t version, co_await sync::write_local(call.database(), std::move(edit)));
  co_return co_await send_local_written(call, 201, id, version);
}

}  // namespace

Task<void> copy_document(DatabaseCall& call) {
  auto& parse = is_local(document_id(call)) ? doc::parse_local_revision : doc::parse_revision;
  MYCOUCH_CO_TRY(auto rev, parent_revision(call.query(), call.request().headers, {}, parse));
  MYCOUCH_CO_TRY(Destination destination, read_destination(call.request().headers));
  if (!is_local(destination.id)) MYCOUCH_CO_CHECK(doc::check_id(destination.id));
  MYCOUCH_CO_TRY(doc::Edit edit, co_await read_source(call, std::move(rev)));
  edit.id = std::move(destination.id);
  edit.parent = std::move(destination.rev);
  if (is_local(edit.id)) co_return co_await copy_to_local(call, std::move(edit));
  MYCOUCH_CO_CHECK(sync::check_code(edit, call.rules()));
  MYCOUCH_CO_TRY(store::WriteOutcome outcome, co_await write_one(call, std::move(edit), {}));
  http::Response response = written_response(201, outcome.id, outcome.revision);
  response.headers.add("Location", location_of(call, outcome.id));
  response.headers.add("ETag", etag_of(outcome.revision));
  co_return co_await call.send(std::move(response));
}

}  // namespace mycouch::api
