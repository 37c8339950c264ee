#include "doc/local_revision.h"

#include <gtest/gtest.h>

namespace mycouch::doc {
namespace {

Result<std::uint64_t> after(std::string_view text) {
  MYCOUCH_TRY(Revision parent, parse_local_revision(text));
  return next_local_version(parent);
}

TEST(LocalRevision, TheNextVersionFollowsTheOneThatIsNamed) {
  EXPECT_EQ(*next_local_version(std::nullopt), 1U);
  EXPECT_EQ(*after("0-0"), 1U);
  EXPECT_EQ(*after("0-41"), 42U);
  EXPECT_EQ(*after("0-007"), 8U);
}

TEST(LocalRevision, WhatHasTheFormOfARevisionPassesAndIsNotFollowed) {
  for (std::string_view text :
       {"1-abc", "0-x", "0-", "0--1", "0-1.5", "0-00000000000000000000000000000abc"}) {
    EXPECT_TRUE(parse_local_revision(text)) << text;
    EXPECT_EQ(after(text).error().reason, "Invalid rev format") << text;
  }
}

TEST(LocalRevision, WhatIsNoRevisionDoesNotPass) {
  for (std::string_view text : {"", "0", "x", "-1", "a-b", "0-\"", "0-a b"}) {
    EXPECT_EQ(parse_local_revision(text).error().code, Errc::bad_request) << text;
  }
}

TEST(LocalRevision, NothingFollowsTheLastVersionThatCanBeCounted) {
  EXPECT_EQ(*after("0-18446744073709551614"), 18446744073709551615U);
  EXPECT_FALSE(after("0-18446744073709551615"));
  EXPECT_FALSE(after("0-99999999999999999999999"));
}

}  // namespace
}  // namespace mycouch::doc
