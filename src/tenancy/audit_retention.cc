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
    : audit_(audit), clock_(clock), retention_(retention), background_(std::make_shared<Background>()) {}

void AuditRetention::start(boost::asio::any_io_executor executor) {
  boost::asio::co_spawn(executor, run(audit_, clock_, retention_, background_, background_->begin(executor)),
                        boost::asio::detached);
}

void AuditRetention::stop() {
  background_->stop();
}

boost::asio::awaitable<void> AuditRetention::run(Audit& audit, const base::Clock& clock,
                                                 milliseconds retention,
                                                 std::shared_ptr<Background> background,
                                                 std::shared_ptr<base::Waiter> alarm) {
  while (!background->is_stopped()) {
    co_await expire(audit, clock.now() - retention);
    co_await rest_until(*background, *alarm, steady_clock::now() + interval_of(retention));
  }
}

}  // namespace mycouch::tenancy
