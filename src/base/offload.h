// A pool of threads for work that may block or take long, so that no I/O thread waits for a disk.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace mycouch::base {

class Pool {
 public:
  explicit Pool(std::size_t threads) : pool_(threads) {}

  /// Runs `work()` on a thread of the pool, then goes on where the caller was. The result is moved out.
  template <class Work>
  auto run(Work work) -> boost::asio::awaitable<decltype(work())> {
    auto home = co_await boost::asio::this_coro::executor;
    // While this coroutine is away, nothing else may keep its home running.
    auto home_work = boost::asio::make_work_guard(home);
    // Without the binding, the pool would only hand the coroutine back to its home.
    co_await boost::asio::post(boost::asio::bind_executor(pool_, boost::asio::use_awaitable));
    // An exception must not leave the coroutine on the pool's thread.
    std::exception_ptr thrown;
    std::optional<decltype(work())> result;
    try {
      result.emplace(work());
    } catch (...) {
      thrown = std::current_exception();
    }
    co_await boost::asio::post(home, boost::asio::use_awaitable);
    if (thrown) std::rethrow_exception(thrown);
    co_return *std::move(result);
  }

  /// Runs `work()` some time on a thread of the pool.
  template <class Work>
  void post(Work work) {
    boost::asio::post(pool_, std::move(work));
  }

  /// What was posted has ended; call once, at shutdown.
  void join() { pool_.join(); }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace mycouch::base
