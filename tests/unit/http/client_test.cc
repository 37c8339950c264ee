#include "http/client.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_server.h"
#include "tls_server.h"

namespace mycouch::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Result<Response> fetch_now(ClientRequest request) {
  boost::asio::io_context context;
  Result<Response> result = fail(Errc::internal, "never ended");
  boost::asio::co_spawn(context, fetch(std::move(request)),
                        [&](std::exception_ptr thrown, Result<Response> fetched) {
                          EXPECT_FALSE(thrown);
                          result = std::move(fetched);
                          context.stop();
                        });
  context.run();
  return result;
}

ClientRequest get(std::uint16_t port, std::string target = "/") {
  ClientRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(port) + target;
  request.timeout = 5s;
  return request;
}

TEST(Fetch, TakesAnyStatusForAnAnswer) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    const Request& request = exchange.request();
    EXPECT_EQ(request.headers.find("X-Thing"), "a");
    EXPECT_TRUE(request.headers.find("Host")->starts_with("127.0.0.1:"));
    auto body = co_await exchange.read_body(1'000);
    Response response = text_response(request.method_text + " " + request.target + " " + *body, 404);
    response.headers.add("ETag", "e");
    co_await exchange.send(std::move(response));
  });
  ClientRequest request = get(server.port(), "/a?b=c");
  request.method = Method::post;
  request.body = "body";
  request.headers.add("X-Thing", "a");
  auto response = fetch_now(std::move(request));
  ASSERT_TRUE(response.has_value()) << response.error().reason;
  EXPECT_EQ(response->status, 404U);
  EXPECT_EQ(response->body, "POST /a?b=c body");
  EXPECT_EQ(response->headers.find("etag"), "e");
}

// The answers to requests that one session sends in turn.
std::vector<Result<Response>> fetch_in_turn(std::vector<ClientRequest> requests,
                                            std::function<void(std::size_t)> before = {}) {
  boost::asio::io_context context;
  std::vector<Result<Response>> answers;
  boost::asio::co_spawn(
      context,
      [&]() -> boost::asio::awaitable<void> {
        ClientSession session;
        for (std::size_t i = 0; i < requests.size(); ++i) {
          if (before) before(i);
          answers.push_back(co_await session.fetch(requests[i]));
        }
      },
      [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
  context.run();
  return answers;
}

// Answers with how many connections it has accepted; where it closes, each of them after its first answer,
// without saying so.
class CountingServer {
 public:
  explicit CountingServer(bool closes)
      : closes_(closes), acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~CountingServer() {
    context_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      ++accepted_;
      boost::asio::co_spawn(context_, serve(std::move(socket), accepted_), boost::asio::detached);
      accept();
    });
  }

  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket, int number) {
    std::string request;
    for (;;) {
      co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n",
                                             boost::asio::use_awaitable);
      request.clear();
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(number);
      co_await boost::asio::async_write(socket, boost::asio::buffer(answer), boost::asio::use_awaitable);
      if (closes_) co_return;
    }
  }

  const bool closes_;
  int accepted_ = 0;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(ClientSession, KeepsItsConnection) {
  CountingServer server(false);
  for (const auto& answer : fetch_in_turn({get(server.port()), get(server.port()), get(server.port())})) {
    ASSERT_TRUE(answer) << answer.error().reason;
    EXPECT_EQ(answer->body, "1");
  }
}

TEST(ClientSession, SendsAgainWhatMayBeRepeatedWhereAKeptConnectionWasClosed) {
  CountingServer server(true);
  ClientRequest post = get(server.port());
  post.method = Method::post;
  ClientRequest repeatable = post;
  repeatable.repeatable = true;
  auto answers = fetch_in_turn({get(server.port()), get(server.port()), repeatable, post, post});
  EXPECT_EQ(answers[0]->body, "1");
  EXPECT_EQ(answers[1]->body, "2");
  EXPECT_EQ(answers[2]->body, "3");
  ASSERT_FALSE(answers[3]);
  EXPECT_EQ(answers[3].error().code, Errc::unavailable);
  EXPECT_EQ(answers[4]->body, "4");
}

