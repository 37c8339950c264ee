#include "api/multipart_answers.h"

#include <algorithm>
#include <utility>

#include "api/errors.h"
#include "http/accept.h"
#include "json/writer.h"
#include "sync/content_stream.h"

namespace mycouch::api {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kJsonError = "application/json; error=\"true\"";

http::Headers part_of_type(std::string_view type) {
  http::Headers headers;
  headers.add("Content-Type", std::string(type));
  return headers;
}

std::string type_with_boundary(std::string_view type, const std::string& boundary) {
  return std::string(type) + "; boundary=" + http::quoted_string(boundary);
}

// Encoded as it is stored: the JSON says so, and a replica's digests are the same.
http::Headers headers_of(const doc::Attachment& attachment) {
  http::Headers headers;
  headers.add("Content-Disposition", "attachment; filename=" + http::quoted_string(attachment.name));
  headers.add("Content-Type", attachment.content_type);
  headers.add("Content-Length", std::to_string(attachment.stored_length));
  if (attachment.encoding == doc::Encoding::gzip) headers.add("Content-Encoding", "gzip");
  return headers;
}

// One document as a body: what stands before each content, and behind the last one.
struct Related {
  doc::Document document;
  std::vector<std::string> heads;  // beside `attachments`
  std::vector<doc::Attachment> attachments;
  std::string end;  // without attachments: the JSON alone

  std::uint64_t length() const {
    std::uint64_t sum = end.size();
    for (const std::string& head : heads) sum += head.size();
    for (const doc::Attachment& attachment : attachments) sum += attachment.stored_length;
    return sum;
  }
  bool is_multipart() const { return !attachments.empty(); }
};

Related make_related(doc::Document document, const std::string& boundary) {
  document.attachment_form = doc::AttachmentForm::follows;
  document.encoding_info = true;
  Related related;
  std::string json;
  doc::append_json(json, document);
  std::ranges::copy_if(document.attachments, std::back_inserter(related.attachments),
                       [&](const doc::Attachment& attachment) { return document.sends(attachment); });
  if (!related.is_multipart()) {
    related.end = std::move(json);
    return related;
  }
  http::MultipartWriter parts(boundary);
  std::string before = parts.begin_part(part_of_type(kJson)) + json;
  for (const doc::Attachment& attachment : related.attachments) {
    related.heads.push_back(std::exchange(before, {}) + parts.begin_part(headers_of(attachment)));
  }
  related.end = parts.end();
  return related;
}

Task<void> write_content(Call& call, store::Database& database, const doc::Attachment& attachment) {
  MYCOUCH_CO_TRY(auto reader, co_await database.open_content(attachment));
  sync::ContentStream content(attachment, std::move(reader), sync::ContentForm::stored);
  for (;;) {
    MYCOUCH_CO_TRY(std::string piece, co_await content.next());
    if (piece.empty()) co_return Result<void>{};
    MYCOUCH_CO_CHECK(co_await call.exchange().write(std::move(piece)));
  }
}

Task<void> write_related(Call& call, store::Database& database, Related related) {
  for (std::size_t i = 0; i < related.attachments.size(); ++i) {
    MYCOUCH_CO_CHECK(co_await call.exchange().write(std::move(related.heads[i])));
    MYCOUCH_CO_CHECK(co_await write_content(call, database, related.attachments[i]));
  }
  co_return co_await call.exchange().write(std::move(related.end));
}

Task<void> write_error(Call& call, http::MultipartWriter& parts, std::string json) {
  co_return co_await call.exchange().write(parts.begin_part(part_of_type(kJsonError)) + json);
}

http::Response multipart_head(std::string_view type, const http::MultipartWriter& parts) {
  http::Response head;
  head.headers.add("Content-Type", type_with_boundary(type, parts.boundary()));
  return head;
}

// CouchDB's members of a failed entry, in an order of ours.
std::string error_json(std::string_view id_json, std::string_view rev_json, const Error& error) {
  std::string json = R"({"id":)";
  json.append(id_json).append(R"(,"rev":)").append(rev_json).append(R"(,"error":)");
  json::append_string(json, word_of(error.code));
  json += R"(,"reason":)";
  json::append_string(json, error.reason);
  return json + '}';
}

// _bulk_get's answer. Each revision's part tells which it is, so that it can be told without reading JSON.
class BulkMultipart {
 public:
  BulkMultipart(Call& call, store::Database& database, store::ReadOptions options)
      : call_(call),
        database_(database),
        options_(std::move(options)),
        parts_("--" + http::random_boundary()) {}

