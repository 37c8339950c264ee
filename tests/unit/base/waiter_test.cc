#include "base/waiter.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace mycouch::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kLong{30};

// Runs `waits` waits of `timeout` each; whether each was ended by a wake-up.
std::vector<bool> outcomes(boost::asio::io_context& context, std::shared_ptr<Waiter> waiter, int waits,
                           steady_clock::duration timeout) {
  std::vector<bool> woken;
  boost::asio::co_spawn(
      context,
      [&]() -> boost::asio::awaitable<void> {
        for (int i = 0; i < waits; ++i)
          woken.push_back(co_await waiter->wait_until(steady_clock::now() + timeout));
      },
      boost::asio::detached);
  context.run();
  return woken;
}

TEST(WaiterTest, AWakeBeforeTheWaitIsNotLost) {
  boost::asio::io_context context;
  auto waiter = Waiter::create(context.get_executor());
  waiter->wake();
  EXPECT_EQ(outcomes(context, waiter, 1, kLong), std::vector{true});
}

TEST(WaiterTest, ManyWakesBeforeAWaitAreOne) {
  boost::asio::io_context context;
  auto waiter = Waiter::create(context.get_executor());
  for (int i = 0; i < 10; ++i) waiter->wake();
  EXPECT_EQ(outcomes(context, waiter, 2, milliseconds{20}), (std::vector{true, false}));
}

TEST(WaiterTest, ADeadlineEndsTheWait) {
  boost::asio::io_context context;
  auto started = steady_clock::now();
  EXPECT_EQ(outcomes(context, Waiter::create(context.get_executor()), 1, milliseconds{20}),
            std::vector{false});
  EXPECT_GE(steady_clock::now() - started, milliseconds{20});
}

TEST(WaiterTest, AnotherThreadWakes) {
  boost::asio::io_context context;
  auto waiter = Waiter::create(context.get_executor());
  std::jthread waker([&] { boost::asio::post(context, [&] { std::jthread([&] { waiter->wake(); }); }); });
  EXPECT_EQ(outcomes(context, waiter, 1, kLong), std::vector{true});
}

TEST(WaiterTest, WakesFromManyThreadsEndEveryWaitInTheEnd) {
  boost::asio::io_context context;
  auto waiter = Waiter::create(context.get_executor());
  std::atomic<bool> done = false;
  std::vector<std::jthread> wakers;
  for (int i = 0; i < 4; ++i) {
    wakers.emplace_back([&] {
      while (!done) waiter->wake();
    });
  }
  auto woken = outcomes(context, waiter, 200, kLong);
  done = true;
  EXPECT_EQ(woken, std::vector<bool>(200, true));
}

}  // namespace
}  // namespace mycouch::base
