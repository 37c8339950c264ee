#include "tenancy/background.h"

#include <chrono>
#include <utility>

#include "base/log.h"

namespace mycouch::tenancy {
namespace {

using std::chrono::steady_clock;

// Between attempts to read a system database that cannot be read.
constexpr std::chrono::seconds kReopen{5};

}  // namespace

std::shared_ptr<base::Waiter> Background::begin(boost::asio::any_io_executor executor) {
  auto alarm = base::Waiter::create(std::move(executor));
  std::lock_guard lock(mutex_);
  alarm_ = alarm;
  return alarm;
}

void Background::wake() {
  std::lock_guard lock(mutex_);
  if (auto alarm = alarm_.lock()) alarm->wake();
}

void Background::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  if (auto alarm = alarm_.lock()) alarm->wake();
}

bool Background::is_stopped() const {
  std::lock_guard lock(mutex_);
  return stopped_;
}

boost::asio::awaitable<void> rest_until(const Background& background, base::Waiter& alarm,
                                        base::SteadyTime end) {
  while (!background.is_stopped() && steady_clock::now() < end) co_await alarm.wait_until(end);
}

boost::asio::awaitable<void> keep_following(const Background& background, std::shared_ptr<base::Waiter> alarm,
                                            std::string complaint, std::function<Task<void>()> follow) {
  while (!background.is_stopped()) {
    Result<void> followed = co_await follow();
    if (followed) continue;
    log::warning(complaint, {{"reason", followed.error().reason}});
    co_await rest_until(background, *alarm, steady_clock::now() + kReopen);
  }
}

}  // namespace mycouch::tenancy
