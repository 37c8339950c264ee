#include "api/call.h"

#include <algorithm>

#include "api/errors.h"
#include "http/ascii.h"

namespace mycouch::api {
namespace {

bool is_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type == "application/json";
}

Result<void> check_not_encoded(const http::Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (http::equal_ignoring_case(name, "Content-Encoding") &&
        !http::equal_ignoring_case(value, "identity")) {
      return fail(Errc::bad_content_type,
                  "a body with a Content-Encoding is not accepted: send it uncompressed");
    }
  }
  return {};
}

}  // namespace

Call::Call(http::Exchange& exchange, http::Query query, http::RouteParameters parameters,
           http::Headers common, std::shared_ptr<const auth::Principal> caller, std::uint64_t max_request)
    : exchange_(exchange),
      query_(std::move(query)),
      parameters_(std::move(parameters)),
      common_(std::move(common)),
      caller_(std::move(caller)),
      max_request_(max_request) {}

tenancy::Actor Call::actor() const {
  return {.principal = caller_, .request_id = request().id, .address = request().remote_address};
}

Task<void> Call::check_access() {
  co_return Result<void>();
}

Task<std::string> Call::read_body() {
  co_return co_await read_plain(max_request_);
}

Task<std::string> Call::read_plain(std::uint64_t max_bytes) {
  MYCOUCH_CO_CHECK(check_not_encoded(request().headers));
  MYCOUCH_CO_TRY(std::string body, co_await exchange_.read_body(max_bytes));
  MYCOUCH_CO_CHECK(co_await check_access());
  co_return body;
}

Task<std::string> Call::read_json() {
  return read_json(max_request_);
}

Task<std::string> Call::read_json(std::uint64_t max_bytes) {
  if (!is_json(request().headers.find("Content-Type").value_or(""))) {
    co_return fail(Errc::bad_content_type, "Content-Type must be application/json");
  }
  co_return co_await read_plain(std::min(max_bytes, max_request_));
}

Task<json::Object> Call::read_object(std::uint64_t max_bytes) {
  MYCOUCH_CO_TRY(std::string body, co_await read_json(max_bytes));
  MYCOUCH_CO_TRY(json::Value value, json::parse(body));
  json::Object* object = value.as_object();
  if (!object) co_return fail(Errc::bad_request, "Request body must be a JSON object");
  co_return std::move(*object);
}

void Call::add_common(http::Response& response) const {
  for (const auto& [name, value] : common_) response.headers.add(name, value);
}

Task<void> Call::send(http::Response response) {
  add_common(response);
  return exchange_.send(std::move(response));
}

Task<void> Call::send_json(unsigned status, std::string body) {
  body += '\n';
  return send(json_response(status, std::move(body)));
}

Task<void> Call::begin(http::Response head, std::optional<std::uint64_t> length) {
  add_common(head);
  return exchange_.begin(std::move(head), length);
}

Task<void> ResponseStream::write(std::string piece) {
  if (!call_.exchange().begun()) MYCOUCH_CO_CHECK(co_await call_.begin(std::move(head_)));
  co_return co_await call_.exchange().write(std::move(piece));
}

Task<void> ResponseStream::finish() {
  if (!call_.exchange().begun() && !expects_contents()) {
    head_.body = std::move(text());
    co_return co_await call_.send(std::move(head_));
  }
  MYCOUCH_CO_CHECK(co_await flush());
  co_return co_await call_.exchange().finish();
}

bool etag_matches(const http::Headers& headers, std::string_view etag) {
  auto known = headers.find("If-None-Match");
  return known && (*known == "*" || known->find(etag) != std::string_view::npos);
}

}  // namespace mycouch::api
