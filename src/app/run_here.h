// Runs a task on the calling thread until it has ended: for what is done before there is a server, or
// without one.
#pragma once

#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task.h"

namespace mycouch::app {

/// The context outlives the store, whose thread may still be within the call that woke the task when the task
/// has ended.
template <class T>
Result<T> run_here(boost::asio::io_context& context, Task<T> task) {
  Result<T> result;
  boost::asio::co_spawn(context, std::move(task),
                        [&result](const std::exception_ptr& thrown, Result<T> ended) {
                          if (thrown) std::rethrow_exception(thrown);
                          result = std::move(ended);
                        });
  context.restart();
  context.run();
  return result;
}

}  // namespace mycouch::app
