// Who waits for a change of which scope.
//
// A waiting feed is one shared pointer in the list of its scope. A commit wakes only the waiters of the
// scopes that it touched, and costs nothing where nobody waits.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/waiter.h"
#include "store/database.h"

namespace mycouch::store {

/// Thread-safe. Scopes are named by keys of the store's own making.
class Notifier : public std::enable_shared_from_this<Notifier> {
 public:
  Subscription subscribe(std::string scope, std::shared_ptr<base::Waiter> waiter);
  void notify(const std::string& scope);
  /// Wakes the waiters of all scopes that begin with `prefix`.
  void notify_all(std::string_view prefix);

 private:
  static constexpr std::size_t kShards = 16;

  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::vector<std::shared_ptr<base::Waiter>>> waiters;
  };

  Shard& shard_of(const std::string& scope);
  void remove(const std::string& scope, const base::Waiter* waiter);

  std::array<Shard, kShards> shards_;
};

}  // namespace mycouch::store
