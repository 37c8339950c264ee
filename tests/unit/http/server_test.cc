#include "http/server.h"

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "raw_client.h"
#include "test_server.h"

namespace mycouch::http {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

TEST(Server, AnswersAndKeepsTheConnection) {
  TestServer server;
  RawClient client(server.port());
  Response first = client.get("/a?b=1");
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(first.body, "GET /a?b=1 ");
  EXPECT_EQ(field(first, "Content-Type"), "text/plain");
  EXPECT_EQ(field(first, "Connection"), "(none)");
  EXPECT_THAT(field(first, "Server"), StartsWith("mycouch/"));
  EXPECT_THAT(field(first, "Date"), MatchesRegex("[A-Z][a-z]+, [0-9]+ [A-Z][a-z]+ 20[0-9]+ [0-9:]+ GMT"));
  EXPECT_THAT(field(first, "X-Request-Id"), MatchesRegex("[0-9a-f]+"));
  Response second = client.get("/c");
  EXPECT_EQ(second.body, "GET /c ");
  EXPECT_NE(field(first, "X-Request-Id"), field(second, "X-Request-Id"));
  EXPECT_EQ(server.counters().requests, 2U);
  EXPECT_EQ(server.counters().connections, 1U);
}

TEST(Server, TellsTheHandlerOfTheRequest) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    const Request& request = exchange.request();
    EXPECT_EQ(request.method, Method::delete_);
    EXPECT_EQ(request.raw_path(), "/a%2Fb");
    EXPECT_EQ(request.raw_query(), "rev=1");
    EXPECT_EQ(request.headers.find("X-THING"), "a b");
    EXPECT_EQ(request.remote_address, "127.0.0.1");
    EXPECT_EQ(request.id.size(), 16U);
    EXPECT_FALSE(request.has_body);
    co_await exchange.send(text_response("ok"));
  });
  RawClient client(server.port());
  client.send("DELETE /a%2Fb?rev=1 HTTP/1.1\r\nHost: h\r\nX-Thing:  a b \r\n\r\n");
  EXPECT_EQ(client.response().body, "ok");
}

TEST(Server, AnswersPipelinedRequestsInTheirOrder) {
  TestServer server;
  RawClient client(server.port());
  client.send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntwo"
      "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2;x=y\r\nth\r\n3\r\nree\r\n0\r\nTrailer: t\r\n\r\n"
      "\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.response().body, "GET /1 ");
  EXPECT_EQ(client.response().body, "POST /2 two");
  EXPECT_EQ(client.response().body, "POST /3 three");
  EXPECT_EQ(client.response().body, "GET /4 ");
}

TEST(Server, TakesRequestsByteByByte) {
  TestServer server;
  RawClient client(server.port());
  std::string text =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n";
  for (char c : text + text) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.response().body, "POST /x abc0123456789");
  EXPECT_EQ(client.response().body, "POST /x abc0123456789");
}

TEST(Server, SendsHeadTheSameFieldsAndNoBody) {
  TestServer server;
  RawClient client(server.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  Response head = client.response(false);
  EXPECT_EQ(field(head, "Content-Length"), "8");
  EXPECT_EQ(client.get("/b").body, "GET /b ");
}

TEST(Server, SendsNoBodyWithNoContentAndNotModified) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    bool modified = exchange.request().target == "/204";
    co_await exchange.send({.status = modified ? 204U : 304U, .headers = {}, .body = "dropped"});
  });
  RawClient client(server.port());
  EXPECT_EQ(field(client.get("/204"), "Content-Length"), "(none)");
  EXPECT_EQ(client.get("/304").status, 304U);
  EXPECT_EQ(client.get("/204").status, 204U);
}

