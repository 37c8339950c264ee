// HTTP/1.1's request syntax as a state machine over bytes: no socket, no clock.
//
// What a proxy in front of us might frame otherwise than we do is refused and never repaired: a
// Content-Length beside a Transfer-Encoding, Content-Lengths that differ, codings other than chunked, a
// missing or second Host (RFC 9112 sections 3.2, 6.1, 6.3). After an error the connection cannot be used for
// another request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace mycouch::http {

class RequestParser {
 public:
  /// `max_head`: bytes of the request line and all fields.
  explicit RequestParser(std::size_t max_head);
  ~RequestParser();

  /// Begins the next message.
  void reset();

  /// Takes what it can from the front of `input` and returns how many bytes that were; the caller offers the
  /// rest again, with more behind it. `uri_too_long` or `header_too_large` over the limit, `not_implemented`
  /// for a transfer coding, `expectation_failed`, `bad_request` for anything else.
  Result<std::size_t> parse_head(std::string_view input);
  bool head_done() const;
  /// Whether a byte of this message was seen.
  bool started() const;

  /// The same for the body, whose bytes are appended to `body`. `bad_request` for malformed chunks.
  Result<std::size_t> parse_body(std::string_view input, std::string& body);
  /// The body's end, too, was seen. Trailer fields are dropped.
  bool done() const;

  /// These are known once the head is done.
  Request& request() { return request_; }
  const Request& request() const { return request_; }
  bool keep_alive() const;
  bool http_1_0() const;
  bool expects_continue() const;

 private:
  struct Grammar;

  Result<void> check_head();

  const std::size_t max_head_;
  std::size_t head_bytes_ = 0;
  Request request_;
  std::unique_ptr<Grammar> grammar_;
};

}  // namespace mycouch::http
