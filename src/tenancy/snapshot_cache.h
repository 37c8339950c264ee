// Immutable snapshots of stored documents by id, which never outlive a change of the document.
//
// A reader that finds no snapshot takes the generation, reads the store, and offers what it has read with
// that generation. A write bumps the generation when it drops the snapshot; so what was read before the
// write, and is offered after it, is refused. Ids are spread over shards, each with its own lock and
// generation: readers of snapshots share a lock, and a write refuses only what is being read of its own
// shard.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace mycouch::tenancy {

/// Thread-safe.
template <class Snapshot>
class SnapshotCache {
 public:
  using Pointer = std::shared_ptr<const Snapshot>;

  /// At most about `capacity` snapshots are held; beyond, any one makes room.
  explicit SnapshotCache(std::size_t capacity) : shard_capacity_(capacity / kShards + 1) {}

  /// Null where there is none.
  Pointer find(std::string_view id) const {
    const Shard& shard = shard_of(id);
    std::shared_lock lock(shard.mutex);
    auto at = shard.snapshots.find(id);
    return at == shard.snapshots.end() ? nullptr : at->second;
  }

  /// To be taken before the store is read.
  std::uint64_t generation(std::string_view id) const {
    const Shard& shard = shard_of(id);
    std::shared_lock lock(shard.mutex);
    return shard.generation;
  }

  /// Keeps the snapshot, unless something was dropped since `generation`.
  void offer(std::string id, Pointer snapshot, std::uint64_t generation) {
    Shard& shard = shard_of(id);
    std::unique_lock lock(shard.mutex);
    if (shard.generation != generation) return;
    if (shard.snapshots.size() >= shard_capacity_ && !shard.snapshots.contains(id)) {
      shard.snapshots.erase(shard.snapshots.begin());
    }
    shard.snapshots.insert_or_assign(std::move(id), std::move(snapshot));
  }

  void drop(std::string_view id) {
    Shard& shard = shard_of(id);
    std::unique_lock lock(shard.mutex);
    ++shard.generation;
    if (auto at = shard.snapshots.find(id); at != shard.snapshots.end()) shard.snapshots.erase(at);
  }

 private:
  static constexpr std::size_t kShards = 64;

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  struct alignas(64) Shard {  // a cache line of its own: locks of neighbours do not slow each other
    mutable std::shared_mutex mutex;
    std::uint64_t generation = 0;
    std::unordered_map<std::string, Pointer, Hash, std::equal_to<>> snapshots;
  };

  Shard& shard_of(std::string_view id) { return shards_[Hash()(id) % kShards]; }
  const Shard& shard_of(std::string_view id) const { return shards_[Hash()(id) % kShards]; }

  std::size_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace mycouch::tenancy
