#include "base/waiter.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace mycouch::base {

struct Waiter::Timer {
  explicit Timer(boost::asio::any_io_executor executor) : timer(std::move(executor)) {}
  boost::asio::steady_timer timer;
};

std::shared_ptr<Waiter> Waiter::create(boost::asio::any_io_executor executor) {
  return std::shared_ptr<Waiter>(new Waiter(std::move(executor)));
}

Waiter::Waiter(boost::asio::any_io_executor executor)
    : timer_(std::make_unique<Timer>(std::move(executor))) {}
Waiter::~Waiter() = default;

void Waiter::wake() {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  // The timer belongs to the waiting coroutine's thread; only there may it be cancelled.
  boost::asio::post(timer_->timer.get_executor(),
                    [self = shared_from_this()] { self->timer_->timer.cancel(); });
}

boost::asio::awaitable<bool> Waiter::wait_until(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  // The cancellation of an earlier wake-up may arrive only now: then wait on.
  while (!woken_.load(std::memory_order_acquire) && std::chrono::steady_clock::now() < deadline) {
    timer_->timer.expires_at(deadline);
    co_await timer_->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  co_return woken_.exchange(false, std::memory_order_acq_rel);
}

}  // namespace mycouch::base
