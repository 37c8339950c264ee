// A client for the servers that hold our data: many requests at a time, over connections that are kept, to
// several hosts that stand for each other.
//
// Each host has a bounded pool of connections; a request that finds all of them busy waits its turn. Hosts
// that are up take turns. One that cannot be reached is down until a probe (GET /_up, with a growing,
// jittered pause) finds it again, and its requests go to the others. A request that may be carried out twice
// is sent again where its connection broke or the answer was 502, 503 or 504; any other only where it is
// certain that nothing of it was carried out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/task.h"
#include "http/message.h"

namespace mycouch::http {

/// The content of a request that may be larger than memory: asked for piece by piece, each beginning at
/// `offset`, until there were `length` bytes in all. Asked from the start when the request is sent again.
/// An error is the request's result; a piece that is empty or goes beyond the length ends it as `internal`.
/// `read` is called on the loop and owns what it uses: it may be called when the caller has gone.
struct BodySource {
  std::uint64_t length = 0;
  std::function<Task<std::string>(std::uint64_t offset)> read{};
};

struct UpstreamRequest {
  Method method = Method::get;
  std::string target{};  // path and query, escaped; `bad_request` for what cannot be sent
  Headers headers{};     // in place of the options' own of the same name
  std::string body{};
  std::optional<BodySource> content{};        // instead of `body`
  std::chrono::milliseconds timeout{30'000};  // of each step: connecting, sending, any further bytes
  std::size_t max_response = 64 << 20;        // bytes of content, of `send`; what `open` gives has no bound
  bool repeatable = false;  // may be sent again though it may have been carried out; GET and HEAD always are
};

/// An answer whose content is read as it comes, by one coroutine at a time, on any executor. Destroying it
/// before the end closes its connection; after the end, and for an empty content, the connection is already
/// back in its pool. It goes before the context of the loop does.
class UpstreamContent {
 public:
  virtual ~UpstreamContent();

  /// Status and fields; no body.
  virtual const Response& head() const = 0;

  /// The next piece, at most `most` bytes; empty at the end. `unavailable` where the content breaks off or
  /// nothing comes within `timeout`: it has then ended for good.
  virtual Task<std::string> read(std::size_t most, std::chrono::milliseconds timeout) = 0;
};

struct UpstreamOptions {
  std::vector<std::string> origins{};  // "http://host:5984"; one at least
  Headers headers{};                   // sent with each request, e.g. Authorization
  std::size_t connections_per_host = 64;
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds patience{5'000};  // how long a request may be tried again and wait for a host
  std::string certificate_file{};             // PEM, trusted beside the system's; may be empty
  std::chrono::milliseconds idle_timeout{30'000};  // a kept connection without a request
};

struct HostHealth {
  std::string origin{};
  bool up = true;
  std::string trouble{};       // why it is not up; never a secret
  std::uint64_t requests = 0;  // that were sent to it, or were to be
  std::uint64_t failures = 0;  // those without an answer
};

struct UpstreamHosts;

/// Thread-safe: called by coroutines on any executor, which go on where they were. The sockets live on
/// `loop`, which is one thread, runs until the last request has ended, and whose context outlives this.
class Upstream {
 public:
  /// Throws std::invalid_argument for an origin that is none (parse_url, no path) and for a certificate file
  /// that cannot be read.
  Upstream(boost::asio::any_io_executor loop, UpstreamOptions options);
  /// As `stop`.
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  /// Any status is an answer. `unavailable` with the cause where there is none (at once where no host can be
  /// reached), `too_large`.
  Task<Response> send(UpstreamRequest request);
  /// The same, but returns with the answer's head.
  Task<std::unique_ptr<UpstreamContent>> open(UpstreamRequest request);

  std::vector<HostHealth> health() const;

  /// Closes everything; the requests in flight end with `unavailable` soon, and later ones at once.
  void stop();

 private:
  const boost::asio::any_io_executor loop_;
  std::shared_ptr<UpstreamHosts> hosts_;
};

}  // namespace mycouch::http
