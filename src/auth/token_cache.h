// Principals of tokens that were verified, by the token's SHA-256.
//
// A bounded table in shards, each with its own short lock. What is full makes room by CLOCK: a hand goes
// round the entries, passes over those that were used since it last came by, and takes the first other one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "auth/key_ring.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/digest.h"

namespace mycouch::auth {

/// Thread-safe.
class TokenCache {
 public:
  /// Holds at most `entries`, rounded up to a multiple of the number of shards.
  explicit TokenCache(std::size_t entries);
  ~TokenCache();

  /// Null where there is none, where it has expired by `now`, or where its key was withdrawn.
  std::shared_ptr<const Principal> find(const base::Sha256& token, base::WallTime now);
  /// Served until `expires`, as long as `key` is trusted.
  void insert(const base::Sha256& token, std::shared_ptr<const Principal> principal,
              std::shared_ptr<const TrustedKey> key, base::WallTime expires);
  /// Entries held, those that would not be served among them.
  std::size_t size() const;

 private:
  class Shard;
  Shard& shard_of(const base::Sha256& token);

  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace mycouch::auth
