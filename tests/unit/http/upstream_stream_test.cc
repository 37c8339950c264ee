// Contents larger than memory, in both directions.
#include <gmock/gmock.h>

#include "http/upstream.h"
#include "upstream_world.h"

namespace mycouch::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint64_t kLarge = std::uint64_t{64} << 20;
constexpr std::uint64_t kPiece = std::uint64_t{1} << 18;
// What the buffers on the way may hold: the kernel's of both sockets, and ours.
constexpr std::uint64_t kOnTheWay = std::uint64_t{24} << 20;

// The content's byte at a place, so that no piece can be lost, doubled or moved unseen.
char byte_at(std::uint64_t place) {
  return static_cast<char>(place * 2'654'435'761U >> 13);
}

std::string bytes_from(std::uint64_t offset, std::uint64_t count) {
  std::string bytes(count, '\0');
  for (std::uint64_t i = 0; i < count; ++i) bytes[i] = byte_at(offset + i);
  return bytes;
}

UpstreamRequest put_content(std::uint64_t length, std::function<Task<std::string>(std::uint64_t)> read) {
  UpstreamRequest request;
  request.method = Method::put;
  request.target = "/content";
  request.content = BodySource{.length = length, .read = std::move(read)};
  return request;
}

TEST(UpstreamStream, SendsNoFasterThanTheServerReads) {
  std::atomic<std::uint64_t> asked = 0;
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    EXPECT_EQ(exchange.request().content_length, kLarge);
    co_await wait_until([&] { return asked >= 4 * kPiece; });
    std::uint64_t received = 0;
    bool good = true;
    while (received < kLarge) {
      auto piece = co_await exchange.read_some(kLarge);
      if (!piece || piece->empty()) break;
      good = good && *piece == bytes_from(received, piece->size());
      received += piece->size();
      EXPECT_LE(asked - received, kOnTheWay);
    }
    co_await exchange.send(text_response(good ? std::to_string(received) : "spoilt"));
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({local_origin(server.port())}));
  auto answer =
      wait_for(upstream.send(put_content(kLarge, [&asked](std::uint64_t offset) -> Task<std::string> {
        asked = offset + kPiece;
        co_return bytes_from(offset, kPiece);
      })));
  EXPECT_EQ(told(answer), std::to_string(kLarge));
}

TEST(UpstreamStream, ReceivesNoFasterThanTheCallerReads) {
  std::atomic<std::uint64_t> written = 0;
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    co_await exchange.begin(text_response(""), kLarge);
    for (std::uint64_t offset = 0; offset < kLarge; offset += kPiece) {
      co_await exchange.write(bytes_from(offset, kPiece));
      written = offset + kPiece;
    }
    co_await exchange.finish();
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({local_origin(server.port())}));
  auto content = wait_for(upstream.open(get_of()));
  ASSERT_TRUE(content) << content.error().reason;
  EXPECT_EQ((*content)->head().headers.find("Content-Length"), std::to_string(kLarge));
  EXPECT_TRUE(eventually([&] { return written >= kPiece; }));
  std::uint64_t received = 0;
  for (;;) {
    auto piece = wait_for((*content)->read(50'000, 60s));
    ASSERT_TRUE(piece) << piece.error().reason;
    if (piece->empty()) break;
    ASSERT_LE(piece->size(), 50'000U);
    ASSERT_EQ(*piece, bytes_from(received, piece->size()));
    received += piece->size();
    ASSERT_LE(written - std::min(received, written.load()), kOnTheWay);
  }
  EXPECT_EQ(received, kLarge);
  EXPECT_EQ(wait_for((*content)->read(1, 60s)), "") << "the end stays the end";
}

TEST(UpstreamStream, KeepsTheConnectionOfAContentThatWasReadToItsEnd) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    for (;;) {
      const std::string head = co_await peer.head();
      co_await peer.answer(head.contains("/empty") ? "" : std::to_string(peer.number()) + "content");
    }
  });
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.connections_per_host = 1;
  Upstream upstream(loop.executor(), options);
  auto empty = wait_for(upstream.open(get_of("/empty")));
  auto first = wait_for(upstream.open(get_of()));
  EXPECT_EQ(wait_for((*first)->read(5, 60s)), "1cont");
  // The rest came with it, so the connection is free while it is still to be read.
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "1content");
  EXPECT_EQ(wait_for((*first)->read(5, 60s)), "ent");
  EXPECT_EQ(wait_for((*first)->read(5, 60s)), "");
  EXPECT_EQ(wait_for((*empty)->read(5, 60s)), "");
}

TEST(UpstreamStream, ClosesTheConnectionOfAContentThatIsGivenUp) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    co_await peer.head();
    if (peer.number() == 1) {
      co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome");
    } else {
      co_await peer.answer("second");
    }
    co_await peer.wait_for_end();
  });
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.connections_per_host = 1;
  Upstream upstream(loop.executor(), options);
  auto content = wait_for(upstream.open(get_of()));
  ASSERT_TRUE(content);
  EXPECT_EQ(wait_for((*content)->read(100, 60s)), "some");
  content->reset();
  EXPECT_TRUE(eventually([&] { return server.closed() == 1; }));
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "second");
}

