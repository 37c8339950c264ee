// What a test of the pooled client needs: a loop with a thread of its own, servers that do exactly what they
// are told, and callers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "http/upstream.h"
#include "test_server.h"

namespace mycouch::http {

/// An io_context that runs on a thread of its own until this goes.
class LoopThread {
 public:
  ~LoopThread() { stop(); }
  boost::asio::any_io_executor executor() { return context_.get_executor(); }
  /// Nothing more runs.
  void stop() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(context_);
  std::thread thread_{[this] { context_.run(); }};
};

/// For servers: without blocking their thread.
inline boost::asio::awaitable<void> wait_until(std::function<bool()> condition) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  while (!condition()) {
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

/// A condition: a value has not changed for a while, so that who changes it is stuck.
class StandsStill {
 public:
  explicit StandsStill(std::function<std::uint64_t()> value) : value_(std::move(value)) {}
  bool operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (const std::uint64_t value = value_(); std::exchange(last_, value) != value) since_ = now;
    return now - since_ > std::chrono::milliseconds(200);
  }

 private:
  std::function<std::uint64_t()> value_;
  std::uint64_t last_ = 0;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// One connection, as a RawServer has it. An exception of Asio's ends it.
class RawPeer {
 public:
  RawPeer(boost::asio::ip::tcp::socket socket, int number) : number_(number), socket_(std::move(socket)) {}

  /// The how manieth connection of its server this is; the first is 1.
  int number() const { return number_; }

  /// The next request's head.
  boost::asio::awaitable<std::string> head() {
    const std::size_t size = co_await boost::asio::async_read_until(
        socket_, boost::asio::dynamic_buffer(input_), "\r\n\r\n", boost::asio::use_awaitable);
    std::string head = input_.substr(0, size);
    input_.erase(0, size);
    co_return head;
  }
  boost::asio::awaitable<void> write(std::string bytes) {
    co_await boost::asio::async_write(socket_, boost::asio::buffer(bytes), boost::asio::use_awaitable);
  }
  boost::asio::awaitable<void> answer(std::string body, std::string status = "200 OK") {
    co_await write("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                   body);
  }
  /// Returns when the other side has closed.
  boost::asio::awaitable<void> wait_for_end() {
    std::string ignored(1 << 16, '\0');
    boost::system::error_code error;
    while (!error) {
      co_await socket_.async_read_some(boost::asio::buffer(ignored),
                                       boost::asio::redirect_error(boost::asio::use_awaitable, error));
    }
  }

 private:
  const int number_;
  boost::asio::ip::tcp::socket socket_;
  std::string input_;
};

/// Serves each connection with `serve`, which closes it by returning. Goes away whole with `stop`, and a new
/// one can have the port.
class RawServer {
 public:
  using Serve = std::function<boost::asio::awaitable<void>(RawPeer& peer)>;

  explicit RawServer(Serve serve, std::uint16_t port = 0)
      : serve_(std::move(serve)), acceptor_(context_, {boost::asio::ip::address_v4::loopback(), port}) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~RawServer() {
    context_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port()); }
  int accepted() const { return accepted_; }
  /// How many connections it has closed.
  int closed() const { return closed_; }

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      auto peer = std::make_unique<RawPeer>(std::move(socket), ++accepted_);
      boost::asio::co_spawn(context_, run(std::move(peer)), boost::asio::detached);
      accept();
    });
  }

  boost::asio::awaitable<void> run(std::unique_ptr<RawPeer> peer) {
    try {
      co_await serve_(*peer);
    } catch (const boost::system::system_error&) {
      // The other side has closed.
    }
    peer.reset();
    ++closed_;
  }

  const Serve serve_;
  std::atomic<int> accepted_{0};
  std::atomic<int> closed_{0};
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

/// Answers every request with its connection's number.
inline boost::asio::awaitable<void> answer_number(RawPeer& peer) {
  for (;;) {
    co_await peer.head();
    co_await peer.answer(std::to_string(peer.number()));
  }
}

/// Takes requests and answers none.
inline boost::asio::awaitable<void> be_silent(RawPeer& peer) {
  co_await peer.wait_for_end();
}

/// A port that nobody listens on.
inline std::uint16_t dead_port() {
  return RawServer(be_silent).port();
}
inline std::string local_origin(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

/// Waits for all of them; they run at the same time, on this thread, and start in their order.
template <class T>
std::vector<Result<T>> wait_for_all(std::vector<Task<T>> tasks) {
  boost::asio::io_context context;
  std::vector<Result<T>> results(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    results[i] = fail(Errc::internal, "never ended");
    boost::asio::co_spawn(context, std::move(tasks[i]),
                          [&results, i](std::exception_ptr thrown, Result<T> result) {
                            EXPECT_FALSE(thrown);
                            results[i] = std::move(result);
                          });
  }
  context.run();
  return results;
}

template <class T>
Result<T> wait_for(Task<T> task) {
  std::vector<Task<T>> tasks;
  tasks.push_back(std::move(task));
  return std::move(wait_for_all(std::move(tasks)).front());
}

inline UpstreamOptions to_origins(std::vector<std::string> origins) {
  UpstreamOptions options;
  options.origins = std::move(origins);
  // Long enough for any machine: where it counts, a test says so.
  options.connect_timeout = std::chrono::seconds(30);
  options.patience = std::chrono::seconds(60);
  return options;
}

inline UpstreamRequest get_of(std::string target = "/") {
  UpstreamRequest request;
  request.target = std::move(target);
  return request;
}

inline UpstreamRequest post_to(std::string target = "/", std::string body = {}) {
  UpstreamRequest request;
  request.method = Method::post;
  request.target = std::move(target);
  request.body = std::move(body);
  return request;
}

/// What a call came to, for EXPECT_EQ: the body, or "error: " and the error's name.
inline std::string told(const Result<Response>& result) {
  return result ? result->body : "error: " + std::string(to_string(result.error().code));
}

}  // namespace mycouch::http
