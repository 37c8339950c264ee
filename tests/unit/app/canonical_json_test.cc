#include "app/canonical_json.h"

#include <gtest/gtest.h>

namespace mycouch::app {
namespace {

TEST(CanonicalJson, HasOneTextForEachValue) {
  EXPECT_EQ(canonical_json(R"({ "b": [1, 2.50, null], "a": {"é":true, "d":"\u00e9\/"} })"),
            R"({"a":{"d":"é/","é":true},"b":[1,2.5,null]})");
  EXPECT_EQ(canonical_json("{}"), "{}");
}

TEST(CanonicalJson, NumbersCountByTheirValue) {
  EXPECT_TRUE(is_same_json("[1, 100, 0.5, -3]", "[1.0, 1e2, 5E-1, -3.0]"));
  EXPECT_FALSE(is_same_json("[1]", "[1.5]"));
  EXPECT_FALSE(is_same_json("[12345678901234567890123]", "[12345678901234567890124]"));
  EXPECT_TRUE(is_same_json("[1e300]", "[10e299]"));
}

TEST(CanonicalJson, WhatMattersStaysDifferent) {
  EXPECT_FALSE(is_same_json("[1,2]", "[2,1]"));
  EXPECT_FALSE(is_same_json(R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(is_same_json(R"({"a":null})", "{}"));
  EXPECT_FALSE(is_same_json("no json", "nor this"));
  EXPECT_TRUE(is_same_json("no json", "no json"));
}

}  // namespace
}  // namespace mycouch::app
