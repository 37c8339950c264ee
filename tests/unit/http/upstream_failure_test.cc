// What the pooled client does where a host cannot be reached, breaks off, or is too slow.
#include <gmock/gmock.h>

#include "http/upstream.h"
#include "upstream_world.h"

namespace mycouch::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(UpstreamFailure, GoesToTheNextHostWhereOneCannotBeReached) {
  RawServer server(answer_number);
  const std::string dead = local_origin(dead_port());
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({dead, server.origin()}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(told(wait_for(upstream.send(post_to()))), "1");
  const auto health = upstream.health();
  EXPECT_EQ(health[0].origin, dead);
  EXPECT_FALSE(health[0].up);
  EXPECT_THAT(health[0].trouble, HasSubstr("Connection refused"));
  EXPECT_GE(health[0].failures, 1U);
  EXPECT_TRUE(health[1].up);
  EXPECT_EQ(health[1].requests, 10U);
}

TEST(UpstreamFailure, TakesTurnsWithTheHostsThatAreUp) {
  RawServer one(answer_number);
  RawServer two(answer_number);
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({one.origin(), two.origin()}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "1");
  for (const HostHealth& health : upstream.health()) EXPECT_EQ(health.requests, 5U);
}

TEST(UpstreamFailure, SaysSoAtOnceWhereNoHostCanBeReached) {
  LoopThread loop;
  UpstreamOptions options = to_origins({local_origin(dead_port()), local_origin(dead_port())});
  options.patience = 24h;
  Upstream upstream(loop.executor(), options);
  for (int i = 0; i < 3; ++i) {
    auto answer = wait_for(upstream.send(get_of()));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
    EXPECT_THAT(answer.error().reason, HasSubstr("Connection refused"));
  }
  UpstreamOptions nowhere = to_origins({"http://no-such-host.invalid"});
  Upstream lost(loop.executor(), nowhere);
  EXPECT_EQ(told(wait_for(lost.send(get_of()))), "error: unavailable");
}

TEST(UpstreamFailure, FindsAHostThatIsBack) {
  auto server = std::make_unique<RawServer>(answer_number);
  const std::uint16_t port = server->port();
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server->origin()}));
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "1");
  server.reset();
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "error: unavailable");
  EXPECT_FALSE(upstream.health()[0].up);
  server = std::make_unique<RawServer>(answer_number, port);
  // Without any request: by its own probes.
  EXPECT_TRUE(eventually([&] { return upstream.health()[0].up; }));
  EXPECT_EQ(upstream.health()[0].trouble, "");
  EXPECT_EQ(told(wait_for(upstream.send(post_to()))), "2") << "the first connection was the probe's";
}

TEST(UpstreamFailure, WaitsForAProbeWhereTheLastOneIsLongAgo) {
  const std::uint16_t port = dead_port();
  LoopThread loop;
  UpstreamOptions options = to_origins({local_origin(port)});
  options.patience = 24h;
  Upstream upstream(loop.executor(), options);
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "error: unavailable");
  // From now on the probe hangs, so the last that failed gets old, and requests begin to wait for this one.
  std::atomic<bool> open = false;
  RawServer server(
      [&](RawPeer& peer) -> boost::asio::awaitable<void> {
        for (;;) {
          const std::string head = co_await peer.head();
          co_await wait_until([&] { return open.load(); });
          co_await peer.answer(head.substr(0, head.find(" HTTP")));
        }
      },
      port);
  EXPECT_TRUE(eventually([&] { return server.accepted() == 1; }));
  std::atomic<int> calls = 0;
  std::jthread caller([&] {
    Result<Response> answer;
    do {
      ++calls;
      answer = wait_for(upstream.send(get_of("/late")));
    } while (!answer);
    EXPECT_EQ(told(answer), "GET /late");
  });
  // One of them does not return at once.
  EXPECT_TRUE(eventually(StandsStill([&] { return static_cast<std::uint64_t>(calls); })));
  open = true;
}

TEST(UpstreamFailure, SendsWhatMayBeRepeatedToAnotherHost) {
  // The first takes requests and closes.
  RawServer broken([](RawPeer& peer) -> boost::asio::awaitable<void> { co_await peer.head(); });
  RawServer server(answer_number);
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({broken.origin(), server.origin()}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "1");
  EXPECT_GE(broken.accepted(), 1);
  EXPECT_TRUE(upstream.health()[0].up) << "it can be reached";
  int refused = 0;
  for (int i = 0; i < 4; ++i) refused += wait_for(upstream.send(post_to())) ? 0 : 1;
  EXPECT_EQ(refused, 2) << "what may have been carried out is not sent again";
}