TEST(Server, ClosesWhereTheClientAsksForIt) {
  TestServer server;
  RawClient client(server.port());
  EXPECT_EQ(field(client.get("/", "Connection: close\r\n"), "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, ClosesAfterHttp10UnlessAskedToKeep) {
  TestServer server;
  RawClient client(server.port());
  client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  Response kept = client.response();
  EXPECT_EQ(kept.body, "GET /1 ");
  EXPECT_EQ(field(kept, "Connection"), "keep-alive");
  client.send("GET /2 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(field(client.response(), "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, EndsAnHttp10StreamByClosing) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.begin(text_response(""));
    co_await exchange.write("one ");
    co_await exchange.write("two");
    co_await exchange.finish();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  Response response = client.response();
  EXPECT_EQ(field(response, "Transfer-Encoding"), "(none)");
  EXPECT_EQ(field(response, "Connection"), "close");
  EXPECT_EQ(response.body, "one two");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, StreamsChunksAsTheyAreWritten) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.begin(text_response(""));
    co_await exchange.write("one");
    co_await exchange.write("");
    co_await exchange.write(std::string(100'000, 'x'));
    co_await exchange.finish();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(field(client.head(), "Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.chunk(), "one");
  EXPECT_EQ(client.chunk(), std::string(100'000, 'x'));
  EXPECT_EQ(client.chunk(), "");
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(field(client.response(false), "Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.get("/").body.size(), 100'003U);
}

TEST(Server, HandsTheBodyOverInPieces) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    std::size_t total = 0;
    std::size_t largest = 0;
    for (;;) {
      auto piece = co_await exchange.read_some(4 << 20);
      if (!piece || piece->empty()) break;
      total += piece->size();
      largest = std::max(largest, piece->size());
    }
    EXPECT_LE(largest, std::size_t{64} << 10);
    co_await exchange.send(text_response(std::to_string(total)));
  });
  RawClient client(server.port());
  client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x'));
  EXPECT_EQ(client.response().body, "3000000");
}

TEST(Server, SaysContinueWhenTheHandlerReads) {
  TestServer server;
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.take_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(client.response().body, "PUT /x abc");
  EXPECT_EQ(client.get("/y").body, "GET /y ");
}

TEST(Server, SaysNoContinueWhenTheHandlerDoesNotRead) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.send(text_response("no", 403));
  });
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  Response response = client.response();
  EXPECT_EQ(response.status, 403U);
  EXPECT_EQ(field(response, "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, SkipsASmallBodyThatWasNotRead) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.send(text_response(exchange.request().target));
  });
  RawClient client(server.port());
  client.send("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + std::string(60'000, 'x'));
  EXPECT_EQ(client.response().body, "/1");
  client.send("PUT /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(client.response().body, "/2");
  EXPECT_EQ(client.get("/3").body, "/3");
}

TEST(Server, ClosesAfterALargeBodyThatWasNotReadAndTheClientSeesTheAnswer) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.send(text_response("no", 403));
  });
  RawClient client(server.port());
  client.send("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n");
  client.send(std::string(5'000'000, 'x'));
  Response response = client.response();
  EXPECT_EQ(response.status, 403U);
  EXPECT_EQ(field(response, "Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, AnswersAnExceptionBareAndGoesOn) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    if (exchange.request().target == "/throw") throw std::runtime_error("the cause is a secret");
    co_await exchange.send(text_response("ok"));
  });
  RawClient client(server.port());
  Response response = client.get("/throw");
  EXPECT_EQ(response.status, 500U);
  EXPECT_EQ(response.body, "internal error");
  EXPECT_EQ(client.get("/").body, "ok");
}

TEST(Server, CutsAStreamThatAnExceptionEnds) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.begin(text_response(""));
    co_await exchange.write("one");
    throw std::runtime_error("in the middle");
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.take_all(), ::testing::Not(HasSubstr("0\r\n\r\n")));
  EXPECT_TRUE(eventually([&] { return server.counters().connections == 0; }));
}

