#include "store/notifier.h"

#include <algorithm>
#include <functional>

namespace mycouch::store {

Notifier::Shard& Notifier::shard_of(const std::string& scope) {
  return shards_[std::hash<std::string>{}(scope) % kShards];
}

Subscription Notifier::subscribe(std::string scope, std::shared_ptr<base::Waiter> waiter) {
  Shard& shard = shard_of(scope);
  {
    std::lock_guard lock(shard.mutex);
    shard.waiters[scope].push_back(waiter);
  }
  return Subscription([self = shared_from_this(), scope = std::move(scope), waiter = std::move(waiter)] {
    self->remove(scope, waiter.get());
  });
}

void Notifier::remove(const std::string& scope, const base::Waiter* waiter) {
  Shard& shard = shard_of(scope);
  std::lock_guard lock(shard.mutex);
  auto at = shard.waiters.find(scope);
  if (at == shard.waiters.end()) return;
  std::vector<std::shared_ptr<base::Waiter>>& list = at->second;
  auto mine = std::ranges::find(list, waiter, &std::shared_ptr<base::Waiter>::get);
  if (mine == list.end()) return;
  std::swap(*mine, list.back());
  list.pop_back();
  if (list.empty()) shard.waiters.erase(at);
}

void Notifier::notify(const std::string& scope) {
  Shard& shard = shard_of(scope);
  std::lock_guard lock(shard.mutex);
  auto at = shard.waiters.find(scope);
  if (at == shard.waiters.end()) return;
  for (const auto& waiter : at->second) waiter->wake();
}

void Notifier::notify_all(std::string_view prefix) {
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    for (const auto& [scope, list] : shard.waiters) {
      if (!scope.starts_with(prefix)) continue;
      for (const auto& waiter : list) waiter->wake();
    }
  }
}

}  // namespace mycouch::store
