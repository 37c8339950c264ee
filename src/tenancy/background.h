// A coroutine that works in the background until it is stopped: what it shares with whoever stops or wakes
// it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/task.h"
#include "base/waiter.h"

namespace mycouch::tenancy {

/// Thread-safe. The coroutine keeps it alive.
class Background {
 public:
  /// What the coroutine sleeps on; it belongs to the coroutine, and goes with its executor. Once.
  std::shared_ptr<base::Waiter> begin(boost::asio::any_io_executor executor);
  void wake();
  void stop();
  bool is_stopped() const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  bool stopped_ = false;
  std::weak_ptr<base::Waiter> alarm_;
};

/// Sleeps until then, or until it is stopped.
boost::asio::awaitable<void> rest_until(const Background& background, base::Waiter& alarm,
                                        base::SteadyTime end);

/// Calls `follow`, which returns once it is stopped, and calls it again, a while later, where it fails:
/// because the system database cannot be read. `complaint` says so in the log.
boost::asio::awaitable<void> keep_following(const Background& background, std::shared_ptr<base::Waiter> alarm,
                                            std::string complaint, std::function<Task<void>()> follow);

}  // namespace mycouch::tenancy
