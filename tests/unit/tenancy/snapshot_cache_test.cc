#include "tenancy/snapshot_cache.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mycouch::tenancy {
namespace {

std::shared_ptr<const int> snapshot(int value) {
  return std::make_shared<const int>(value);
}

TEST(SnapshotCache, KeepsWhatWasReadWithoutAWriteMeanwhile) {
  SnapshotCache<int> cache(100);
  EXPECT_EQ(cache.find("a"), nullptr);
  cache.offer("a", snapshot(1), cache.generation("a"));
  ASSERT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(*cache.find("a"), 1);
}

TEST(SnapshotCache, RefusesWhatWasReadBeforeAWrite) {
  SnapshotCache<int> cache(100);
  const std::uint64_t before = cache.generation("a");
  cache.drop("a");
  cache.offer("a", snapshot(1), before);
  EXPECT_EQ(cache.find("a"), nullptr);
}

TEST(SnapshotCache, HoldsAboutItsCapacity) {
  SnapshotCache<int> cache(64);
  int held = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = std::to_string(i);
    cache.offer(id, snapshot(i), cache.generation(id));
  }
  for (int i = 0; i < 10'000; ++i) held += cache.find(std::to_string(i)) != nullptr ? 1 : 0;
  EXPECT_LE(held, 128);
  EXPECT_GT(held, 32);
}

// A writer changes the value and drops the snapshot; nobody may then see an older value than the writer's.
TEST(SnapshotCache, NoReaderSeesAStaleSnapshotAfterAWriteEnded) {
  SnapshotCache<int> cache(100);
  std::atomic<int> stored = 0;
  std::atomic<int> acknowledged = 0;
  std::atomic<bool> stop = false;
  std::atomic<int> stale = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        while (!stop) {
          const int at_least = acknowledged;
          auto found = cache.find("a");
          if (found == nullptr) {
            const std::uint64_t generation = cache.generation("a");
            found = snapshot(stored);
            cache.offer("a", found, generation);
          }
          if (*found < at_least) ++stale;
        }
      });
    }
    for (int i = 1; i <= 20'000; ++i) {
      stored = i;
      cache.drop("a");
      acknowledged = i;
    }
    stop = true;
  }
  EXPECT_EQ(stale, 0);
}

}  // namespace
}  // namespace mycouch::tenancy
