// What the server refuses before, or instead of, calling a handler, and how the connection ends then.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_client.h"
#include "test_server.h"

namespace mycouch::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;

struct Refusal {
  const char* name;
  std::string request;
  unsigned status;
};

class RefusedRequests : public ::testing::TestWithParam<Refusal> {};

// None of these may reach a handler, and nothing behind them may be taken for a request.
TEST_P(RefusedRequests, AreAnsweredAndTheConnectionIsClosed) {
  std::atomic<int> handled{0};
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    ++handled;
    co_await echo(exchange);
  });
  RawClient client(server.port());
  client.send(GetParam().request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
  Response response = client.response();
  EXPECT_EQ(response.status, GetParam().status) << response.body;
  EXPECT_EQ(field(response, "Connection"), "close");
  client.end_sending();
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(handled, 0);
}

std::string post(std::string_view fields, std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

INSTANTIATE_TEST_SUITE_P(
    Framing, RefusedRequests,
    ::testing::Values(
        Refusal{"LengthBesideChunked",
                post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"ChunkedBesideLength",
                post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
        Refusal{"TwoLengths", post("Content-Length: 3\r\nContent-Length: 5\r\n", "abcde"), 400},
        Refusal{"TwoLengthsInOneField", post("Content-Length: 3, 5\r\n", "abcde"), 400},
        Refusal{"NegativeLength", post("Content-Length: -1\r\n", ""), 400},
        Refusal{"SignedLength", post("Content-Length: +5\r\n", "abcde"), 400},
        Refusal{"LengthBeyond64Bits", post("Content-Length: 18446744073709551617\r\n", "a"), 400},
        Refusal{"HexLength", post("Content-Length: 0x5\r\n", "abcde"), 400},
        Refusal{"Gzip", post("Transfer-Encoding: gzip\r\n", ""), 501},
        Refusal{"GzipThenChunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        Refusal{"GzipThenChunkedInTwoFields",
                post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501},
        Refusal{"Identity", post("Transfer-Encoding: identity\r\n", ""), 501},
        Refusal{"ChunkedTwice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
                400},
        Refusal{"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"SpaceBeforeColon", post("Content-Length : 5\r\n", "abcde"), 400},
        Refusal{"SpaceBeforeName", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
        Refusal{"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", 400},
        Refusal{"BareCarriageReturn", "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400},
        Refusal{"NulInAValue", "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s, 400},
        Refusal{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Refusal{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Refusal{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refusal{"NoVersion", "GET /\r\nHost: h\r\n\r\n", 400},
        Refusal{"Http2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400},
        Refusal{"Tls", "\x16\x03\x01\x02\x10\x01\r\n\r\n", 400},
        Refusal{"OtherExpectation", post("Expect: 200-ok\r\nContent-Length: 0\r\n", ""), 417}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Size, RefusedRequests,
    ::testing::Values(Refusal{"Target", "GET /" + std::string(70'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n",
                              414},
                      Refusal{"OneField", post("X: " + std::string(70'000, 'x') + "\r\n", ""), 431},
                      Refusal{"ManyFields",
                              [] {
                                std::string fields;
                                for (int i = 0; i < 5'000; ++i) fields += "X-Field: some value\r\n";
                                return post(fields, "");
                              }(),
                              431},
                      Refusal{"FieldWithoutEnd", "GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'x'), 431},
                      Refusal{"LineWithoutEnd", std::string(1 << 20, 'x'), 414},
                      Refusal{"OnlyEmptyLines",
                              [] {
                                std::string lines;
                                for (int i = 0; i < 40'000; ++i) lines += "\r\n";
                                return lines;
                              }(),
                              400}),
    [](const auto& info) { return info.param.name; });

class MalformedChunks : public ::testing::TestWithParam<std::string> {};

TEST_P(MalformedChunks, FailTheBodyAndCloseTheConnection) {
  TestServer server;
  RawClient client(server.port());
  client.send(post("Transfer-Encoding: chunked\r\n", GetParam()) +
              "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
  Response response = client.response();
  EXPECT_EQ(response.status, 400U);
  EXPECT_THAT(response.body, HasSubstr("malformed"));
  client.end_sending();
  EXPECT_TRUE(client.at_end());
}

INSTANTIATE_TEST_SUITE_P(Server, MalformedChunks,
                         ::testing::Values("x\r\nabc\r\n", "-1\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3 abc\r\n",
                                           "11111111111111111\r\nabc", "\r\n\r\n", "3\nabc\n0\n\n",
                                           "1;" + std::string(100'000, 'x'),
                                           "0\r\nT: " + std::string(100'000, 'x')));

TEST(BodyLimit, RefusesAnAnnouncedLengthBeforeItComes) {
  ServerOptions options = on_free_port();
  options.max_body = 1'000;
  TestServer server(echo, options);
  RawClient client(server.port());
  client.send(post("Expect: 100-continue\r\nContent-Length: 1001\r\n", ""));
  Response response = client.response();
  EXPECT_EQ(response.status, 413U);
  EXPECT_EQ(field(response, "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(BodyLimit, RefusesChunksBeyondIt) {
  ServerOptions options = on_free_port();
  options.max_body = 1'000;
  TestServer server(echo, options);
  RawClient client(server.port());
  client.send(
      post("Transfer-Encoding: chunked\r\n", "f4240\r\n" + std::string(1'000'000, 'x') + "\r\n0\r\n\r\n"));
  EXPECT_EQ(client.response().status, 413U);
  EXPECT_TRUE(client.at_end());
}

TEST(BodyLimit, IsTheHandlersWhereThatIsSmallerAndTheConnectionGoesOn) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    auto body = co_await exchange.read_body(10);
    co_await exchange.send(body ? text_response(*body) : render(body.error()));
  });
  RawClient client(server.port());
  client.send(post("Content-Length: 11\r\n", "0123456789a"));
  EXPECT_EQ(client.response().status, 413U);
  client.send(post("Content-Length: 10\r\n", "0123456789"));
  EXPECT_EQ(client.response().body, "0123456789");
}

TEST(Timeouts, AnswerARequestHeadThatNeverEnds) {
  ServerOptions options = on_free_port();
  options.head_timeout = 100ms;
  TestServer server(echo, options);
  RawClient client(server.port());
  auto began = std::chrono::steady_clock::now();
  client.send("GET / HTTP/1.1\r\n");
  // The deadline is for the whole head: bytes that keep coming do not move it.
  while (std::chrono::steady_clock::now() < began + 300ms && client.send("X: y\r\n")) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(client.response().status, 408U);
}

TEST(Timeouts, AnswerABodyThatNeverEnds) {
  ServerOptions options = on_free_port();
  options.body_timeout = 50ms;
  TestServer server(echo, options);
  RawClient client(server.port());
  client.send(post("Content-Length: 10\r\n", "abc"));
  Response response = client.response();
  EXPECT_EQ(response.status, 408U);
  EXPECT_EQ(field(response, "Connection"), "close");
}

TEST(Timeouts, CloseIdleConnectionsQuietly) {
  ServerOptions options = on_free_port();
  options.idle_timeout = 50ms;
  TestServer server(echo, options);
  RawClient silent(server.port());
  RawClient kept(server.port());
  EXPECT_EQ(kept.get("/").status, 200U);
  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(kept.at_end());
}

TEST(Timeouts, CloseAConnectionThatTakesNoAnswer) {
  ServerOptions options = on_free_port();
  options.write_timeout = 50ms;
  std::atomic<bool> failed{false};
  TestServer server(
      [&](Exchange& exchange) -> boost::asio::awaitable<void> {
        auto sent =
            co_await exchange.send({.status = 200, .headers = {}, .body = std::string(50'000'000, 'x')});
        failed = !sent && sent.error().code == Errc::cancelled;
      },
      options);
  RawClient client(server.port(), 4 << 10);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_TRUE(eventually([&] { return server.counters().connections == 0; }));
}

TEST(Timeouts, LeaveAHandlerThatThinksAlone) {
  ServerOptions options = on_free_port();
  options.head_timeout = options.body_timeout = options.idle_timeout = options.write_timeout = 20ms;
  TestServer server(
      [](Exchange& exchange) -> boost::asio::awaitable<void> {
        auto waiter = base::Waiter::create(exchange.executor());
        exchange.watch(waiter);
        co_await waiter->wait_until(std::chrono::steady_clock::now() + 200ms);
        co_await exchange.send(text_response("late"));
      },
      options);
  EXPECT_EQ(RawClient(server.port()).get("/").body, "late");
}

TEST(HalfRequests, AreJustClosed) {
  TestServer server;
  for (const char* half : {"GET", "GET / HTTP/1.1\r\nHost", "GET / HTTP/1.1\r\nHost: h\r\n"}) {
    RawClient client(server.port());
    client.send(half);
    client.end_sending();
    EXPECT_TRUE(client.at_end());
  }
}

TEST(HalfRequests, CancelTheBody) {
  std::atomic<bool> cancelled{false};
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    auto body = co_await exchange.read_body(1'000);
    cancelled = !body && body.error().code == Errc::cancelled;
  });
  RawClient client(server.port());
  client.send(post("Content-Length: 10\r\n", "abc"));
  client.end_sending();
  EXPECT_EQ(client.take_all(), "");
  EXPECT_TRUE(cancelled);
}

TEST(Connections, BeyondTheMostAreClosed) {
  ServerOptions options = on_free_port();
  options.max_connections = 1;
  TestServer server(echo, options);
  RawClient first(server.port());
  EXPECT_EQ(first.get("/").status, 200U);
  EXPECT_TRUE(RawClient(server.port()).at_end());
  first.close();
  EXPECT_TRUE(eventually([&] { return server.counters().connections == 0; }));
  EXPECT_EQ(RawClient(server.port()).get("/").status, 200U);
}

}  // namespace
}  // namespace mycouch::http
