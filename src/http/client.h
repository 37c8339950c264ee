// A client for requests to other servers (an issuer's keys, a provider's API, a database that is imported):
// HTTP/1.1, TLS with the system's certificates, a deadline, a bound on the answer, no redirects.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
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
  /// Whether a ClientSession may send it a second time; GET and HEAD always are.
  bool repeatable = false;
};

/// `unavailable` with the cause when there is no answer, `too_large`, `bad_request` for a URL that is none.
/// Any status is an answer. Runs on the calling coroutine's executor; name resolution does not block it.
Task<Response> fetch(ClientRequest request);

/// Takes the next bytes of a content; an error ends the request, and is its result.
using TakePiece = std::function<Task<void>(std::string piece)>;

/// Requests to one server, one after another, over a connection that is kept as long as the server keeps it.
/// For one coroutine at a time. A request for another server takes a new connection.
class ClientSession {
 public:
  ClientSession();
  ~ClientSession();
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;

  /// As http::fetch(), but the timeout is that of each step (connecting, sending, any further bytes of the
  /// answer), so that a large answer may take its time. A kept connection may turn out to be closed: a
  /// request that is repeatable is then sent again on a new one.
  Task<Response> fetch(ClientRequest request);

  /// The same, but the content of an answer with status 200 goes to `take` as it comes and not into the
  /// answer, so that it may be larger than memory; `max_response` bounds it. Where the answer breaks off,
  /// what was taken is not all of it.
  Task<Response> fetch(ClientRequest request, TakePiece take);

 private:
  struct Connection;
  std::unique_ptr<Connection> kept_;
};

/// A URL taken apart; `bad_request` when it is not http or https, or has no host.
struct Url {
  std::string scheme;
  std::string host;
  std::uint16_t port;
  std::string target;  // path and query, at least "/"
};
Result<Url> parse_url(std::string_view text);

}  // namespace mycouch::http
