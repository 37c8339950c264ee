// The yardstick for the server's speed on small answers: what Boost.Beast does with the same bytes and
// threads, in the manner of Beast's own examples, and nothing else.
//
//   bare_beast <port> <threads> <body bytes>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::chrono::seconds kTimeout{30};

asio::awaitable<void> serve(beast::tcp_stream stream, const std::string& body) {
  beast::flat_buffer buffer;
  try {
    for (bool keep_alive = true; keep_alive;) {
      stream.expires_after(kTimeout);
      http::request<http::string_body> request;
      co_await http::async_read(stream, buffer, request, asio::use_awaitable);
      keep_alive = request.keep_alive();
      http::response<http::string_body> response(http::status::ok, request.version());
      response.set(http::field::server, "bare_beast");
      response.set(http::field::content_type, "application/json");
      response.keep_alive(keep_alive);
      response.body() = body;
      response.prepare_payload();
      co_await http::async_write(stream, response, asio::use_awaitable);
    }
  } catch (const boost::system::system_error&) {  // NOLINT(bugprone-empty-catch): the client has gone
  }
  beast::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> listen(asio::io_context& context, tcp::endpoint endpoint, const std::string& body) {
  tcp::acceptor acceptor(context, endpoint);
  for (;;) {
    auto executor = asio::make_strand(context);
    tcp::socket socket = co_await acceptor.async_accept(executor, asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(executor, serve(beast::tcp_stream(std::move(socket)), body), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bare_beast <port> <threads> <body bytes>\n";
    return EXIT_FAILURE;
  }
  auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  int threads = std::atoi(argv[2]);
  const std::string body(static_cast<std::size_t>(std::atoi(argv[3])), 'x');

  asio::io_context context(threads);
  asio::co_spawn(context, listen(context, {asio::ip::make_address("127.0.0.1"), port}, body), asio::detached);
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&context] { context.run(); });
  context.run();
  for (std::thread& thread : others) thread.join();
}
