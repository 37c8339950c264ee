// Many tasks of one kind, a few of them at a time: for what waits for a network, one after the other would
// wait for each answer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/task.h"
#include "base/waiter.h"

namespace mycouch::app {

namespace run_each_parts {

struct Progress {
  std::size_t next = 0;
  std::size_t lanes = 0;  // that run
  std::optional<Error> error;
};

template <class Work>
boost::asio::awaitable<void> lane(Progress& progress, std::size_t count, Work& work) {
  while (progress.next < count && !progress.error) {
    Result<void> done = co_await work(progress.next++);
    if (!done && !progress.error) progress.error = std::move(done).error();
  }
}

}  // namespace run_each_parts

/// Runs work(0) … work(count - 1), each a Task<void>, at most `at_once` at a time, on the caller's executor,
/// which runs on one thread. After an error none is begun; it is returned when those that run have ended.
template <class Work>
Task<void> run_each(std::size_t count, std::size_t at_once, Work work) {
  run_each_parts::Progress progress;
  auto executor = co_await boost::asio::this_coro::executor;
  auto ended = base::Waiter::create(executor);
  progress.lanes = std::min(count, at_once);
  for (std::size_t i = progress.lanes; i > 0; --i) {
    boost::asio::co_spawn(executor, run_each_parts::lane(progress, count, work),
                          [&progress, ended](const std::exception_ptr& thrown) {
                            if (thrown) std::rethrow_exception(thrown);
                            --progress.lanes;
                            ended->wake();
                          });
  }
  while (progress.lanes > 0) co_await ended->wait_until(std::chrono::steady_clock::time_point::max());
  if (progress.error) co_return std::unexpected(*std::move(progress.error));
  co_return Result<void>();
}

}  // namespace mycouch::app
