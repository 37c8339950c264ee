#include "http/response_head.h"

#include <array>
#include <charconv>

#include <fmt/chrono.h>

namespace mycouch::http {
namespace {

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  std::size_t start = out.size();
  out += value;
  constexpr std::string_view kBreaks("\r\n\0", 3);
  for (std::size_t at = out.find_first_of(kBreaks, start); at != std::string::npos;
       at = out.find_first_of(kBreaks, at)) {
    out[at] = ' ';
  }
  out += "\r\n";
}

}  // namespace

void append_response_head(std::string& out, unsigned status, const Headers& headers, const Framing& framing,
                          const Signature& signature) {
  out += "HTTP/1.1 ";
  append_number(out, status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\nServer: mycouch/" MYCOUCH_VERSION "\r\nDate: ";
  out += signature.date;
  out += "\r\n";
  if (!signature.request_id.empty()) append_field(out, "X-Request-Id", signature.request_id);
  if (framing.content_length) {
    out += "Content-Length: ";
    append_number(out, *framing.content_length);
    out += "\r\n";
  }
  if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (!framing.connection.empty()) append_field(out, "Connection", framing.connection);
  for (const auto& [name, value] : headers) append_field(out, name, value);
  out += "\r\n";
}

std::string http_date(std::time_t time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(time));
}

}  // namespace mycouch::http
