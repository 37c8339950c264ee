// A coroutine that runs on another executor, for callers that stay on their own.
//
// Asio's own way (co_spawn with use_awaitable) lets the other executor own the caller's suspended coroutine.
// Here each side owns its own half and they share only the outcome, so either may be destroyed first.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/task.h"
#include "base/waiter.h"

namespace mycouch::base {

/// What both sides share: set once, by one side, and taken once, by the other.
template <class T>
class Outcome {
 public:
  explicit Outcome(std::shared_ptr<Waiter> waiter) : waiter_(std::move(waiter)) {}

  void set(Result<T> result) { settle(std::move(result), nullptr); }
  void set(std::exception_ptr thrown) { settle({}, std::move(thrown)); }

  bool settled() {
    std::lock_guard lock(mutex_);
    return settled_;
  }

  /// Call once, when it is settled. Throws what the other side threw.
  Result<T> take() {
    std::lock_guard lock(mutex_);
    if (thrown_) std::rethrow_exception(thrown_);
    return *std::move(result_);
  }

  /// Nobody waits any more: from now on the waiter, and the context that it belongs to, may go.
  void leave() {
    std::lock_guard lock(mutex_);
    waiter_.reset();
  }

 private:
  void settle(std::optional<Result<T>> result, std::exception_ptr thrown) {
    std::lock_guard lock(mutex_);
    if (std::exchange(settled_, true)) return;
    result_ = std::move(result);
    thrown_ = std::move(thrown);
    // Within the lock, so that who waits cannot be gone with its context while this still has hold of it.
    if (auto waiter = std::exchange(waiter_, nullptr)) waiter->wake();
  }

  std::mutex mutex_;
  std::shared_ptr<Waiter> waiter_;
  bool settled_ = false;
  std::optional<Result<T>> result_;
  std::exception_ptr thrown_;
};

template <class T>
boost::asio::awaitable<void> settle_with(std::function<Task<T>()> work, std::shared_ptr<Outcome<T>> outcome,
                                         std::shared_ptr<void>) {
  try {
    outcome->set(co_await work());
  } catch (...) {
    outcome->set(std::current_exception());
  }
}

/// The result of `work()`'s coroutine, which runs on `executor`. It goes on to its end when the caller is
/// destroyed, so it owns what it uses. `unavailable` where it is itself destroyed before its end.
template <class T>
Task<T> run_on(boost::asio::any_io_executor executor, std::function<Task<T>()> work) {
  auto waiter = Waiter::create(co_await boost::asio::this_coro::executor);
  auto outcome = std::make_shared<Outcome<T>>(waiter);
  const std::shared_ptr<void> leaving(nullptr, [outcome](void*) { outcome->leave(); });
  {
    // Goes with the coroutine's frame, whether that has ended or not.
    std::shared_ptr<void> frame(nullptr,
                                [outcome](void*) { outcome->set(fail(Errc::unavailable, "stopped")); });
    boost::asio::co_spawn(executor, settle_with<T>(std::move(work), outcome, std::move(frame)),
                          boost::asio::detached);
  }
  constexpr std::chrono::hours kOften{1};
  while (!outcome->settled()) co_await waiter->wait_until(std::chrono::steady_clock::now() + kOften);
  co_return outcome->take();
}

}  // namespace mycouch::base