  Task<void> send(std::vector<sync::BulkGetEntry> entries) {
    const bool mixed = http::accepts_type(call_.request().headers, "multipart/mixed");
    MYCOUCH_CO_CHECK(
        co_await call_.begin(multipart_head(mixed ? "multipart/mixed" : "multipart/related", parts_)));
    for (const sync::BulkGetEntry& entry : entries) MYCOUCH_CO_CHECK(co_await send_entry(entry));
    // CouchDB closes nothing where there was nothing.
    if (!entries.empty()) MYCOUCH_CO_CHECK(co_await call_.exchange().write(parts_.end() + "\r\n"));
    co_return co_await call_.exchange().finish();
  }

 private:
  Task<void> send_entry(const sync::BulkGetEntry& entry) {
    if (const auto* error = std::get_if<Error>(&entry.request)) {
      co_return co_await write_error(call_, parts_, error_json(entry.id_json, entry.rev_json, *error));
    }
    std::vector<store::RevisionRequest> requests{std::get<store::RevisionRequest>(entry.request)};
    MYCOUCH_CO_TRY(auto found, co_await database_.read_many(std::move(requests), options_));
    for (store::OpenRevision& revision : found.front()) {
      MYCOUCH_CO_CHECK(co_await send_revision(entry, std::move(revision)));
    }
    co_return Result<void>{};
  }

  Task<void> send_revision(const sync::BulkGetEntry& entry, store::OpenRevision revision) {
    if (!revision.document) {
      std::string rev =
          revision.revision.generation == 0 ? R"("undefined")" : json::quoted(revision.revision.text());
      co_return co_await write_error(call_, parts_,
                                     error_json(entry.id_json, rev, {Errc::not_found, "missing"}));
    }
    const std::string boundary = "--" + http::random_boundary();
    http::Headers headers;
    headers.add("X-Doc-Id", revision.document->id);
    headers.add("X-Rev-Id", revision.revision.text());
    Related related = make_related(*std::move(revision.document), boundary);
    if (related.is_multipart()) {
      headers.add("Content-Type", "multipart/related; boundary=" + boundary);
    } else {
      headers = part_of_type(kJson);
    }
    MYCOUCH_CO_CHECK(co_await call_.exchange().write(parts_.begin_part(headers)));
    co_return co_await write_related(call_, database_, std::move(related));
  }

  Call& call_;
  store::Database& database_;
  store::ReadOptions options_;
  http::MultipartWriter parts_;
};

}  // namespace

bool wants_related(const Call& call, const doc::Document& document) {
  return document.attachment_form == doc::AttachmentForm::inline_data && !document.attachments.empty() &&
         http::accepts_type(call.request().headers, "multipart/related");
}

Task<void> send_related(Call& call, store::Database& database, doc::Document document, http::Response head) {
  const std::string boundary = http::random_boundary();
  Related related = make_related(std::move(document), boundary);
  head.headers.set("Content-Type", related.is_multipart() ? type_with_boundary("multipart/related", boundary)
                                                          : std::string(kJson));
  MYCOUCH_CO_CHECK(co_await call.begin(std::move(head), related.length()));
  if (call.request().method != http::Method::head) {
    MYCOUCH_CO_CHECK(co_await write_related(call, database, std::move(related)));
  }
  co_return co_await call.exchange().finish();
}

Task<void> send_mixed(Call& call, store::Database& database, std::vector<store::OpenRevision> found) {
  http::MultipartWriter parts(http::random_boundary());
  const std::string inner = http::random_boundary();
  MYCOUCH_CO_CHECK(co_await call.begin(multipart_head("multipart/mixed", parts)));
  for (store::OpenRevision& revision : found) {
    if (!revision.document) {
      MYCOUCH_CO_CHECK(
          co_await write_error(call, parts, R"({"missing":)" + json::quoted(revision.revision.text()) + "}"));
      continue;
    }
    Related related = make_related(*std::move(revision.document), inner);
    std::string type =
        related.is_multipart() ? type_with_boundary("multipart/related", inner) : std::string(kJson);
    MYCOUCH_CO_CHECK(co_await call.exchange().write(parts.begin_part(part_of_type(type))));
    MYCOUCH_CO_CHECK(co_await write_related(call, database, std::move(related)));
  }
  MYCOUCH_CO_CHECK(co_await call.exchange().write(parts.end()));
  co_return co_await call.exchange().finish();
}

bool wants_bulk_multipart(const Call& call) {
  const http::Headers& headers = call.request().headers;
  return !http::accepts_type(headers, kJson) &&
         (http::accepts_type(headers, "multipart/mixed") || http::accepts_type(headers, "multipart/related"));
}

Task<void> send_bulk_multipart(Call& call, store::Database& database, std::vector<sync::BulkGetEntry> entries,
                               store::ReadOptions options) {
  options.attachments = doc::AttachmentForm::inline_data;
  BulkMultipart answer(call, database, std::move(options));
  co_return co_await answer.send(std::move(entries));
}

}  // namespace mycouch::api
