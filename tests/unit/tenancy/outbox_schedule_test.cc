#include "tenancy/outbox_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mycouch::tenancy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

base::WallTime at(int milliseconds) {
  return base::WallTime(std::chrono::milliseconds(milliseconds));
}

TEST(OutboxSchedule, GivesWhatIsDueInTheOrderOfTheirTimes) {
  OutboxSchedule schedule(10);
  schedule.put("late", "d", at(30));
  schedule.put("first", "d", at(10));
  schedule.put("second", "d", at(20));
  EXPECT_EQ(schedule.next(), at(10));
  EXPECT_THAT(schedule.take(at(9)), IsEmpty());
  EXPECT_THAT(schedule.take(at(20)), ElementsAre("first", "second"));
  EXPECT_EQ(schedule.next(), at(30));
}

TEST(OutboxSchedule, HasAFewUnderWayForEachDestination) {
  OutboxSchedule schedule(2);
  for (const char* id : {"a", "b", "c"}) schedule.put(id, "d", at(0));
  schedule.put("x", "e", at(0));
  EXPECT_THAT(schedule.take(at(0)), ElementsAre("a", "b", "x"));
  EXPECT_EQ(schedule.next(), std::nullopt);
  schedule.finish("a", std::nullopt);
  EXPECT_THAT(schedule.take(at(0)), ElementsAre("c"));
}

TEST(OutboxSchedule, WhatFailedIsDueAgainAndWhatIsDoneIsGone) {
  OutboxSchedule schedule(2);
  schedule.put("a", "d", at(0));
  schedule.put("b", "d", at(0));
  schedule.take(at(0));
  schedule.finish("a", at(50));
  schedule.finish("b", std::nullopt);
  EXPECT_EQ(schedule.size(), 1U);
  EXPECT_EQ(schedule.next(), at(50));
}

TEST(OutboxSchedule, WhatIsRenewedWhileUnderWayIsDoneOnceMore) {
  OutboxSchedule schedule(2);
  schedule.put("a", "d", at(0));
  schedule.take(at(0));
  schedule.put("a", "d", at(5));
  EXPECT_THAT(schedule.take(at(9)), IsEmpty());
  schedule.finish("a", std::nullopt);
  EXPECT_THAT(schedule.take(at(9)), ElementsAre("a"));
  schedule.finish("a", std::nullopt);
  EXPECT_EQ(schedule.size(), 0U);
}

TEST(OutboxSchedule, WhatIsRemovedWhileUnderWayIsNotDoneAgain) {
  OutboxSchedule schedule(2);
  schedule.put("a", "d", at(0));
  schedule.put("b", "d", at(0));
  schedule.take(at(0));
  schedule.remove("a");
  schedule.finish("a", at(10));
  schedule.put("b", "d", at(5));
  schedule.remove("b");
  schedule.finish("b", at(10));
  EXPECT_EQ(schedule.size(), 0U);
  EXPECT_EQ(schedule.next(), std::nullopt);
}

TEST(OutboxSchedule, PutAgainMovesAndRemoveTakesOut) {
  OutboxSchedule schedule(2);
  schedule.put("a", "d", at(0));
  schedule.put("a", "e", at(7));
  EXPECT_EQ(schedule.size(), 1U);
  EXPECT_EQ(schedule.next(), at(7));
  schedule.remove("a");
  schedule.remove("unknown");
  EXPECT_EQ(schedule.next(), std::nullopt);
}

TEST(OutboxSchedule, APauseHoldsForOneDestinationAndIsNotShortened) {
  OutboxSchedule schedule(2);
  schedule.put("a", "d", at(0));
  schedule.put("x", "e", at(0));
  schedule.pause("d", at(100));
  schedule.pause("d", at(50));
  EXPECT_THAT(schedule.take(at(99)), ElementsAre("x"));
  EXPECT_EQ(schedule.next(), at(100));
  EXPECT_THAT(schedule.take(at(100)), ElementsAre("a"));
}

}  // namespace
}  // namespace mycouch::tenancy
