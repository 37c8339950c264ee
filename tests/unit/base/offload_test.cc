#include "base/offload.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace mycouch::base {
namespace {

// Runs the coroutine to its end on this thread. The pool is joined before its callers' home goes away.
void run(Pool& pool, boost::asio::awaitable<void> coroutine) {
  boost::asio::io_context context;
  boost::asio::co_spawn(context, std::move(coroutine), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  context.run();
  pool.join();
}

TEST(PoolTest, WorkRunsElsewhereAndTheCallerGoesOnAtHome) {
  Pool pool(1);
  auto home = std::this_thread::get_id();
  run(pool, [](Pool& pool, std::thread::id home) -> boost::asio::awaitable<void> {
    auto elsewhere = co_await pool.run([] { return std::this_thread::get_id(); });
    EXPECT_NE(elsewhere, home);
    EXPECT_EQ(std::this_thread::get_id(), home);
  }(pool, home));
}

TEST(PoolTest, ResultsAreMoved) {
  Pool pool(2);
  run(pool, [](Pool& pool) -> boost::asio::awaitable<void> {
    auto result = co_await pool.run([] { return std::make_unique<int>(7); });
    EXPECT_EQ(*result, 7);
  }(pool));
}

TEST(PoolTest, AnExceptionReachesTheCallerAtHome) {
  Pool pool(1);
  auto home = std::this_thread::get_id();
  bool caught = false;
  run(pool, [](Pool& pool, std::thread::id home, bool& caught) -> boost::asio::awaitable<void> {
    try {
      co_await pool.run([]() -> int { throw std::runtime_error("a bug"); });
    } catch (const std::runtime_error& e) {
      caught = std::string(e.what()) == "a bug" && std::this_thread::get_id() == home;
    }
  }(pool, home, caught));
  EXPECT_TRUE(caught);
}

TEST(PoolTest, JoinWaitsForWhatWasPosted) {
  Pool pool(2);
  std::atomic<int> done = 0;
  for (int i = 0; i < 100; ++i) pool.post([&] { ++done; });
  pool.join();
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace mycouch::base
