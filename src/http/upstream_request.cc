#include "http/upstream_request.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "http/ascii.h"
#include "http/client_connection.h"

namespace mycouch::http {
namespace {

constexpr std::array<std::string_view, 4> kOwnFields = {"Host", "Connection", "Content-Length",
                                                        "Transfer-Encoding"};

bool is_own_field(std::string_view name) {
  return std::ranges::any_of(kOwnFields,
                             [&](std::string_view own) { return equal_ignoring_case(name, own); });
}

bool is_visible(char c) {
  return c > ' ' && c < 0x7f;
}

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kDelimiters = "\"(),/:;<=>?@[\\]{}";
  return !text.empty() &&
         std::ranges::all_of(text, [&](char c) { return is_visible(c) && !kDelimiters.contains(c); });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; });
}

// A method that means to bring a content says so even where there is none.
bool tells_length(const UpstreamRequest& request) {
  return content_length(request) > 0 || request.content || request.method == Method::put ||
         request.method == Method::post || request.method == Method::patch;
}

void write_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Result<void> check_request(const UpstreamRequest& request) {
  if (!request.target.starts_with('/') || !std::ranges::all_of(request.target, is_visible)) {
    return fail(Errc::bad_request, "a request target that is not escaped");
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_field_value(value)) return fail(Errc::bad_request, "a malformed header field");
  }
  return {};
}

std::string request_head(const UpstreamRequest& request, const Headers& common, const Url& url) {
  std::string head;
  head.append(to_string(request.method)).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  write_field(head, "Host", host_field(url));
  write_field(head, "User-Agent", "mycouch/" MYCOUCH_VERSION);
  for (const auto& [name, value] : common) {
    if (!is_own_field(name) && !request.headers.find(name)) write_field(head, name, value);
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_own_field(name)) write_field(head, name, value);
  }
  if (tells_length(request)) write_field(head, "Content-Length", std::to_string(content_length(request)));
  head.append("\r\n");
  return head;
}

std::uint64_t content_length(const UpstreamRequest& request) {
  return request.content ? request.content->length : request.body.size();
}

bool is_repeatable(const UpstreamRequest& request) {
  return request.repeatable || request.method == Method::get || request.method == Method::head;
}

bool is_passing(unsigned status) {
  return status == 502 || status == 503 || status == 504;
}

}  // namespace mycouch::http
