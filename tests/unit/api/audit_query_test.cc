#include "api/audit_query.h"

#include <gtest/gtest.h>

namespace mycouch::api {
namespace {

Result<tenancy::Audit::Query> read(std::string_view text) {
  return read_audit_query(*http::Query::parse(text));
}

TEST(AuditQuery, EveryOptionIsRead) {
  auto query = read(
      "from=2025-12-10T15:30:00Z&to=2025-12-11T00:00:00%2B01:00&user=user_a&tenant=tenant_t"
      "&action=tenant.update&limit=7&descending=true&after=12");
  ASSERT_TRUE(query);
  EXPECT_EQ(base::to_rfc3339(*query->from), "2025-12-10T15:30:00Z");
  EXPECT_EQ(base::to_rfc3339(*query->to), "2025-12-10T23:00:00Z");
  EXPECT_EQ(query->user, "user_a");
  EXPECT_EQ(query->tenant, "tenant_t");
  EXPECT_EQ(query->action, "tenant.update");
  EXPECT_EQ(query->limit, 7U);
  EXPECT_TRUE(query->descending);
  EXPECT_EQ(query->after, "12");
}

TEST(AuditQuery, WithoutOptionsItIsTheFirstHundredRecords) {
  auto query = read("");
  ASSERT_TRUE(query);
  EXPECT_FALSE(query->from || query->to || query->descending);
  EXPECT_EQ(query->limit, 100U);
  EXPECT_TRUE(query->user.empty() && query->tenant.empty() && query->action.empty() && query->after.empty());
}

TEST(AuditQuery, AnAdministratorIsAUserToo) {
  EXPECT_EQ(read("user=admin:root")->user, "admin:root");
}

TEST(AuditQuery, WhatCannotBeUsedIsRefused) {
  for (std::string_view text :
       {"from=yesterday", "to=2025-12-10", "from=", "limit=0", "limit=1001", "limit=-1", "limit=x",
        "descending=1", "user=abc", "user=", "tenant=abc", "tenant=user_a", "form=2025-12-10T15:30:00Z"}) {
    auto query = read(text);
    ASSERT_FALSE(query) << text;
    EXPECT_EQ(query.error().code, Errc::query_parse_error) << text;
  }
}

}  // namespace
}  // namespace mycouch::api
