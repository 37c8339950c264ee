// A client for small requests to other servers (an issuer's keys, a provider's API): HTTP/1.1, TLS with the
// system's certificates, a deadline for the whole exchange, a bound on the answer, no redirects to other
// schemes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/task.h"
#include "http/message.h"

namespace mycouch::http {

struct ClientRequest {
  Method method = Method::get;
  std::string url;  // http:// or https://
  Headers headers;
  std::string body;
  std::chrono::milliseconds timeout{10'000};
  std::size_t max_response = 1 << 20;
};

/// `unavailable` with the cause when there is no answer, `too_large`, `bad_request` for a URL that is none.
/// Any status is an answer. Runs on the calling coroutine's executor; name resolution does not block it.
Task<Response> fetch(ClientRequest request);

/// A URL taken apart; `bad_request` when it is not http or https, or has no host.
struct Url {
  std::string scheme;
  std::string host;
  std::uint16_t port;
  std::string target;  // path and query, at least "/"
};
Result<Url> parse_url(std::string_view text);

}  // namespace mycouch::http
