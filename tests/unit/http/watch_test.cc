// Exchanges that wait: what ends the wait, and what stopping the server does to them.
#include <atomic>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "raw_client.h"
#include "test_server.h"

namespace mycouch::http {
namespace {

using namespace std::chrono_literals;

// Waits until it is woken, then says why.
struct Feed {
  std::atomic<int> waiting{0};
  std::atomic<int> gone{0};
  std::atomic<int> stopped{0};
  std::atomic<int> timed_out{0};

  boost::asio::awaitable<void> operator()(Exchange& exchange) {
    auto waiter = base::Waiter::create(exchange.executor());
    exchange.watch(waiter);
    ++waiting;
    bool woken = co_await waiter->wait_until(std::chrono::steady_clock::now() + patience);
    --waiting;
    if (exchange.peer_gone()) ++gone;
    if (exchange.stopping()) ++stopped;
    if (!woken) ++timed_out;
    co_await exchange.send(text_response("last_seq"));
  }

  std::chrono::milliseconds patience = 10s;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(Watch, WakesWhenTheClientCloses) {
  Feed feed;
  TestServer server(std::ref(feed));
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return feed.waiting == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return feed.gone == 1; }));
  EXPECT_TRUE(eventually([&] { return server.counters().connections == 0; }));
}

TEST(Watch, WakesWhenTheClientResets) {
  Feed feed;
  TestServer server(std::ref(feed));
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return feed.waiting == 1; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return feed.gone == 1; }));
}

TEST(Watch, TakesAPipelinedRequestForASignOfLife) {
  Feed feed;
  feed.patience = 100ms;
  TestServer server(std::ref(feed));
  RawClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return feed.waiting == 1; }));
  client.send(kGet);
  EXPECT_EQ(client.response().body, "last_seq");
  EXPECT_EQ(client.response().body, "last_seq");
  EXPECT_EQ(feed.gone, 0);
  EXPECT_EQ(feed.timed_out, 2);
}

TEST(Watch, LeavesTheConnectionToTheNextRequest) {
  Feed feed;
  feed.patience = 1ms;
  TestServer server(std::ref(feed));
  RawClient client(server.port());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.get("/").body, "last_seq");
  EXPECT_EQ(feed.timed_out, 100);
}

TEST(Stop, WakesWaitingExchangesAndSendsWhatTheySay) {
  Feed feed;
  TestServer server(std::ref(feed));
  RawClient first(server.port());
  RawClient second(server.port());
  first.send(kGet);
  second.send(kGet);
  ASSERT_TRUE(eventually([&] { return feed.waiting == 2; }));
  server.stop();
  EXPECT_EQ(feed.stopped, 2);
  Response response = first.response();
  EXPECT_EQ(response.body, "last_seq");
  EXPECT_EQ(field(response, "Connection"), "close");
  EXPECT_EQ(second.response().body, "last_seq");
  EXPECT_TRUE(first.at_end());
}

TEST(Stop, ClosesIdleConnectionsAtOnce) {
  TestServer server;
  RawClient silent(server.port());
  RawClient kept(server.port());
  EXPECT_EQ(kept.get("/").status, 200U);
  auto began = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(kept.at_end());
}

TEST(Stop, LetsAnExchangeFinish) {
  std::promise<void> entered;
  TestServer server([&](Exchange& exchange) -> boost::asio::awaitable<void> {
    entered.set_value();
    co_await echo(exchange);
  });
  RawClient client(server.port());
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
  entered.get_future().wait();
  std::jthread stopping([&] { server.stop(); });
  client.send("bc");
  EXPECT_EQ(client.response().body, "POST /x abc");
  EXPECT_TRUE(client.at_end());
}

TEST(Stop, CutsWhatOutlastsTheGrace) {
  ServerOptions options = on_free_port();
  options.shutdown_grace = 50ms;
  std::promise<void> entered;
  TestServer server(
      [&](Exchange& exchange) -> boost::asio::awaitable<void> {
        entered.set_value();
        auto waiter = base::Waiter::create(exchange.executor());
        co_await waiter->wait_until(std::chrono::steady_clock::now() + 1h);
      },
      options);
  RawClient client(server.port());
  client.send(kGet);
  entered.get_future().wait();
  server.stop();
  EXPECT_EQ(client.take_all(), "");
}

TEST(Stop, MayComeBeforeStartAndTwice) {
  Server server(on_free_port(), echo, render);
  server.stop();
  server.stop();
}

TEST(Stop, LeavesThePort) {
  TestServer server;
  server.stop();
  ServerOptions options = on_free_port();
  options.port = server.port();
  EXPECT_NO_THROW(Server(options, echo, render));
}

TEST(Listen, ThrowsWhereThePortIsTaken) {
  TestServer server;
  ServerOptions options = on_free_port();
  options.port = server.port();
  EXPECT_THROW(Server(options, echo, render), std::system_error);
}

}  // namespace
}  // namespace mycouch::http
