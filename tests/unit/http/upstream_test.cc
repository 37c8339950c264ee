#include "http/upstream.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include <gmock/gmock.h>

#include "tls_server.h"
#include "upstream_world.h"

namespace mycouch::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Upstream, SendsWhatItIsGivenAndTakesAnyStatusForAnAnswer) {
  TestServer server([](Exchange& exchange) -> boost::asio::awaitable<void> {
    const Request& request = exchange.request();
    EXPECT_EQ(request.headers.find("X-Own"), "a");
    EXPECT_EQ(request.headers.find("Authorization"), "Basic x");
    EXPECT_FALSE(request.headers.find("Accept-Encoding"));
    auto body = co_await exchange.read_body(1 << 30);
    Response response = text_response(request.method_text + " " + request.target + " " + *body, 404);
    response.headers.add("ETag", "e");
    co_await exchange.send(std::move(response));
  });
  LoopThread loop;
  UpstreamOptions options = to_origins({local_origin(server.port())});
  options.headers.add("Authorization", "Basic x");
  Upstream upstream(loop.executor(), options);
  UpstreamRequest request = post_to("/a?b=c", std::string(200'000, 'x'));
  request.headers.add("X-Own", "a");
  auto response = wait_for(upstream.send(request));
  ASSERT_TRUE(response) << response.error().reason;
  EXPECT_EQ(response->status, 404U);
  EXPECT_EQ(response->body, "POST /a?b=c " + request.body);
  EXPECT_EQ(response->headers.find("etag"), "e");
}

TEST(Upstream, RefusesWhatCannotBeSentAndWhatIsNoOrigin) {
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({local_origin(dead_port())}));
  EXPECT_EQ(told(wait_for(upstream.send(get_of("/a b")))), "error: bad_request");
  EXPECT_THROW(Upstream(loop.executor(), to_origins({})), std::invalid_argument);
  EXPECT_THROW(Upstream(loop.executor(), to_origins({"http://h/path"})), std::invalid_argument);
  EXPECT_THROW(Upstream(loop.executor(), to_origins({"http://user:secret@h"})), std::invalid_argument);
}

TEST(Upstream, ReadsTheEndOfEachKindOfAnswer) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    for (;;) {
      const std::string head = co_await peer.head();
      if (head.starts_with("HEAD")) {
        co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 123456789012\r\n\r\n");
      } else if (head.contains("/chunked")) {
        co_await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        co_await peer.write("3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n");
      } else if (head.contains("/announced")) {
        co_await peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n");
        co_await peer.answer("after all");
      } else if (head.contains("/none")) {
        co_await peer.write("HTTP/1.1 304 Not Modified\r\nETag: e\r\n\r\n");
      } else if (head.contains("/number")) {
        co_await peer.answer(std::to_string(peer.number()));
      } else {
        co_await peer.write("HTTP/1.1 200 OK\r\n\r\nuntil it closes");
        co_return;
      }
    }
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  UpstreamRequest head = get_of();
  head.method = Method::head;
  auto answer = wait_for(upstream.send(head));
  EXPECT_EQ(told(answer), "");
  EXPECT_EQ(answer->headers.find("Content-Length"), "123456789012");
  EXPECT_EQ(told(wait_for(upstream.send(get_of("/chunked")))), "abcde");
  EXPECT_EQ(told(wait_for(upstream.send(get_of("/announced")))), "after all");
  EXPECT_EQ(wait_for(upstream.send(get_of("/none")))->status, 304U);
  EXPECT_EQ(told(wait_for(upstream.send(get_of("/number")))), "1") << "all of them leave the connection good";
  EXPECT_EQ(told(wait_for(upstream.send(get_of("/rest")))), "until it closes");
  EXPECT_EQ(told(wait_for(upstream.send(get_of("/number")))), "2");
}

TEST(UpstreamPool, KeepsItsConnection) {
  RawServer server(answer_number);
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "1");
  EXPECT_EQ(server.accepted(), 1);
  const HostHealth health = upstream.health().at(0);
  EXPECT_EQ(health.origin, server.origin());
  EXPECT_TRUE(health.up);
  EXPECT_EQ(health.requests, 50U);
  EXPECT_EQ(health.failures, 0U);
}

