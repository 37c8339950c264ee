#include "tenancy/audit_retention.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"

namespace mycouch::tenancy {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A record stays at most an eighth longer than it should.
milliseconds interval_of(milliseconds retention) {
  return std::clamp<milliseconds>(retention / 8, std::chrono::seconds(1), std::chrono::hours(1));
}

boost::asio::awaitable<void> expire(Audit& audit, base::WallTime before) {
  Result<std::uint64_t> expired = co_await audit.expire(before);
  if (!expired) {
    log::warning("old audit records were not removed", {{"reason", expired.error().reason}});
  } else if (*expired > 0) {
    log::info("old audit records were removed", {{"records", *expired}});
  }
}

}  // namespace

AuditRetention::AuditRetention(Audit& audit, const base::Clock& clock, milliseconds retention)
    : audit_(audit), clock_(clock), retention_(retention), control_(std::make_shared<Control>()) {}

void AuditRetention::start(boost::asio::any_io_executor executor) {
  auto alarm = base::Waiter::create(executor);
  {
    std::lock_guard lock(control_->mutex);
    control_->alarm = alarm;
  }
  boost::asio::co_spawn(executor, run(audit_, clock_, retention_, control_, std::move(alarm)),
                        boost::asio::detached);
}

void AuditRetention::stop() {
  std::lock_guard lock(control_->mutex);
  control_->stopped = true;
  if (auto alarm = control_->alarm.lock()) alarm->wake();
}

bool AuditRetention::Control::is_stopped() {
  std::lock_guard lock(mutex);
  return stopped;
}

boost::asio::awaitable<void> AuditRetention::run(Audit& audit, const base::Clock& clock,
                                                 milliseconds retention, std::shared_ptr<Control> control,
                                                 std::shared_ptr<base::Waiter> alarm) {
  while (!control->is_stopped()) {
    co_await expire(audit, clock.now() - retention);
    const auto next = steady_clock::now() + interval_of(retention);
    while (!control->is_stopped() && steady_clock::now() < next) co_await alarm->wait_until(next);
  }
}

}  // namespace mycouch::tenancy