TEST(ClientSession, TakesASlowAnswerWhoseStepsAreInTime) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.begin(text_response(""));
    for (int i = 0; i < 6; ++i) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 100ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
      co_await exchange.write("piece ");
    }
    co_await exchange.finish();
  });
  ClientRequest request = get(server.port());
  request.timeout = 400ms;
  EXPECT_FALSE(fetch_now(request));
  auto answers = fetch_in_turn({request});
  ASSERT_TRUE(answers[0]) << answers[0].error().reason;
  EXPECT_EQ(answers[0]->body, "piece piece piece piece piece piece ");
}

TEST(Fetch, FollowsNoRedirect) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    Response response{.status = 302, .headers = {}, .body = {}};
    response.headers.add("Location", "http://127.0.0.1:1/");
    co_await exchange.send(std::move(response));
  });
  EXPECT_EQ(fetch_now(get(server.port()))->status, 302U);
}

TEST(Fetch, ReadsAHeadWithoutABody) {
  TestServer server;
  ClientRequest request = get(server.port());
  request.method = Method::head;
  auto response = fetch_now(std::move(request));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "");
}

TEST(Fetch, RefusesAnAnswerThatIsTooLarge) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    if (exchange.request().target == "/whole") {
      co_await exchange.send(text_response(std::string(2'000, 'x')));
      co_return;
    }
    co_await exchange.begin(text_response(""));
    while (co_await exchange.write(std::string(500, 'x'))) {
    }
  });
  for (const char* target : {"/whole", "/stream"}) {
    ClientRequest request = get(server.port(), target);
    request.max_response = 1'000;
    auto response = fetch_now(std::move(request));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().code, Errc::too_large);
  }
}

// What a session's answer is and what `take` was given of it, piece by piece.
struct Taken {
  Result<Response> answer = fail(Errc::internal, "never ended");
  std::vector<std::string> pieces;
  std::size_t largest = 0;
};

Taken fetch_in_pieces(ClientRequest request, std::size_t refused_after = SIZE_MAX) {
  boost::asio::io_context context;
  Taken taken;
  auto take = [&taken, refused_after](std::string piece) -> Task<void> {
    if (taken.pieces.size() == refused_after) co_return fail(Errc::conflict, "enough");
    taken.largest = std::max(taken.largest, piece.size());
    taken.pieces.push_back(std::move(piece));
    co_return Result<void>();
  };
  boost::asio::co_spawn(
      context,
      [&]() -> boost::asio::awaitable<void> {
        ClientSession session;
        taken.answer = co_await session.fetch(std::move(request), take);
      },
      [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
  context.run();
  return taken;
}

TEST(FetchInPieces, HandsAContentOnAsItComes) {
  std::string content(1'000'000, 'x');
  for (std::size_t i = 0; i < content.size(); i += 1'000)
    content[i] = static_cast<char>('a' + i / 1'000 % 26);
  TestServer server([&content](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.send(text_response(exchange.request().target == "/empty" ? "" : content));
  });
  ClientRequest request = get(server.port());
  request.max_response = content.size();
  Taken taken = fetch_in_pieces(request);
  ASSERT_TRUE(taken.answer) << taken.answer.error().reason;
  EXPECT_EQ(taken.answer->body, "");
  std::string whole;
  for (const std::string& piece : taken.pieces) whole += piece;
  EXPECT_EQ(whole, content);
  EXPECT_LE(taken.largest, 256U << 10);
  EXPECT_TRUE(fetch_in_pieces(get(server.port(), "/empty")).pieces.empty());
  request.max_response = content.size() - 1;
  EXPECT_EQ(fetch_in_pieces(request).answer.error().code, Errc::too_large);
}

TEST(FetchInPieces, KeepsWhatAnErrorSaysInTheAnswer) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.send(text_response("not here", 404));
  });
  Taken taken = fetch_in_pieces(get(server.port()));
  EXPECT_TRUE(taken.pieces.empty());
  EXPECT_EQ(taken.answer->body, "not here");
}

TEST(FetchInPieces, EndsWithTheErrorOfWhoTakes) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.send(text_response(std::string(500'000, 'x')));
  });
  Taken taken = fetch_in_pieces(get(server.port()), 1);
  EXPECT_EQ(taken.pieces.size(), 1U);
  EXPECT_EQ(taken.answer.error().code, Errc::conflict);
}

TEST(Fetch, GivesUpAtItsDeadline) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    auto waiter = base::Waiter::create(exchange.executor());
    exchange.watch(waiter);
    if (exchange.request().target == "/begun") {
      co_await exchange.begin(text_response(""));
      co_await exchange.write("some");
    }
    co_await waiter->wait_until(std::chrono::steady_clock::now() + 10s);
  });
  for (const char* target : {"/silent", "/begun"}) {
    ClientRequest request = get(server.port(), target);
    request.timeout = 100ms;
    auto began = std::chrono::steady_clock::now();
    auto response = fetch_now(std::move(request));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().code, Errc::unavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
  }
}