TEST(Server, ClosesWhereTheHandlerDoesNotAnswer) {
  TestServer server([](Exchange&) -> boost::asio::awaitable<void> { co_return; });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.take_all(), "");
}

TEST(Server, LetsNoFieldBeAddedThroughAValue) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    Response response = text_response("ok");
    response.headers.add("Location", "/a\r\nSet-Cookie: x");
    co_await exchange.send(std::move(response));
  });
  RawClient client(server.port());
  Response response = client.get("/");
  EXPECT_EQ(field(response, "Set-Cookie"), "(none)");
  EXPECT_EQ(field(response, "Location"), "/a  Set-Cookie: x");
}

TEST(Server, SpreadsConnectionsOverItsThreads) {
  ServerOptions options = on_free_port();
  options.threads = 2;
  std::mutex mutex;
  std::map<std::thread::id, int> served;
  TestServer server(
      [&](Exchange& exchange) -> boost::asio::awaitable<void> {
        {
          std::lock_guard lock(mutex);
          ++served[std::this_thread::get_id()];
        }
        co_await exchange.send(text_response("ok"));
      },
      options);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(RawClient(server.port()).get("/").status, 200U);
  ASSERT_EQ(served.size(), 2U);
  EXPECT_EQ(served.begin()->second, 5);
}

// What is resident says nothing where freed memory is held back to find its late users.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kMemoryIsMeasurable = false;
#else
constexpr bool kMemoryIsMeasurable = true;
#endif

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(Server, KeepsItsMemoryOverManyRequestsOnOneConnection) {
  if (!kMemoryIsMeasurable) GTEST_SKIP() << "a sanitizer keeps what was freed";
  TestServer server;
  RawClient client(server.port());
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(client.get("/warm").status, 200U);
  std::size_t before = resident_bytes();
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(client.get("/").status, 200U);
  EXPECT_LT(resident_bytes(), before + (1 << 20));
}

TEST(Server, HoldsAWriterBackWhileTheClientDoesNotRead) {
  constexpr std::size_t kPiece = 64 << 10;
  constexpr std::size_t kPieces = 1'600;  // 100 MB
  std::atomic<std::size_t> written{0};
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.begin({.status = 200, .headers = {}, .body = {}});
    for (std::size_t i = 0; i < kPieces; ++i) {
      if (!co_await exchange.write(std::string(kPiece, 'x'))) co_return;
      written += kPiece;
    }
    co_await exchange.finish();
  });
  std::size_t before = resident_bytes();
  RawClient slow(server.port(), 64 << 10);
  slow.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(slow.head().status, 200U);
  std::size_t last = 0;
  EXPECT_TRUE(eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return std::exchange(last, written.load()) == written && last > 0;
  }));
  // What the kernel holds for a socket pair is some megabytes at most.
  EXPECT_LT(written, std::size_t{16} << 20);
  if (kMemoryIsMeasurable) EXPECT_LT(resident_bytes(), before + (8 << 20));
  std::size_t total = 0;
  for (std::string piece = slow.chunk(); !piece.empty(); piece = slow.chunk()) total += piece.size();
  EXPECT_EQ(total, kPiece * kPieces);
}

TEST(Server, LetsOthersHaveTheirTurnWhileOneStreamsFast) {
  std::atomic<bool> stop{false};
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    if (exchange.request().target == "/short") {
      stop = true;
      co_await exchange.send(text_response("ok"));
      co_return;
    }
    co_await exchange.begin({.status = 200, .headers = {}, .body = {}});
    while (!stop) {
      if (!co_await exchange.write(std::string(1'000, 'x'))) co_return;
    }
    co_await exchange.finish();
  });
  RawClient reader(server.port());
  reader.send("GET /long HTTP/1.1\r\nHost: h\r\n\r\n");
  std::jthread reading([&] { reader.response(); });
  EXPECT_EQ(RawClient(server.port()).get("/short").body, "ok");
}

}  // namespace
}  // namespace mycouch::http