TEST(UpstreamPool, OpensNoMoreConnectionsThanItMay) {
  std::atomic<int> waiting = 0;
  std::atomic<bool> open = false;
  // Nobody is answered until as many wait as may.
  RawServer server([&](RawPeer& peer) -> boost::asio::awaitable<void> {
    for (;;) {
      co_await peer.head();
      if (++waiting == 3) open = true;
      co_await wait_until([&] { return open.load(); });
      co_await peer.answer("x");
    }
  });
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.connections_per_host = 3;
  Upstream upstream(loop.executor(), options);
  std::vector<Task<Response>> calls;
  for (int i = 0; i < 30; ++i) calls.push_back(upstream.send(get_of()));
  for (const auto& answer : wait_for_all(std::move(calls))) EXPECT_EQ(told(answer), "x");
  EXPECT_EQ(server.accepted(), 3);
}

TEST(UpstreamPool, ServesThoseWhoWaitInTheirOrder) {
  std::vector<std::string> targets;
  RawServer server([&](RawPeer& peer) -> boost::asio::awaitable<void> {
    for (;;) {
      const std::string head = co_await peer.head();
      targets.push_back(head.substr(4, head.find(' ', 4) - 4));
      co_await peer.answer("x");
      // Whose turn it is does not lose it when it finds the connection closed.
      if (targets.size() % 7 == 0) co_return;
    }
  });
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.connections_per_host = 1;
  Upstream upstream(loop.executor(), options);
  std::vector<Task<Response>> calls;
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    expected.push_back("/" + std::to_string(i));
    calls.push_back(upstream.send(get_of(expected.back())));
  }
  for (const auto& answer : wait_for_all(std::move(calls))) EXPECT_EQ(told(answer), "x");
  EXPECT_EQ(targets, expected);
}

TEST(UpstreamPool, LetsNobodyWaitLongerThanItsPatience) {
  RawServer server(be_silent);
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.connections_per_host = 1;
  options.patience = 50ms;
  Upstream upstream(loop.executor(), options);
  std::jthread first([&] { EXPECT_EQ(told(wait_for(upstream.send(post_to()))), "error: unavailable"); });
  EXPECT_TRUE(eventually([&] { return server.accepted() == 1; }));
  auto second = wait_for(upstream.send(post_to()));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().reason, HasSubstr("busy"));
  EXPECT_TRUE(upstream.health()[0].up);
  upstream.stop();
}

TEST(UpstreamPool, ClosesWhatIsIdleForTooLong) {
  RawServer server(answer_number);
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.idle_timeout = 20ms;
  Upstream upstream(loop.executor(), options);
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "1");
  EXPECT_TRUE(eventually([&] { return server.closed() == 1; }));
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "2");
}

TEST(UpstreamPool, SeesThatAnIdleConnectionWasClosed) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    co_await peer.head();
    co_await peer.answer(std::to_string(peer.number()));
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  for (int i = 1; i < 5; ++i) {
    EXPECT_EQ(told(wait_for(upstream.send(post_to()))), std::to_string(i));
    EXPECT_TRUE(eventually([&] { return server.closed() == i; }));
  }
  EXPECT_EQ(upstream.health()[0].failures, 0U);
}

TEST(UpstreamPool, SendsAgainOnlyWhatMayBeRepeatedWhereAKeptConnectionClosesInstead) {
  // Each connection takes a second request, and closes.
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    co_await peer.head();
    co_await peer.answer(std::to_string(peer.number()));
    co_await peer.head();
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "1");
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "2");
  UpstreamRequest repeatable = post_to();
  repeatable.repeatable = true;
  EXPECT_EQ(told(wait_for(upstream.send(repeatable))), "3");
  EXPECT_EQ(told(wait_for(upstream.send(post_to()))), "error: unavailable");
  EXPECT_EQ(told(wait_for(upstream.send(post_to()))), "4");
}

TEST(Upstream, ServesCallersOnSeveralThreads) {
  TestServer server;
  LoopThread loop;
  UpstreamOptions options = to_origins({local_origin(server.port())});
  options.connections_per_host = 4;
  Upstream upstream(loop.executor(), options);
  auto call_often = [&](const std::string& name) {
    for (int round = 0; round < 20; ++round) {
      std::vector<Task<Response>> calls;
      for (int i = 0; i < 10; ++i) calls.push_back(upstream.send(get_of("/" + name + std::to_string(i))));
      auto answers = wait_for_all(std::move(calls));
      for (int i = 0; i < 10; ++i) EXPECT_EQ(told(answers[i]), "GET /" + name + std::to_string(i) + " ");
    }
  };
  {
    std::jthread one([&] { call_often("one"); });
    std::jthread two([&] { call_often("two"); });
  }
  EXPECT_EQ(upstream.health()[0].requests, 400U);
  EXPECT_LE(server.counters().connections, 4U);
}

