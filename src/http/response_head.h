// A response's status line and fields, as the bytes that are sent.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace mycouch::http {

/// How the client finds the body's end.
struct Framing {
  std::optional<std::uint64_t> content_length =
      std::nullopt;  // with neither this nor `chunked`: by the end of the connection
  bool chunked = false;
  std::string_view connection = {};  // the Connection field's value; empty for none
};

/// What is sent with each response besides the handler's fields.
struct Signature {
  std::string_view date;        // as `http_date` makes it
  std::string_view request_id;  // empty for none
};

/// Line breaks within the values are sent as spaces: nothing that a handler echoes can add a field.
void append_response_head(std::string& out, unsigned status, const Headers& headers, const Framing& framing,
                          const Signature& signature);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string http_date(std::time_t time);

/// Whether a response of this status has a body at all (RFC 9110 section 6.4.1).
constexpr bool status_allows_body(unsigned status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace mycouch::http
