// Removes audit records once they are older than they are to be kept: at the start, and then every hour.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/waiter.h"
#include "tenancy/audit.h"
#include "tenancy/background.h"

namespace mycouch::tenancy {

/// Thread-safe. `audit` and `clock` outlive it and what runs on its executor.
class AuditRetention {
 public:
  AuditRetention(Audit& audit, const base::Clock& clock, std::chrono::milliseconds retention);

  /// Begins on `executor`, which runs on one thread. Once.
  void start(boost::asio::any_io_executor executor);
  /// Nothing is removed any more once what is under way has ended.
  void stop();

 private:
  static boost::asio::awaitable<void> run(Audit& audit, const base::Clock& clock,
                                          std::chrono::milliseconds retention,
                                          std::shared_ptr<Background> background,
                                          std::shared_ptr<base::Waiter> alarm);

  Audit& audit_;
  const base::Clock& clock_;
  const std::chrono::milliseconds retention_;
  const std::shared_ptr<Background> background_;
};

}  // namespace mycouch::tenancy
