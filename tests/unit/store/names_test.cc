#include "store/couch/names.h"

#include <gmock/gmock.h>

namespace mycouch::store::couch {
namespace {

using namespace std::string_literals;

constexpr auto kTenants = Layout::partitioned;

TEST(Names, ATenantsDocumentStandsBehindItsName) {
  EXPECT_EQ(upstream_id(kTenants, "tenant_a", "x"), "tenant_a:x");
  EXPECT_EQ(upstream_id(kTenants, "tenant_a", "_design/x"), "tenant_a:_design/x");
  EXPECT_EQ(upstream_id(kTenants, "", "x"), "x");
  EXPECT_EQ(upstream_id(kTenants, "", "a:b"), ":a:b");
  EXPECT_EQ(upstream_id(kTenants, "", "_design/a:b"), "_design/a:b");
  EXPECT_EQ(upstream_id(Layout::plain, "", "user_a:b"), "user_a:b");
}

// A subject may hold anything, and so may a personal tenant's name.
TEST(Names, NoTenantsIdsAreAnothers) {
  EXPECT_NE(upstream_id(kTenants, "tenant_a:b", "x"), upstream_id(kTenants, "tenant_a", "b:x"));
  EXPECT_NE(upstream_id(kTenants, "tenant_a%3A", "x"), upstream_id(kTenants, "tenant_a:", "x"));
  EXPECT_EQ(partition_prefix("tenant_a:b"), "tenant_a%3Ab:");
  EXPECT_EQ(partition_prefix("_x"), "%5Fx:");
  EXPECT_EQ(partition_prefix("a/b?c#d e\0\xff"s), "a%2Fb%3Fc%23d%20e%00%FF:");
}

TEST(Names, WhatUpstreamHasIsReadAsItWasWritten) {
  for (std::string partition : {""s, "a"s, "tenant_a:b"s, "a%"s, "a\0\xff"s, "_"s}) {
    for (std::string id : {"x"s, "a:b"s, ":"s, "_design/d"s, "é"s, "a%3Ab"s}) {
      const auto read = confined_id(kTenants, upstream_id(kTenants, partition, id));
      ASSERT_TRUE(read) << partition << ' ' << id;
      EXPECT_EQ(read->partition, partition);
      EXPECT_EQ(read->id, id);
    }
  }
}

TEST(Names, WhatNobodyWroteIsNobodys) {
  for (std::string id : {"tenant_a:"s, ":x"s, "tenant a:x"s, "a%3a:x"s, "a%41:x"s, "a%:x"s, "\xff:x"s}) {
    EXPECT_FALSE(confined_id(kTenants, id)) << id;
  }
}

TEST(Names, LocalDocumentsLieUnderTheirScope) {
  EXPECT_EQ(upstream_local_id(kTenants, "t", "t", "x"), "t:x");
  EXPECT_EQ(upstream_local_id(kTenants, "", "", "a:b"), ":a:b");
  EXPECT_EQ(upstream_local_id(Layout::plain, "", "user_a", "x"), "user_a:x");
  EXPECT_EQ(upstream_local_id(Layout::plain, "", "", "x"), "x");
}

TEST(Names, PathsHoldNothingThatAProxyCouldRead) {
  EXPECT_EQ(document_path("a/b+c", "t:x/../y?z#\0%"s), "/a%2Fb%2Bc/t%3Ax%2F..%2Fy%3Fz%23%00%25");
  EXPECT_EQ(document_path("db", ".."), "/db/%2E%2E");
  EXPECT_EQ(document_path("db", "_design/.."), "/db/_design/%2E%2E");
  EXPECT_EQ(document_path("db", "_local/t:x"), "/db/_local/t%3Ax");
  EXPECT_EQ(attachment_path("db", "t:x", ".."), "/db/t%3Ax/%2E%2E");
  EXPECT_EQ(attachment_path("db", "t:x", "a/../b"), "/db/t%3Ax/a%2F..%2Fb");
}

}  // namespace
}  // namespace mycouch::store::couch
