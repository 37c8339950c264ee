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

TEST(ClockTest, MillisecondsHaveThreeDigits) {
  EXPECT_EQ(to_rfc3339_milliseconds(WallTime{milliseconds{1'765'380'600'007}}), "2025-12-10T15:30:00.007Z");
  EXPECT_EQ(to_rfc3339_milliseconds(WallTime{milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(ClockTest, TimesAreReadInAllFormsOfRfc3339) {
  const WallTime time{milliseconds{1'765'380'600'000}};
  for (std::string_view text :
       {"2025-12-10T15:30:00Z", "2025-12-10t15:30:00z", "2025-12-10 15:30:00Z", "2025-12-10T15:30:00.000Z",
        "2025-12-10T15:30:00.0009Z", "2025-12-10T16:30:00+01:00", "2025-12-10T10:00:00-05:30"}) {
    EXPECT_EQ(from_rfc3339(text), time) << text;
  }
  EXPECT_EQ(from_rfc3339("2025-12-10T15:30:00.5Z"), time + milliseconds(500));
  EXPECT_EQ(from_rfc3339("2024-02-29T00:00:00Z"), WallTime{milliseconds{1'709'164'800'000}});
}

TEST(ClockTest, WhatIsNoTimeIsRefused) {
  for (std::string_view text :
       {"", "2025", "2025-12-10", "2025-12-10T15:30:00", "2025-12-10T15:30Z", "2025-13-10T15:30:00Z",
        "2025-02-29T15:30:00Z", "2025-12-10T24:00:00Z", "2025-12-10T15:60:00Z", "2025-12-10T15:30:61Z",
        "2025-12-10T15:30:00.Z", "2025-12-10T15:30:00Zx", "2025-12-10T15:30:00+1:00",
        "2025-12-10T15:30:00+24:00", "+025-12-10T15:30:00Z", "2025-1-10T15:30:00Z", "12345678901234567890"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
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