TEST(Fetch, SaysWhyThereIsNoAnswer) {
  std::uint16_t port = [] {
    Server server(on_free_port(), echo, render);
    return server.port();
  }();
  auto refused = fetch_now(get(port));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().reason, HasSubstr("127.0.0.1"));

  ClientRequest nowhere;
  nowhere.url = "http://no-such-host.invalid/";
  nowhere.timeout = 3s;
  EXPECT_EQ(fetch_now(nowhere).error().code, Errc::unavailable);
  nowhere.url = "ftp://example.org/";
  EXPECT_EQ(fetch_now(nowhere).error().code, Errc::bad_request);
}

// The process reads the system's certificates once, so this is the one test that uses TLS.
TEST(Fetch, SpeaksTlsWithACertificateThatIsTrustedForTheHost) {
  SelfSigned trusted;
  SelfSigned unknown;
  auto path =
      std::filesystem::temp_directory_path() / ("mycouch_client_test_" + std::to_string(getpid()) + ".pem");
  trusted.write_certificate(path);
  setenv("SSL_CERT_FILE", path.c_str(), 1);

  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
  std::string port = std::to_string(acceptor.local_endpoint().port());
  {
    std::jthread server([&] { serve_tls(acceptor, trusted, 2); });
    ClientRequest request;
    request.timeout = 5s;
    request.url = "https://localhost:" + port + "/";
    auto response = fetch_now(request);
    ASSERT_TRUE(response.has_value()) << response.error().reason;
    EXPECT_EQ(response->body, "localhost");
    request.url = "https://127.0.0.1:" + port + "/";
    EXPECT_FALSE(fetch_now(request).has_value()) << "the certificate is for another name";
  }
  {
    std::jthread server([&] { serve_tls(acceptor, unknown, 1); });
    ClientRequest request;
    request.timeout = 5s;
    request.url = "https://localhost:" + port + "/";
    EXPECT_FALSE(fetch_now(request).has_value()) << "nobody vouches for the certificate";
  }
  std::filesystem::remove(path);
}

TEST(ParseUrl, TakesUrlsApart) {
  auto url = parse_url("HTTPS://example.org");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "example.org");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/");
  url = parse_url("http://[::1]:8080/a/b?c=d#fragment");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->target, "/a/b?c=d");
  EXPECT_EQ(parse_url("http://h?x")->target, "/?x");
  EXPECT_EQ(parse_url("http://h")->port, 80);
  EXPECT_EQ(parse_url("http://[::1]/")->host, "::1");
}

TEST(ParseUrl, RefusesWhatIsNone) {
  for (const char* text :
       {"", "example.org", "ftp://h/", "http://", "http:///path", "http://h:0/", "http://h:70000/",
        "http://h:x/", "http://h:/", "http://user:secret@h/", "http://h/a b", "http://h/\r\nX: y"}) {
    auto url = parse_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code, Errc::bad_request);
    EXPECT_THAT(url.error().reason, ::testing::Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace mycouch::http
