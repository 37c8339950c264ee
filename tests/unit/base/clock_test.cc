#include "base/clock.h"

#include <gtest/gtest.h>

namespace mycouch::base {
namespace {

using std::chrono::milliseconds;

TEST(ClockTest, TimesAreWholeSecondsOfUtc) {
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(WallTime{milliseconds{1'765'380'600'000}}), "2025-12-10T15:30:00Z");
  EXPECT_EQ(to_rfc3339(WallTime{milliseconds{951'782'399'999}}), "2000-02-28T23:59:59Z");
}

TEST(ClockTest, TimesBeforeTheEpochAreRoundedDown) {
  EXPECT_EQ(to_rfc3339(WallTime{milliseconds{-1}}), "1969-12-31T23:59:59Z");
}

TEST(ClockTest, TheSystemClockFollowsTheMachine) {
  auto before = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  WallTime now = system_clock().now();
  auto after = std::chrono::system_clock::now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

}  // namespace
}  // namespace mycouch::base
