#include "base/random.h"

#include <set>

#include <gtest/gtest.h>

namespace mycouch::base {
namespace {

TEST(RandomTest, BytesComeInTheNumberAskedForAndDiffer) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(33).size(), 33U);
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(RandomTest, UuidsAreThirtyTwoHexDigits) {
  std::string uuid = random_uuid();
  EXPECT_EQ(uuid.size(), 32U);
  EXPECT_EQ(uuid.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(RandomTest, BelowABoundStaysBelowAndReachesEverything) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_below(4));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3}));
  EXPECT_EQ(random_below(1), 0U);
}

}  // namespace
}  // namespace mycouch::base
