// The embedded store: one RocksDB, the catalogue of its databases, and the one thread that writes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/offload.h"
#include "store/store.h"

namespace mycouch::store::rocks {

struct EngineOptions {
  std::string directory;                             // empty: in memory
  std::size_t cache_bytes = std::size_t{256} << 20;  // of blocks read from disk
  /// What is there now, on a disk, is only read: also while a server writes to it, of which nothing is seen.
  /// Writes are `unavailable`.
  bool read_only = false;
  const base::Clock* clock = &base::system_clock();  // gives records of logs their times; outlives the store
};

/// Opens or makes the store. `unavailable` with the cause: locked by another process, no permission, corrupt.
/// `pool` runs the reads that must wait for the disk, and outlives the store.
Result<std::unique_ptr<Store>> open(EngineOptions options, base::Pool& pool);

}  // namespace mycouch::store::rocks
