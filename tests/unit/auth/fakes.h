// A clock and a source of keys that do as the test says, and a thread for coroutines.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>

#include "auth/jwks_source.h"
#include "base/clock.h"
#include "base/task.h"
#include "base/waiter.h"

namespace mycouch::auth {

inline constexpr std::chrono::seconds kTestDeadline{20};

class FakeClock final : public base::Clock {
 public:
  explicit FakeClock(base::WallTime start) : now_(start) {}
  base::WallTime now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ = now_.load() + by; }

 private:
  std::atomic<base::WallTime> now_;
};

/// What the test and the source that the ring owns share. Thread-safe.
class FakeIssuer {
 public:
  void answer(std::string text, std::optional<std::chrono::milliseconds> fresh_for = std::nullopt) {
    std::lock_guard lock(mutex_);
    answer_ = JwksAnswer{std::move(text), fresh_for};
  }
  void go_down() {
    std::lock_guard lock(mutex_);
    answer_ = fail(Errc::unavailable, "down");
  }
  /// Fetches that begin from now on do not end before `release`.
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    std::lock_guard lock(mutex_);
    if (auto waiting = waiting_.lock()) waiting->wake();
  }
  int fetches() const { return fetches_; }

  Task<JwksAnswer> fetch() {
    ++fetches_;
    auto waiter = base::Waiter::create(co_await boost::asio::this_coro::executor);
    {
      std::lock_guard lock(mutex_);
      waiting_ = waiter;
    }
    auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
    while (held_ && std::chrono::steady_clock::now() < deadline) co_await waiter->wait_until(deadline);
    std::lock_guard lock(mutex_);
    co_return answer_;
  }

 private:
  std::mutex mutex_;
  Result<JwksAnswer> answer_ = fail(Errc::unavailable, "down");
  std::weak_ptr<base::Waiter> waiting_;  // the ring's, on its executor
  std::atomic<bool> held_ = false;
  std::atomic<int> fetches_ = 0;
};

class FakeSource final : public JwksSource {
 public:
  explicit FakeSource(std::shared_ptr<FakeIssuer> issuer) : issuer_(std::move(issuer)) {}
  Task<JwksAnswer> fetch() override { return issuer_->fetch(); }

 private:
  std::shared_ptr<FakeIssuer> issuer_;
};

/// One thread that runs coroutines.
class Loop {
 public:
  ~Loop() { end(); }

  /// Ends the thread. The coroutines that it ran stay where they are until the loop goes.
  void end() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  template <class T>
  std::future<Result<T>> begin(Task<T> task) {
    return boost::asio::co_spawn(context_, std::move(task), boost::asio::use_future);
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return take(begin(std::move(task)));
  }
  template <class T>
  static Result<T> take(std::future<Result<T>> future) {
    if (future.wait_for(kTestDeadline) != std::future_status::ready)
      throw std::runtime_error("still waiting");
    return future.get();
  }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{context_.get_executor()};
  std::thread thread_{[this] { context_.run(); }};
};

/// Whether `condition` comes true within the deadline.
template <class Condition>
bool eventually(Condition condition) {
  auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace mycouch::auth
