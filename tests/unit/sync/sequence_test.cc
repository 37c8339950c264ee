#include "sync/sequence.h"

#include <gtest/gtest.h>

namespace mycouch::sync {
namespace {

std::uint64_t resolved(std::string_view text) {
  auto since = parse_since(text);
  EXPECT_TRUE(since.has_value()) << text;
  return since ? resolve(*since, "e1", 50) : UINT64_MAX;
}

TEST(Sequence, IsReadAsItWasWritten) {
  EXPECT_EQ(sequence_text(12, "e1"), "12-e1");
  EXPECT_EQ(resolved(sequence_text(12, "e1")), 12U);
}

TEST(Sequence, TheStartIsWrittenInMoreThanOneWay) {
  for (std::string_view text : {"", "0", "\"0\"", "0-e1", "0-other"}) EXPECT_EQ(resolved(text), 0U) << text;
}

TEST(Sequence, NowIsTheLastOne) {
  EXPECT_EQ(resolved("now"), 50U);
}

TEST(Sequence, JsonQuotesAreTakenOff) {
  EXPECT_EQ(resolved("\"12-e1\""), 12U);
}

TEST(Sequence, ABareNumberIsOfTheCurrentEpoch) {
  EXPECT_EQ(resolved("12"), 12U);
}

TEST(Sequence, AnotherEpochIsAnsweredFromTheStart) {
  EXPECT_EQ(resolved("12-e0"), 0U);
}

TEST(Sequence, OneThatIsAheadIsAnsweredFromTheStart) {
  EXPECT_EQ(resolved("51-e1"), 0U);
  EXPECT_EQ(resolved("50-e1"), 50U);
}

TEST(Sequence, MalformedOnesAreRefusedAsInCouchDb) {
  for (std::string_view text :
       {"x", "-1", "1-", "1-E1", "1-a b", "1.5", "99999999999999999999", " 1", "\"", "1-a-b"}) {
    auto since = parse_since(text);
    ASSERT_FALSE(since.has_value()) << text;
    EXPECT_EQ(since.error().code, Errc::bad_request);
    EXPECT_EQ(since.error().reason, "Malformed sequence supplied in 'since' parameter.");
  }
}

}  // namespace
}  // namespace mycouch::sync
