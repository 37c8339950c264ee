// Runs a coroutine from a test until it has ended.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task.h"

namespace mycouch::testing_support {

/// One for each thread. They stay until the process ends: the store's thread may still be within its last
/// call of an executor when the coroutine that it woke has ended.
inline boost::asio::io_context& context_of_this_thread() {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::unique_ptr<boost::asio::io_context>>();
  thread_local boost::asio::io_context* mine = [] {
    std::lock_guard lock(mutex);
    return kept.emplace_back(std::make_unique<boost::asio::io_context>(1)).get();
  }();
  return *mine;
}

template <class T>
Result<T> run_task(Task<T> task) {
  std::optional<Result<T>> outcome;
  boost::asio::io_context& context = context_of_this_thread();
  boost::asio::co_spawn(
      context, [&]() -> boost::asio::awaitable<void> { outcome = co_await std::move(task); },
      [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  context.restart();
  context.run();
  return *std::move(outcome);
}

/// The same for several that run at once; outcomes in the order of the tasks.
template <class T>
std::vector<Result<T>> run_tasks(std::vector<Task<T>> tasks) {
  std::vector<std::optional<Result<T>>> outcomes(tasks.size());
  boost::asio::io_context& context = context_of_this_thread();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    boost::asio::co_spawn(
        context, [&, i]() -> boost::asio::awaitable<void> { outcomes[i] = co_await std::move(tasks[i]); },
        [](std::exception_ptr thrown) {
          if (thrown) std::rethrow_exception(thrown);
        });
  }
  context.restart();
  context.run();
  std::vector<Result<T>> ended;
  for (auto& outcome : outcomes) ended.push_back(*std::move(outcome));
  return ended;
}

}  // namespace mycouch::testing_support
