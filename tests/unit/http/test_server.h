// A server on a free port with one thread and a handler of the test's.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "http/server.h"

namespace mycouch::http {

inline Response text_response(std::string body, unsigned status = 200) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.add("Content-Type", "text/plain");
  return response;
}

/// The error's name in the reason's place, so that tests see which one it was.
inline Response render(const Error& error) {
  auto status = [&] {
    switch (error.code) {
      case Errc::header_too_large:
        return 431U;
      case Errc::uri_too_long:
        return 414U;
      case Errc::too_large:
        return 413U;
      case Errc::request_timeout:
        return 408U;
      case Errc::not_implemented:
        return 501U;
      case Errc::expectation_failed:
        return 417U;
      case Errc::internal:
        return 500U;
      default:
        return 400U;
    }
  };
  return text_response(error.reason, status());
}

/// Answers with the method, the target and the body, or with what is wrong with the body.
inline boost::asio::awaitable<void> echo(Exchange& exchange) {
  auto body = co_await exchange.read_body(1 << 30);
  if (!body) {
    co_await exchange.send(render(body.error()));
    co_return;
  }
  co_await exchange.send(
      text_response(exchange.request().method_text + " " + exchange.request().target + " " + *body));
}

inline ServerOptions on_free_port() {
  ServerOptions options;
  options.port = 0;
  options.threads = 1;
  return options;
}

struct TestServer : Server {
  explicit TestServer(Handler handler = echo, ServerOptions options = on_free_port())
      : Server(std::move(options), std::move(handler), render) {
    start();
  }
};

/// Polls until it holds, or some seconds have passed.
inline bool eventually(const std::function<bool()>& condition) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace mycouch::http
