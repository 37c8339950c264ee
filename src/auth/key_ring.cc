#include "auth/key_ring.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "auth/reasons.h"
#include "base/log.h"
#include "base/random.h"

namespace mycouch::auth {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Up to an eighth earlier, so that servers that began together do not ask together.
milliseconds with_jitter(milliseconds duration) {
  auto spread = static_cast<std::uint64_t>(duration.count() / 8);
  return duration - milliseconds(base::random_below(spread + 1));
}

}  // namespace

KeyRing::KeyRing(std::string issuer, std::unique_ptr<JwksSource> source, KeyRefresh options,
                 const base::Clock& clock)
    : issuer_(std::move(issuer)), source_(std::move(source)), options_(options), clock_(clock) {}

void KeyRing::start(boost::asio::any_io_executor executor) {
  auto alarm = base::Waiter::create(executor);
  {
    std::lock_guard lock(mutex_);
    alarm_ = alarm;
    fetch_ = Fetch::due;
  }
  boost::asio::co_spawn(executor, refresh(shared_from_this(), std::move(alarm)), boost::asio::detached);
}

void KeyRing::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  if (auto alarm = alarm_.lock()) alarm->wake();
}

void KeyRing::revoke() {
  stop();
  std::lock_guard lock(mutex_);
  for (auto& [kid, key] : keys_.value_or(Keys{})) key->withdraw();
  keys_.emplace();
}

void KeyRing::retire_for(KeyRing& successor) {
  stop();
  std::scoped_lock lock(mutex_, successor.mutex_);
  if (!keys_) return;
  successor.keys_.emplace();
  for (auto& [kid, key] : *keys_) {
    key->withdraw();
    successor.keys_->emplace(kid, std::make_shared<TrustedKey>(key->key()));
  }
}

// Its first parameter keeps the ring while the coroutine lives.
boost::asio::awaitable<void> KeyRing::refresh(std::shared_ptr<KeyRing>, std::shared_ptr<base::Waiter> alarm) {
  milliseconds retry = options_.first_retry;
  while (begin_fetch()) {
    Result<milliseconds> fresh = co_await attempt();
    end_fetch();
    if (fresh) {
      retry = options_.first_retry;
      co_await rest(alarm, with_jitter(*fresh));
    } else {
      log::warning("an issuer's keys were not fetched",
                   {{"issuer", issuer_}, {"reason", fresh.error().reason}});
      co_await rest(alarm, with_jitter(std::exchange(retry, std::min(retry * 2, options_.longest_retry))));
    }
  }
  end_fetch();
}

// Until then, or until a fetch is due or the ring is stopped.
boost::asio::awaitable<void> KeyRing::rest(std::shared_ptr<base::Waiter> alarm, milliseconds duration) {
  auto end = steady_clock::now() + duration;
  auto roused = [this] {
    std::lock_guard lock(mutex_);
    return stopped_ || fetch_ == Fetch::due;
  };
  // A wake-up may be left over from a demand that the last fetch has met already.
  while (!roused() && steady_clock::now() < end) co_await alarm->wait_until(end);
}

Task<milliseconds> KeyRing::attempt() {
  // Whatever goes wrong, there must be a next attempt.
  try {
    MYCOUCH_CO_TRY(JwksAnswer answer, co_await source_->fetch());
    MYCOUCH_CO_TRY(std::vector<PublicKey> fetched, parse_jwks(answer.text));
    replace(fetched);
    co_return answer.fresh_for.value_or(options_.interval);
  } catch (const std::exception& bug) {
    co_return fail(Errc::internal, bug.what());
  }
}

bool KeyRing::begin_fetch() {
  std::lock_guard lock(mutex_);
  if (stopped_) return false;
  fetch_ = Fetch::running;
  return true;
}

void KeyRing::end_fetch() {
  std::vector<std::weak_ptr<base::Waiter>> callers;
  {
    std::lock_guard lock(mutex_);
    fetch_ = Fetch::idle;
    callers.swap(callers_);
  }
  for (const auto& each : callers) {
    if (auto caller = each.lock()) caller->wake();
  }
}

void KeyRing::replace(const std::vector<PublicKey>& fetched) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  Keys before = std::exchange(keys_, Keys{}).value_or(Keys{});
  int added = 0;
  for (const PublicKey& key : fetched) {
    auto same = before.extract(key.kid());
    bool kept = !same.empty() && same.mapped()->key() == key;
    if (!same.empty() && !kept) same.mapped()->withdraw();
    if (!kept) ++added;
    keys_->emplace(key.kid(), kept ? same.mapped() : std::make_shared<TrustedKey>(key));
  }
  for (auto& [kid, key] : before) key->withdraw();
  if (added == 0 && before.empty()) return;
  log::info("an issuer's keys changed", {{"issuer", issuer_},
                                         {"keys", std::uint64_t{keys_->size()}},
                                         {"new", added},
                                         {"gone", std::uint64_t{before.size()}}});
}

Task<std::shared_ptr<const TrustedKey>> KeyRing::key(std::string kid) {
  if (auto found = find(kid)) co_return found;
  auto deadline = steady_clock::now() + options_.patience;
  auto caller = base::Waiter::create(co_await boost::asio::this_coro::executor);
  for (;;) {
    Prospect prospect = await_fetch(kid, caller);
    bool ended = prospect != Prospect::none && co_await caller->wait_until(deadline);
    // One that began before the caller came may have missed the key: then see whether there may be another.
    if (prospect != Prospect::earlier || !ended) break;
  }
  if (auto found = find(kid)) co_return found;
  std::lock_guard lock(mutex_);
  if (!keys_) co_return fail(Errc::unavailable, reason::kNoKeys);
  co_return fail(Errc::unauthorized, reason::kUnknownKeyId);
}

std::shared_ptr<const TrustedKey> KeyRing::find(const std::string& kid) const {
  std::lock_guard lock(mutex_);
  if (!keys_) return nullptr;
  auto found = keys_->find(kid);
  return found == keys_->end() ? nullptr : found->second;
}

KeyRing::Prospect KeyRing::await_fetch(const std::string& kid, const std::shared_ptr<base::Waiter>& caller) {
  std::lock_guard lock(mutex_);
  if (stopped_ || (keys_ && keys_->contains(kid))) return Prospect::none;
  if (fetch_ == Fetch::idle && may_demand()) {
    fetch_ = Fetch::due;
    if (auto alarm = alarm_.lock()) alarm->wake();
  }
  if (fetch_ == Fetch::idle) return Prospect::none;
  callers_.push_back(caller);
  return fetch_ == Fetch::due ? Prospect::later : Prospect::earlier;
}

// A ring without any keys is not asked to hurry: its next attempt is under way or soon to come.
bool KeyRing::may_demand() {
  if (alarm_.expired() || !keys_) return false;
  base::WallTime now = clock_.now();
  bool cooling = last_demand_ && now >= *last_demand_ && now < *last_demand_ + options_.cooling;
  if (!cooling) last_demand_ = now;
  return !cooling;
}

}  // namespace mycouch::auth