TEST(Upstream, OutlivesACallerThatIsDestroyed) {
  std::atomic<bool> open = false;
  RawServer server([&](RawPeer& peer) -> boost::asio::awaitable<void> {
    for (;;) {
      co_await peer.head();
      co_await wait_until([&] { return open.load(); });
      co_await peer.answer("x");
    }
  });
  LoopThread loop;
  Upstream upstream(loop.executor(), to_origins({server.origin()}));
  {
    boost::asio::io_context context;
    boost::asio::co_spawn(context, upstream.send(get_of()), boost::asio::detached);
    boost::asio::co_spawn(context, upstream.open(get_of()), boost::asio::detached);
    EXPECT_TRUE(eventually([&] {
      context.poll();
      return server.accepted() == 2;
    }));
  }
  open = true;
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "x");
}

TEST(Upstream, TellsItsCallersWhenTheLoopIsDestroyed) {
  RawServer server(be_silent);
  auto loop = std::make_unique<LoopThread>();
  auto upstream = std::make_unique<Upstream>(loop->executor(), to_origins({server.origin()}));
  std::jthread caller([call = upstream->send(get_of())]() mutable {
    EXPECT_EQ(told(wait_for(std::move(call))), "error: unavailable");
  });
  EXPECT_TRUE(eventually([&] { return server.accepted() == 1; }));
  loop->stop();
  upstream.reset();
  loop.reset();
}

TEST(Upstream, EndsEverythingWhenItIsStopped) {
  RawServer server([](RawPeer& peer) -> boost::asio::awaitable<void> {
    if ((co_await peer.head()).contains("/begun")) {
      co_await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    }
    co_await peer.wait_for_end();
  });
  LoopThread loop;
  UpstreamOptions options = to_origins({server.origin()});
  options.connections_per_host = 3;
  Upstream upstream(loop.executor(), options);
  auto content = wait_for(upstream.open(get_of("/begun")));
  ASSERT_TRUE(content);
  EXPECT_EQ(wait_for((*content)->read(100, 60s)), "some");
  std::jthread stopper([&] {
    EXPECT_TRUE(eventually([&] { return upstream.health()[0].requests == 9 && server.accepted() == 3; }));
    upstream.stop();
  });
  // One reads, two wait for their answers, six in the queue.
  std::jthread reader([&] { EXPECT_FALSE(wait_for((*content)->read(100, 60s))); });
  std::vector<Task<Response>> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(upstream.send(get_of()));
  for (const auto& answer : wait_for_all(std::move(calls))) EXPECT_EQ(told(answer), "error: unavailable");
  EXPECT_EQ(told(wait_for(upstream.send(get_of()))), "error: unavailable");
  EXPECT_TRUE(eventually([&] { return server.closed() == 3; }));
}

TEST(Upstream, TrustsTheCertificateThatItIsGivenForTheHostThatItNames) {
  SelfSigned trusted;
  SelfSigned unknown;
  const auto path =
      std::filesystem::temp_directory_path() / ("mycouch_upstream_test_" + std::to_string(getpid()) + ".pem");
  trusted.write_certificate(path);
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  auto ask = [&](const std::string& host, const std::string& certificate, const SelfSigned& identity) {
    std::jthread server([&] { serve_tls(acceptor, identity, 1); });
    LoopThread loop;
    UpstreamOptions options = to_origins({"https://" + host + ":" + port});
    options.certificate_file = certificate;
    Upstream upstream(loop.executor(), options);
    return told(wait_for(upstream.send(get_of())));
  };
  EXPECT_EQ(ask("localhost", path, trusted), "localhost");
  EXPECT_EQ(ask("localhost", "", trusted), "error: unavailable");
  EXPECT_EQ(ask("localhost", path, unknown), "error: unavailable");
  EXPECT_EQ(ask("127.0.0.1", path, trusted), "error: unavailable") << "the certificate is for another name";
  std::filesystem::remove(path);
  LoopThread loop;
  UpstreamOptions options = to_origins({"https://localhost:" + port});
  options.certificate_file = path;
  EXPECT_THROW(Upstream(loop.executor(), options), std::invalid_argument);
}

}  // namespace
}  // namespace mycouch::http
