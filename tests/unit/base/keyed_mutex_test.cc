#include "base/keyed_mutex.h"

#include <chrono>
#include <vector>

#include <boost/asio/this_coro.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/waiter.h"
#include "support/run_task.h"

namespace mycouch::base {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing_support::run_task;
using testing_support::run_tasks;

Task<void> pause() {
  auto waiter = Waiter::create(co_await boost::asio::this_coro::executor);
  co_await waiter->wait_until(std::chrono::steady_clock::now() + 2ms);
  co_return Result<void>{};
}

// Notes that it has come, waits, and notes that it goes.
Task<void> visit(KeyedMutex& mutex, std::string key, int name, std::vector<int>& log) {
  MYCOUCH_CO_TRY([[maybe_unused]] KeyedMutex::Lock lock, co_await mutex.lock(std::move(key)));
  log.push_back(name);
  MYCOUCH_CO_CHECK(co_await pause());
  log.push_back(-name);
  co_return Result<void>{};
}

TEST(KeyedMutex, OneAfterTheOtherInTheOrderOfComing) {
  KeyedMutex mutex;
  std::vector<int> log;
  std::vector<Task<void>> visits;
  for (int name = 1; name <= 4; ++name) visits.push_back(visit(mutex, "a", name, log));
  for (const Result<void>& ended : run_tasks(std::move(visits))) EXPECT_TRUE(ended);
  EXPECT_THAT(log, ElementsAre(1, -1, 2, -2, 3, -3, 4, -4));
}

TEST(KeyedMutex, AnotherKeyDoesNotWait) {
  KeyedMutex mutex;
  std::vector<int> log;
  std::vector<Task<void>> visits;
  visits.push_back(visit(mutex, "a", 1, log));
  visits.push_back(visit(mutex, "b", 2, log));
  for (const Result<void>& ended : run_tasks(std::move(visits))) EXPECT_TRUE(ended);
  EXPECT_THAT(log, ElementsAre(1, 2, -1, -2));
}

TEST(KeyedMutex, WhoHasWaitedTooLongGivesUpAndLetsTheNextIn) {
  KeyedMutex mutex;
  Result<KeyedMutex::Lock> held = run_task(mutex.lock("a"));
  ASSERT_TRUE(held);
  Result<KeyedMutex::Lock> late = run_task(mutex.lock("a", 5ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::unavailable);
  *held = {};
  EXPECT_TRUE(run_task(mutex.lock("a", 5ms)));
}

TEST(KeyedMutex, ALockThatIsMovedIsReleasedOnce) {
  KeyedMutex mutex;
  {
    Result<KeyedMutex::Lock> first = run_task(mutex.lock("a"));
    KeyedMutex::Lock second = *std::move(first);
  }
  EXPECT_TRUE(run_task(mutex.lock("a", 5ms)));
}

}  // namespace
}  // namespace mycouch::base
