// The keys of one issuer, kept fresh.
//
// One coroutine, the refresh, does all the fetching: at the start, when the last answer is no longer fresh,
// and when a token names a key that the ring does not have (the issuer has begun to sign with a new one). So
// there is never more than one fetch under way, and whoever needs its outcome waits for that one. A demand
// for an unknown key begins a fetch at most once in `cooling`, however many tokens ask: anyone can write a
// token with an unknown key id. When a fetch fails or its answer is no key set, the last good keys stay.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "auth/jwk.h"
#include "auth/jwks_source.h"
#include "base/clock.h"
#include "base/task.h"
#include "base/waiter.h"

namespace mycouch::auth {

struct KeyRefresh {
  std::chrono::milliseconds interval = std::chrono::minutes(10);    // where the source does not name another
  std::chrono::milliseconds cooling = std::chrono::seconds(60);     // between fetches for an unknown key id
  std::chrono::milliseconds first_retry = std::chrono::seconds(1);  // after a failed fetch; doubles at each
  std::chrono::milliseconds longest_retry = std::chrono::seconds(60);  // up to this
  std::chrono::milliseconds patience = std::chrono::seconds(10);       // how long a caller waits for a fetch
};

/// A key of an issuer's set. What was accepted under it counts until it is withdrawn: it left the set, or was
/// replaced under its id. A key that stays in the set through a refresh stays the same object.
class TrustedKey {
 public:
  explicit TrustedKey(PublicKey key) : key_(std::move(key)) {}
  const PublicKey& key() const { return key_; }
  bool withdrawn() const { return withdrawn_.load(std::memory_order_acquire); }
  void withdraw() { withdrawn_.store(true, std::memory_order_release); }

 private:
  const PublicKey key_;
  std::atomic<bool> withdrawn_{false};
};

/// Thread-safe. `clock` outlives it.
class KeyRing : public std::enable_shared_from_this<KeyRing> {
 public:
  KeyRing(std::string issuer, std::unique_ptr<JwksSource> source, KeyRefresh options,
          const base::Clock& clock);

  /// Begins the refresh on `executor`, which runs on one thread. Once.
  void start(boost::asio::any_io_executor executor);
  /// Ends the refresh: no fetch begins any more. The keys stay.
  void stop();
  /// Ends the refresh and withdraws all keys.
  void revoke();
  /// Hands its keys over to the ring that takes its place, before that one starts: what was accepted under
  /// them is verified anew. Ends the refresh; whoever still holds this ring finds its keys, withdrawn.
  void retire_for(KeyRing& successor);

  /// The key of that id, after a fetch where one is called for. `unauthorized` when the issuer does not have
  /// it, `unavailable` when its keys were never fetched.
  Task<std::shared_ptr<const TrustedKey>> key(std::string kid);

 private:
  using Keys = std::map<std::string, std::shared_ptr<TrustedKey>, std::less<>>;
  enum class Fetch { idle, due, running };
  /// How far a caller may count on a fetch: not at all; on one that began before it asked; on one that begins
  /// after.
  enum class Prospect { none, earlier, later };

  boost::asio::awaitable<void> refresh(std::shared_ptr<KeyRing> self, std::shared_ptr<base::Waiter> alarm);
  boost::asio::awaitable<void> rest(std::shared_ptr<base::Waiter> alarm, std::chrono::milliseconds duration);
  /// Fetches and takes over the answer: how long it is fresh, or why it is no good.
  Task<std::chrono::milliseconds> attempt();
  bool begin_fetch();
  void end_fetch();
  void replace(const std::vector<PublicKey>& fetched);

  std::shared_ptr<const TrustedKey> find(const std::string& kid) const;
  /// `caller` is woken when that fetch ends; none where the key is there by now.
  Prospect await_fetch(const std::string& kid, const std::shared_ptr<base::Waiter>& caller);
  bool may_demand();

  const std::string issuer_;
  const std::unique_ptr<JwksSource> source_;
  const KeyRefresh options_;
  const base::Clock& clock_;

  mutable std::mutex mutex_;  // guards what follows
  std::optional<Keys> keys_;  // nothing: never fetched
  Fetch fetch_ = Fetch::idle;
  bool stopped_ = false;
  std::optional<base::WallTime> last_demand_;
  // Waiters belong to the coroutines that wait, and go with their executor: the ring may outlive it.
  std::vector<std::weak_ptr<base::Waiter>> callers_;  // that wait for the fetch to end
  std::weak_ptr<base::Waiter> alarm_;                 // rouses the refresh; null while there is none
};

}  // namespace mycouch::auth
