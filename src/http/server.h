// The HTTP/1.1 server: connections on one io_context per core, and one coroutine per connection.
//
// It knows nothing of CouchDB. Each request is an Exchange that the one Handler answers; bodies stream in
// both directions, and a slow peer holds up its own exchange only. What goes wrong before a handler is called
// (a malformed head, one too large, too slow) is answered by the ErrorRenderer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/task.h"
#include "base/waiter.h"
#include "http/message.h"

namespace mycouch::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 5985;        // 0: any free port
  unsigned threads = 0;             // 0: one per core
  std::size_t max_head = 64 << 10;  // bytes of request line and fields: 431 (414 for the target)
  std::uint64_t max_body = std::uint64_t{64} << 20;  // bytes: 413
  std::chrono::milliseconds head_timeout{30'000};   // from a request's first byte to the end of its head: 408
  std::chrono::milliseconds idle_timeout{120'000};  // a kept connection without a request
  std::chrono::milliseconds body_timeout{30'000};   // without a byte of a body: 408
  std::chrono::milliseconds write_timeout{60'000};  // without progress of a response: closed
  std::size_t max_connections = 100'000;            // further ones are closed as they come
  bool gzip = true;                                 // where the client accepts it and the answer is worth it
  std::chrono::milliseconds shutdown_grace{10'000};  // for exchanges in flight after `stop`
};

/// One request and its answer. Lives on its connection's thread; the references it hands out live as long as
/// it does.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;
  virtual boost::asio::any_io_executor executor() = 0;

  /// The whole body. `too_large` over `limit` (or the server's own), `request_timeout`, `cancelled` when the
  /// peer has gone, `bad_request` for malformed chunks. At most once.
  virtual Task<std::string> read_body(std::uint64_t limit) = 0;
  /// The next piece of the body; empty at its end. `too_large` where the whole would be over `limit`, which
  /// counts instead of the server's own.
  virtual Task<std::string> read_some(std::uint64_t limit) = 0;

  /// Answers whole: Content-Length, gzip where it is worth it, no body for HEAD. `cancelled` when the peer
  /// has gone.
  virtual Task<void> send(Response response) = 0;

  /// Answers in pieces: of `length` bytes in all, which are sent as they are; or, without one, chunked (by
  /// closing for HTTP/1.0) and gzip where it is worth it. `write` returns when the peer has taken enough of
  /// what was written before; `begin` sends the head at once. `internal` where the pieces are not of the
  /// length that was announced: the answer is then broken off.
  virtual Task<void> begin(Response head, std::optional<std::uint64_t> length = {}) = 0;
  virtual Task<void> write(std::string piece) = 0;
  virtual Task<void> finish() = 0;
  /// Whether `send` or `begin` was called.
  virtual bool begun() const = 0;

  /// `waiter` is woken when the peer goes away or the server is stopping; from then on one of these is true.
  /// For exchanges that wait; call once, after the body was read.
  virtual void watch(std::shared_ptr<base::Waiter> waiter) = 0;
  virtual bool peer_gone() const = 0;
  virtual bool stopping() const = 0;
};

/// Answers each exchange, or the connection is closed. An exception that leaves it is logged and answered
/// 500.
using Handler = std::function<boost::asio::awaitable<void>(Exchange&)>;
/// The response for an error that arose in this layer.
using ErrorRenderer = std::function<Response(const Error&)>;

class Server {
 public:
  /// Listens at once (`port()` is known then) and throws std::system_error where it cannot; serves from
  /// `start`.
  Server(ServerOptions options, Handler handler, ErrorRenderer renderer);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// Starts its threads and returns.
  void start();
  /// Stops accepting, closes idle connections, wakes the waiting exchanges (they end their feeds), lets the
  /// others finish within the grace, then joins its threads. From any thread but the server's own.
  void stop();

  /// An executor of one of its threads, for background work (key refresh, timers).
  boost::asio::any_io_executor executor();

  struct Counters {
    std::uint64_t connections = 0;  // open now
    std::uint64_t requests = 0;     // since the start
  };
  Counters counters() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mycouch::http
