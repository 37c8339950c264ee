// One coroutine that waits, and any number of threads that may wake it.
//
// A feed waits for a change in its scope, for its client to go away, for its token to expire, for the server
// to stop. Each of these sources holds the same Waiter and calls `wake()`; the coroutine then looks what has
// happened. A wake that comes before the wait is not lost: the next wait returns at once.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace mycouch::base {

class Waiter : public std::enable_shared_from_this<Waiter> {
 public:
  /// `executor` is the waiting coroutine's own, and runs on one thread.
  static std::shared_ptr<Waiter> create(boost::asio::any_io_executor executor);
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// From any thread.
  void wake();

  /// Returns at a wake-up, or at `deadline`: true for a wake-up. One waiting coroutine at a time.
  boost::asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  struct Timer;
  explicit Waiter(boost::asio::any_io_executor executor);

  std::unique_ptr<Timer> timer_;
  std::atomic<bool> woken_{false};
};

}  // namespace mycouch::base
