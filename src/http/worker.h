// One of the server's threads: its io_context, its connections, and what they share because only one of them
// runs at a time.
//
// Deadlines cost a request nothing but a store: no connection has a timer, and the worker looks over all of
// its connections once in a while for those that are overdue.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>

#include "base/clock.h"
#include "http/gzip.h"
#include "http/server.h"

namespace mycouch::http {

class Connection;

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// How many connections are open, on all threads.
class OpenConnections {
 public:
  void add() { ++count_; }
  void remove();
  std::size_t count() const { return count_.load(std::memory_order_relaxed); }
  /// Whether the last one closed before the deadline.
  bool wait_for_none(base::SteadyTime deadline);

 private:
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::condition_variable none_left_;
};

/// What all workers share. It outlives them.
struct Service {
  ServerOptions options;
  Handler handler;
  ErrorRenderer renderer;
  OpenConnections open;
};

class Worker {
 public:
  explicit Worker(Service& service);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  boost::asio::io_context& context() { return context_; }
  std::uint64_t requests() const { return requests_.load(std::memory_order_relaxed); }

  /// From any thread.
  void adopt(Socket socket, std::string remote_address);
  void begin_stop();
  void abort_connections();

  /// The rest is for the worker's own thread. `run` returns when the context is stopped.
  void run();

  Service& service() { return service_; }
  bool stopping() const { return stopping_; }
  std::string_view date() const { return date_; }
  Deflater& deflater() { return deflater_; }
  /// Counts a request, and writes its id: 16 hex digits.
  void begin_request(std::string& id);
  /// Memory to build a response's first bytes in, empty. What is written there is gone after the next
  /// suspension.
  std::string& scratch() {
    scratch_.clear();
    return scratch_;
  }

 private:
  boost::asio::awaitable<void> sweep();

  Service& service_;
  std::atomic<std::uint64_t> requests_{0};
  std::uint64_t id_state_;
  bool stopping_ = false;
  std::string date_;
  std::string scratch_;
  Deflater deflater_;
  boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                         boost::intrusive::constant_time_size<false>>
      connections_;
  // The last member: what it still holds when it goes (suspended coroutines, with their connections) uses the
  // others.
  boost::asio::io_context context_{1};
};

}  // namespace mycouch::http