// Answers "503" to the first `count` requests.
RawServer::Serve overloaded_for(int count) {
  auto left = std::make_shared<std::atomic<int>>(count);
  return [left](RawPeer& peer) -> boost::asio::awaitable<void> {
    for (;;) {
      co_await peer.head();
      if ((*left)-- > 0) {
        co_await peer.answer("later", "503 Service Unavailable");
      } else {
        co_await peer.answer("now");
      }
    }
  };
}

TEST(UpstreamFailure, TriesAnOverloadedHostAgain) {
  RawServer server(overloaded_for(2));
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "now");
  EXPECT_EQ(server.accepted(), 1);
  RawServer streaming(overloaded_for(2));
  Upstream another(loop.executor(), to_origins({streaming.origin()}));
  auto content = wait_for(another.open(get_of()));
  ASSERT_TRUE(content);
  EXPECT_EQ((*content)->head().status, 200U);
  EXPECT_EQ(wait_for((*content)->read(10, 60s)), "now");
}

TEST(UpstreamFailure, GivesTheAnswerOfAnOverloadedHostWhereNothingElseIsLeft) {
  RawServer server(overloaded_for(1'000'000));
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.patience = 200ms;
  Upstream upstream(loop.executor(), options);
  auto answer = wait_for(upstream.send(get_of()));
  EXPECT_EQ(told(answer), "later");
  EXPECT_EQ(answer->status, 503U);
  EXPECT_GE(upstream.health()[0].requests, 2U);
  const std::uint64_t before = upstream.health()[0].requests;
  EXPECT_EQ(wait_for(upstream.send(post_to()))->status, 503U);
  EXPECT_EQ(upstream.health()[0].requests, before + 1) << "a POST may not be sent twice";
}

TEST(UpstreamFailure, EndsAnAnswerThatBreaksOff) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    co_await peer.head();
    co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.patience = 200ms;
  Upstream upstream(loop.executor(), options);
  EXPECT_EQ(told(wait_for(upstream.send(post_to()))), "error: unavailable");
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "error: unavailable");
  EXPECT_GE(server.accepted(), 2) << "a GET is tried again";
}

TEST(UpstreamFailure, TakesWhatIsNoHttpForNoAnswer) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    co_await peer.head();
    co_await peer.write("220 mail.example ESMTP\r\n\r\n");
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  EXPECT_EQ(told(wait_for(upstream.send(post_to()))), "error: unavailable");
}

TEST(UpstreamFailure, GivesUpOnASilentHostAndProbesIt) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    if ((co_await peer.head()).contains("/_up")) {
      co_await peer.answer("{}");
    }
    co_await peer.wait_for_end();
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  UpstreamRequest request = post_to();
  request.timeout = 50ms;
  auto answer = wait_for(upstream.send(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_THAT(answer.error().reason, HasSubstr("timed out"));
  EXPECT_EQ(upstream.health()[0].failures, 1U);
  EXPECT_TRUE(eventually([&] { return server.accepted() == 2 && upstream.health()[0].up; }));
}

TEST(UpstreamFailure, TakesASlowAnswerWhoseStepsAreInTime) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    co_await peer.head();
    co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    for (char piece : std::string("abcdef")) {
      timer.expires_after(100ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
      co_await peer.write(std::string(1, piece));
    }
    co_await peer.wait_for_end();
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  UpstreamRequest request = post_to();
  request.timeout = 500ms;
  EXPECT_EQ(told(wait_for(upstream.send(request))), "abcdef");
}

TEST(UpstreamFailure, RefusesAnAnswerThatIsTooLarge) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    if (exchange.request().target == "/whole") {
      co_await exchange.send(text_response(std::string(2'000, 'x')));
      co_return;
    }
    co_await exchange.begin(text_response(""));
    while (co_await exchange.write(std::string(500, 'x'))) {
    }
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({local_origin(server.port())}));
  UpstreamRequest request = get_of("/whole");
  request.max_response = 1'000;
  EXPECT_EQ(told(wait_for(upstream.send(request))), "error: too_large");
  request.target = "/pieces";
  EXPECT_EQ(told(wait_for(upstream.send(request))), "error: too_large");
  request.target = "/whole";
  request.max_response = 2'000;
  EXPECT_EQ(told(wait_for(upstream.send(request))), std::string(2'000, 'x'));
}

}  // namespace
}  // namespace mycouch::http
