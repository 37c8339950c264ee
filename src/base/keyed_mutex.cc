#include "base/keyed_mutex.h"

#include <algorithm>

#include <boost/asio/this_coro.hpp>

#include "base/waiter.h"

namespace mycouch::base {

struct KeyedMutex::Turn {
  std::shared_ptr<Waiter> waiter;
  bool granted = false;  // guarded by the owner's mutex
};

Task<KeyedMutex::Lock> KeyedMutex::lock(std::string key, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto executor = co_await boost::asio::this_coro::executor;
  std::shared_ptr<Turn> turn;
  {
    std::lock_guard guard(mutex_);
    auto [at, free] = held_.try_emplace(key);
    if (free) co_return Lock(*this, std::move(key));
    turn = std::make_shared<Turn>(Turn{.waiter = Waiter::create(executor)});
    at->second.push_back(turn);
  }
  co_await turn->waiter->wait_until(deadline);
  std::lock_guard guard(mutex_);
  if (turn->granted) co_return Lock(*this, std::move(key));
  std::erase(held_.at(key), turn);
  co_return fail(Errc::unavailable, "too many changes at once; try again");
}

void KeyedMutex::release(const std::string& key) {
  std::lock_guard guard(mutex_);
  auto at = held_.find(key);
  if (at->second.empty()) {
    held_.erase(at);
    return;
  }
  std::shared_ptr<Turn> next = std::move(at->second.front());
  at->second.pop_front();
  next->granted = true;
  next->waiter->wake();
}

}  // namespace mycouch::base
