// One connection's coroutine and its socket: reads with deadlines, writes with back-pressure, the end of it
// all.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/task.h"
#include "base/waiter.h"
#include "http/read_buffer.h"
#include "http/request_parser.h"
#include "http/worker.h"

namespace mycouch::http {

/// Lives on its worker's thread, and as long as its coroutine.
class Connection : public std::enable_shared_from_this<Connection>, public ConnectionHook {
 public:
  Connection(Worker& worker, Socket socket, std::string remote_address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves request after request until the connection ends.
  static boost::asio::awaitable<void> run(std::shared_ptr<Connection> self);

  // For the worker.

  /// Ends the wait whose deadline has passed.
  void expire_if_due(base::SteadyTime now);
  /// Ends the connection if it is idle, and else after its exchange, which is woken if it waits.
  void begin_stop();
  /// Ends it now; the exchange's next operation fails.
  void abort();

  // For the exchange.

  Worker& worker() { return worker_; }
  RequestParser& parser() { return parser_; }
  ReadBuffer& input() { return input_; }

  /// Receives more into `input`, whose block is made `capacity` at least. `request_timeout` at the deadline,
  /// `cancelled` when the peer has gone.
  Task<void> fill(std::size_t capacity, base::SteadyTime deadline);
  /// Sends the three one after the other, and returns when the kernel has taken all. `head` may lie in the
  /// worker's scratch; the others outlive the call. `cancelled` when the peer has gone or takes nothing for
  /// too long.
  Task<void> write(std::string_view head, std::string_view body, std::string_view tail);

  void watch(std::shared_ptr<base::Waiter> waiter);
  bool peer_gone() const { return peer_gone_; }

 private:
  boost::asio::awaitable<void> serve();
  Task<void> read_head();
  /// Whether another request may follow.
  boost::asio::awaitable<bool> answer();
  boost::asio::awaitable<bool> call_handler(Exchange& exchange);
  boost::asio::awaitable<void> refuse(Error error);
  Task<void> write_rest(std::string head, std::string_view body, std::string_view tail);
  void cut();
  boost::asio::awaitable<void> linger();
  void wait_for_peer();
  void unwatch();
  void lose_peer();
  bool waits_for_request() const { return !in_exchange_ && !parser_.started() && input_.empty(); }

  static constexpr base::SteadyTime kNever = base::SteadyTime::max();

  Worker& worker_;
  Socket socket_;
  RequestParser parser_;
  ReadBuffer input_;
  base::SteadyTime deadline_ = kNever;
  std::size_t sent_in_a_row_ = 0;  // bytes, without leaving the thread to the other connections
  bool expired_ = false;
  bool peer_gone_ = false;
  bool in_exchange_ = false;
  bool input_lost_ = false;  // what follows in the input can't be told to be a request

  // Of the exchange that waits, if it does.
  std::shared_ptr<base::Waiter> waiter_;
  unsigned watch_number_ = 0;
};

}  // namespace mycouch::http
