#include "api/multipart_edit.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "http/ascii.h"

namespace mycouch::api {
namespace {

constexpr std::string_view kRelated = "multipart/related";

std::string_view type_of(const http::Headers& headers) {
  std::string_view type = headers.find("Content-Type").value_or("");
  return http::trim(type.substr(0, type.find(';')));
}

bool is_waiting(const doc::IncomingAttachment& attachment) {
  return attachment.follows && !attachment.stored;
}

// Of the bytes that follow, where it is told.
std::optional<std::uint64_t> announced_length(const doc::IncomingAttachment& attachment) {
  if (attachment.encoding == doc::Encoding::gzip && attachment.encoded_length)
    return attachment.encoded_length;
  return attachment.length;
}

Result<void> check_digest(const doc::IncomingAttachment& attachment, const doc::StoredContent& content) {
  if (!attachment.digest || *attachment.digest == content.received_digest) return {};
  return fail(Errc::md5_mismatch, "Possible message corruption.");
}

}  // namespace

bool is_multipart_edit(const Call& call) {
  return http::equal_ignoring_case(type_of(call.request().headers), kRelated);
}

Task<MultipartEdit::Event> MultipartEdit::next() {
  for (;;) {
    MYCOUCH_CO_TRY(Event event, parts_.next());
    if (event != Event::need_more) co_return event;
    MYCOUCH_CO_TRY(std::string bytes,
                   co_await call_.exchange().read_some(std::numeric_limits<std::uint64_t>::max()));
    if (bytes.empty()) co_return Event::end;
    parts_.feed(bytes);
  }
}

Task<std::string> MultipartEdit::read_json() {
  auto boundary = http::multipart_boundary(call_.request().headers.find("Content-Type").value_or(""));
  if (!boundary) co_return fail(Errc::bad_request, "a multipart body without a boundary");
  parts_ = http::MultipartReader(*boundary);
  MYCOUCH_CO_TRY(Event event, co_await next());
  if (event != Event::part_begin) co_return fail(Errc::bad_request, "expected more data");
  if (!http::equal_ignoring_case(type_of(parts_.headers()), "application/json")) {
    co_return fail(Errc::bad_content_type, "Content-Type must be application/json");
  }
  std::string json;
  for (;;) {
    MYCOUCH_CO_TRY(event, co_await next());
    if (event == Event::part_end) co_return json;
    if (event != Event::data) co_return fail(Errc::bad_request, "expected more data");
    if (parts_.data().size() > call_.max_request() - json.size()) {
      co_return fail(Errc::too_large,
                     "the document is larger than " + std::to_string(call_.max_request()) + " bytes");
    }
    json += parts_.data();
  }
}

doc::IncomingAttachment* MultipartEdit::attachment_of_part(doc::Edit& edit) const {
  auto disposition = parts_.headers().find("Content-Disposition");
  auto name = disposition ? http::field_parameter(*disposition, "filename") : std::nullopt;
  doc::IncomingAttachment* first = nullptr;
  for (doc::IncomingAttachment& attachment : edit.attachments) {
    if (!is_waiting(attachment)) continue;
    if (attachment.name == name) return &attachment;
    if (first == nullptr) first = &attachment;
  }
  return first;
}

// A body that ends without its last boundary is taken where nothing is missing, as CouchDB does.
Task<void> MultipartEdit::read_contents(doc::Edit& edit) {
  while (std::ranges::any_of(edit.attachments, is_waiting)) {
    MYCOUCH_CO_TRY(Event event, co_await next());
    if (event == Event::end) co_return fail(Errc::bad_request, "attachment shorter than expected");
    if (event != Event::part_begin) continue;
    MYCOUCH_CO_CHECK(co_await read_content(*attachment_of_part(edit)));
  }
  co_return co_await call_.check_access();
}

Task<void> MultipartEdit::read_content(doc::IncomingAttachment& attachment) {
  store::NewContent about{.content_type = attachment.content_type, .encoding = attachment.encoding};
  if (attachment.encoding == doc::Encoding::gzip) about.decoded_length = attachment.length;
  about.kept_in_memory = std::min(about.kept_in_memory, memory_left_);
  const std::optional<std::uint64_t> announced = announced_length(attachment);
  const std::uint64_t most = std::min(announced.value_or(call_.max_attachment()), call_.max_attachment());
  if (announced && *announced > most) co_return fail(Errc::attachment_too_large, attachment.name);

  MYCOUCH_CO_TRY(auto writer, co_await call_.database().take_content(std::move(about)));
  std::uint64_t received = 0;
  for (;;) {
    MYCOUCH_CO_TRY(Event event, co_await next());
    if (event != Event::data) break;
    received += parts_.data().size();
    if (announced && received > *announced) {
      co_return fail(Errc::bad_request, "attachment longer than expected");
    }
    if (received > most) co_return fail(Errc::attachment_too_large, attachment.name);
    MYCOUCH_CO_CHECK(co_await writer->write(std::string(parts_.data())));
  }
  if (announced && received < *announced) {
    co_return fail(Errc::bad_request, "attachment shorter than expected");
  }
  MYCOUCH_CO_TRY(auto content, co_await writer->finish());
  MYCOUCH_CO_CHECK(check_digest(attachment, *content));
  memory_left_ -= std::min<std::uint64_t>(memory_left_, content->stored_length);
  attachment.stored = std::move(content);
  co_return Result<void>{};
}

}  // namespace mycouch::api
