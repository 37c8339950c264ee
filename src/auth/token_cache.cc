#include "auth/token_cache.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace mycouch::auth {
namespace {

constexpr std::size_t kShards = 64;

// A digest is as good as random: eight of its bytes are its hash, one other chooses its shard.
struct FirstBytes {
  std::size_t operator()(const base::Sha256& digest) const {
    std::uint64_t bytes;
    std::memcpy(&bytes, digest.data(), sizeof bytes);
    return bytes;
  }
};

struct Slot {
  base::Sha256 token{};
  std::shared_ptr<const Principal> principal;
  std::shared_ptr<const TrustedKey> key;
  base::WallTime expires{};
  bool used = false;  // since the hand last came by
};

}  // namespace

class TokenCache::Shard {
 public:
  explicit Shard(std::size_t capacity) : capacity_(capacity) {}

  std::shared_ptr<const Principal> find(const base::Sha256& token, base::WallTime now) {
    std::lock_guard lock(mutex_);
    auto found = slots_of_.find(token);
    if (found == slots_of_.end()) return nullptr;
    Slot& slot = slots_[found->second];
    if (now >= slot.expires || slot.key->withdrawn()) return nullptr;
    slot.used = true;
    return slot.principal;
  }

  void insert(Slot slot) {
    std::lock_guard lock(mutex_);
    auto found = slots_of_.find(slot.token);
    std::uint32_t at = found != slots_of_.end() ? found->second : free_slot();
    slots_of_[slot.token] = at;
    slots_[at] = std::move(slot);
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return slots_.size();
  }

 private:
  std::uint32_t free_slot() {
    if (slots_.size() < capacity_) {
      slots_.emplace_back();
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    while (std::exchange(slots_[hand_].used, false) && !slots_[hand_].key->withdrawn()) advance();
    slots_of_.erase(slots_[hand_].token);
    std::uint32_t at = hand_;
    advance();
    return at;
  }

  void advance() { hand_ = static_cast<std::uint32_t>((hand_ + 1) % slots_.size()); }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::vector<Slot> slots_;
  std::unordered_map<base::Sha256, std::uint32_t, FirstBytes> slots_of_;
  std::uint32_t hand_ = 0;
};

TokenCache::TokenCache(std::size_t entries) {
  std::size_t each = std::max<std::size_t>(1, (entries + kShards - 1) / kShards);
  for (std::size_t i = 0; i < kShards; ++i) shards_.push_back(std::make_unique<Shard>(each));
}

TokenCache::~TokenCache() = default;

std::shared_ptr<const Principal> TokenCache::find(const base::Sha256& token, base::WallTime now) {
  return shard_of(token).find(token, now);
}

void TokenCache::insert(const base::Sha256& token, std::shared_ptr<const Principal> principal,
                        std::shared_ptr<const TrustedKey> key, base::WallTime expires) {
  shard_of(token).insert({token, std::move(principal), std::move(key), expires});
}

std::size_t TokenCache::size() const {
  std::size_t total = 0;
  for (const auto& shard : shards_) total += shard->size();
  return total;
}

TokenCache::Shard& TokenCache::shard_of(const base::Sha256& token) {
  return *shards_[token.back() % kShards];
}

}  // namespace mycouch::auth