TEST(UpstreamStream, ClosesTheConnectionOfAContentWhoseReaderIsDestroyed) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    co_await peer.head();
    co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    co_await peer.wait_for_end();
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  auto content = wait_for(upstream.open(get_of()));
  ASSERT_TRUE(content);
  {
    boost::asio::io_context context;
    boost::asio::co_spawn(context, (*content)->read(100, 24h), boost::asio::detached);
    context.poll();
  }
  content->reset();
  EXPECT_TRUE(eventually([&] { return server.closed() == 1; }));
}

TEST(UpstreamStream, EndsAContentThatBreaksOffOrStops) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    const std::string head = co_await peer.head();
    co_await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n");
    if (head.contains("/silent")) co_await peer.wait_for_end();
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  for (const char* target : {"/broken", "/silent"}) {
    auto content = wait_for(upstream.open(get_of(target)));
    ASSERT_TRUE(content);
    EXPECT_EQ(wait_for((*content)->read(100, 60s)), "some");
    auto rest = wait_for((*content)->read(100, target == std::string("/silent") ? 50ms : 60'000ms));
    ASSERT_FALSE(rest);
    EXPECT_EQ(rest.error().code, Errc::unavailable);
    EXPECT_EQ(wait_for((*content)->read(100, 60s)).error().code, Errc::unavailable) << "for good";
  }
  EXPECT_TRUE(upstream.health()[0].up);
}

TEST(UpstreamStream, TakesAnAnswerThatComesBeforeTheContentWasSent) {
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> asked = 0;
  RawServer server([&](RawPeer& peer) -> boost::asio::awaitable<void> {
    // The content is not read, so that the sender is stuck in it.
    if ((co_await peer.head()).contains("/content")) {
      co_await wait_until(StandsStill([&] { return asked.load(); }));
    }
    co_await peer.answer("too much", "413 Content Too Large");
    co_await wait_until([&] { return over.load(); });
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  auto endless = [&asked](std::uint64_t offset) -> Task<std::string> {
    asked = offset + kPiece;
    co_return std::string(kPiece, 'x');
  };
  UpstreamRequest large = put_content(std::uint64_t{1} << 40, endless);
  large.timeout = 24h;
  Result<Response> answer;
  std::atomic<bool> answered = false;
  std::jthread caller([&] {
    answer = wait_for(upstream.send(large));
    answered = true;
  });
  EXPECT_TRUE(eventually([&] { return answered.load(); }));
  if (!answered) upstream.stop();
  caller.join();
  ASSERT_TRUE(answer) << answer.error().reason;
  EXPECT_EQ(answer->status, 413U);
  EXPECT_EQ(answer->body, "too much");
  UpstreamRequest small = post_to("/again", "x");
  EXPECT_EQ(told(wait_for(upstream.send(small))), "too much");
  EXPECT_EQ(server.accepted(), 2) << "the first connection is good for nothing more";
  over = true;
}

TEST(UpstreamStream, EndsWithTheErrorOfItsSource) {
  RawServer server(be_silent);
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  auto failing = [](std::uint64_t offset) -> Task<std::string> {
    if (offset > 0) co_return fail(Errc::md5_mismatch, "spoilt");
    co_return std::string(10, 'x');
  };
  EXPECT_EQ(told(wait_for(upstream.send(put_content(100, failing)))), "error: md5_mismatch");
  auto short_one = [](std::uint64_t offset) -> Task<std::string> {
    co_return offset == 0 ? std::string(10, 'x') : std::string();
  };
  EXPECT_EQ(told(wait_for(upstream.send(put_content(100, short_one)))), "error: internal");
  auto long_one = [](std::uint64_t) -> Task<std::string> { co_return std::string(101, 'x'); };
  EXPECT_EQ(told(wait_for(upstream.send(put_content(100, long_one)))), "error: internal");
  EXPECT_TRUE(upstream.health()[0].up);
}

TEST(UpstreamStream, AsksItsSourceFromTheStartWhenItSendsAgain) {
  TestServer server;
  RawServer broken([](RawPeer& peer) -> boost::asio::awaitable<void> { co_await peer.head(); });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({broken.origin(), local_origin(server.port())}));
  std::atomic<int> starts = 0;
  UpstreamRequest request = put_content(20, [&](std::uint64_t offset) -> Task<std::string> {
    if (offset == 0) ++starts;
    co_return bytes_from(offset, 10);
  });
  request.repeatable = true;
  EXPECT_EQ(told(wait_for(upstream.send(request))), "PUT /content " + bytes_from(0, 20));
  EXPECT_EQ(starts, 2);
}

}  // namespace
}  // namespace mycouch::http
