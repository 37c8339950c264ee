#include "api/errors.h"

#include <array>
#include <string>

#include "json/writer.h"

namespace mycouch::api {
namespace {

struct Entry {
  Errc code;
  unsigned status;
  std::string_view word;
};

constexpr auto kTable = std::to_array<Entry>({
    {Errc::bad_request, 400, "bad_request"},
    {Errc::query_parse_error, 400, "query_parse_error"},
    {Errc::illegal_docid, 400, "illegal_docid"},
    {Errc::illegal_database_name, 400, "illegal_database_name"},
    {Errc::doc_validation, 400, "doc_validation"},
    {Errc::unauthorized, 401, "unauthorized"},
    {Errc::token_refresh_required, 401, "token_refresh_required"},
    {Errc::forbidden, 403, "forbidden"},
    {Errc::not_found, 404, "not_found"},
    {Errc::method_not_allowed, 405, "method_not_allowed"},
    {Errc::not_acceptable, 406, "not_acceptable"},
    {Errc::request_timeout, 408, "request_timeout"},
    {Errc::conflict, 409, "conflict"},
    {Errc::missing_rev, 409, "not_found"},
    {Errc::file_exists, 412, "file_exists"},
    {Errc::precondition_failed, 412, "precondition_failed"},
    {Errc::missing_stub, 412, "missing_stub"},
    {Errc::md5_mismatch, 400, "content_md5_mismatch"},
    {Errc::too_large, 413, "too_large"},
    {Errc::attachment_too_large, 413, "attachment_too_large"},
    {Errc::uri_too_long, 414, "too_long"},
    {Errc::bad_content_type, 415, "bad_content_type"},
    {Errc::range_not_satisfiable, 416, "requested_range_not_satisfiable"},
    {Errc::expectation_failed, 417, "expectation_failed"},
    {Errc::too_many_requests, 429, "too_many_requests"},
    {Errc::header_too_large, 431, "header_too_large"},
    {Errc::internal, 500, "internal_server_error"},
    {Errc::not_implemented, 501, "not_implemented"},
    {Errc::unavailable, 503, "service_unavailable"},
    {Errc::cancelled, 503, "service_unavailable"},
});

constexpr std::string_view kRetrySeconds = "5";

const Entry& entry_of(Errc code) {
  for (const Entry& entry : kTable) {
    if (entry.code == code) return entry;
  }
  return entry_of(Errc::internal);
}

// A quoted-string of RFC 9110: reasons are sentences of ours, but may quote what a client sent.
std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\'';
    else if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f)
      out += c;
  }
  return out + '"';
}

std::string challenge(const Error& error, const ErrorContext& context) {
  std::string text = "Bearer realm=\"mycouch\"";
  if (context.credentials_sent) {
    text += ", error=\"invalid_token\", error_description=" + quoted_string(error.reason);
  }
  return text;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  json::append_string(out, value);
}

}  // namespace

unsigned status_of(Errc code) {
  return entry_of(code).status;
}

std::string_view word_of(Errc code) {
  return entry_of(code).word;
}

http::Response error_response(const Error& error, const ErrorContext& context) {
  const Entry& entry = entry_of(error.code);
  std::string_view reason = entry.status == 500 ? std::string_view("internal server error") : error.reason;

  std::string body = R"({"error":)";
  json::append_string(body, error.word.empty() ? entry.word : error.word);
  append_member(body, "reason", reason);
  if (context.with_detail) append_member(body, "detail", reason);
  if (error.code == Errc::token_refresh_required)
    append_member(body, "active_tenant_id", context.active_tenant);
  body += "}\n";

  http::Response response = json_response(entry.status, std::move(body));
  if (entry.status == 401) response.headers.add("WWW-Authenticate", challenge(error, context));
  if (entry.status == 429 || entry.status == 503)
    response.headers.add("Retry-After", std::string(kRetrySeconds));
  return response;
}

http::Response json_response(unsigned status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  // Without a word on it, a browser may answer its next request from its cache.
  response.headers.add("Cache-Control", "must-revalidate");
  response.body = std::move(body);
  return response;
}

}  // namespace mycouch::api
