#include "tenancy/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mycouch::tenancy {
namespace {

using testing::HasSubstr;

json::Object object(std::string_view text) {
  return *json::parse(text)->as_object();
}

const std::string kTenant =
    R"({"_id":"tenant_t","_rev":"1-a","type":"tenant","name":"Band","userId":"user_a","userIds":["user_a"],)"
    R"("members":{"user_a":{"role":"owner"}},"metadata":{"colour":"red","autoCreated":true},)"
    R"("createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"})";

json::Object with(json::Object base, std::string_view name, json::Value value) {
  base.set(name, std::move(value));
  return base;
}

TEST(TenancyFields, APutOfATenantMergesItsNameAndMetadata) {
  json::Object tenant = object(kTenant);
  ASSERT_TRUE(merge_changes(Table::tenants, tenant, object(R"({"name":"Trio","metadata":{"size":3}})")));
  EXPECT_EQ(tenant.string("name"), "Trio");
  EXPECT_EQ(*tenant.find("metadata"), json::Value(object(R"({"colour":"red","autoCreated":true,"size":3})")));
  ASSERT_TRUE(merge_changes(Table::tenants, tenant, object(R"({"metadata":{"colour":null}})")));
  EXPECT_FALSE(tenant.find("metadata")->as_object()->contains("colour"));
}

TEST(TenancyFields, APutOfAWholeTenantChangesNothing) {
  json::Object tenant = object(kTenant);
  EXPECT_TRUE(merge_changes(Table::tenants, tenant, object(kTenant)));
  EXPECT_EQ(tenant, object(kTenant));
}

TEST(TenancyFields, APutOfATenantLeavesTheRestAlone) {
  for (const char* changes :
       {R"({"_id":"tenant_u"})", R"({"type":"user"})", R"({"userId":"user_b"})", R"({"userIds":[]})",
        R"({"members":{}})", R"({"applicationId":"x"})", R"({"createdAt":"2027-01-01T00:00:00Z"})",
        R"({"_deleted":true})", R"({"deleted":true})", R"({"colour":"red"})", R"({"name":1})",
        R"({"name":" "})", R"({"metadata":[]})", R"({"metadata":{"autoCreated":false}})",
        R"({"metadata":{"isPersonal":true}})"}) {
    json::Object tenant = object(kTenant);
    Result<void> merged = merge_changes(Table::tenants, tenant, object(changes));
    ASSERT_FALSE(merged) << changes;
    EXPECT_EQ(merged.error().code, Errc::bad_request) << changes;
    EXPECT_EQ(tenant, object(kTenant)) << changes;
  }
}

TEST(TenancyFields, AStaleEditKeepsWhatOthersChanged) {
  const json::Object base = object(kTenant);
  const json::Object current =
      with(base, "metadata", object(R"({"colour":"blue","autoCreated":true,"size":3})"));
  Result<json::Object> merged = rebase(Table::tenants, base, with(base, "name", "Trio"), current);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, with(current, "name", "Trio"));
}

TEST(TenancyFields, TheLaterOneWinsAFieldThatBothChanged) {
  const json::Object base = object(kTenant);
  Result<json::Object> merged =
      rebase(Table::tenants, base, with(base, "name", "Mine"), with(base, "name", "Theirs"));
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->string("name"), "Mine");
}

TEST(TenancyFields, MetadataIsMergedMemberByMember) {
  const json::Object base = object(kTenant);
  const json::Object mine = with(base, "metadata", object(R"({"autoCreated":true,"mine":1})"));
  const json::Object theirs =
      with(base, "metadata", object(R"({"colour":"red","autoCreated":true,"theirs":1})"));
  Result<json::Object> merged = rebase(Table::tenants, base, mine, theirs);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged->find("metadata"), json::Value(object(R"({"autoCreated":true,"theirs":1,"mine":1})")));
}

TEST(TenancyFields, AStaleEditMayRepeatMembersThatHaveChangedSince) {
  const json::Object base = object(kTenant);
  const json::Object current = with(base, "userIds", json::Array{"user_a", "user_b"});
  Result<json::Object> merged = rebase(Table::tenants, base, with(base, "name", "Trio"), current);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged->find("userIds"), json::Value(json::Array{"user_a", "user_b"}));
}

TEST(TenancyFields, AReplicatedEditCannotChangeTheRest) {
  const json::Object base = object(kTenant);
  for (const auto& [name, value] : object(
           R"({"type":"user","userId":"user_b","userIds":["user_b"],"members":{},"applicationId":"x",
               "createdAt":"2027-01-01T00:00:00Z","deleted":true,"colour":1,"name":null,"metadata":3,
               "updatedAt":"yesterday"})")) {
    Result<json::Object> merged = rebase(Table::tenants, base, with(base, name, value), base);
    ASSERT_FALSE(merged) << name;
    EXPECT_EQ(merged.error().code, Errc::bad_request) << name;
    EXPECT_THAT(merged.error().reason, HasSubstr(name));
  }
  json::Object less = base;
  less.erase("members");
  EXPECT_FALSE(rebase(Table::tenants, base, less, base));
}

TEST(TenancyFields, AnAppMayNoteItsOwnTimeInATenantThatItChanges) {
  const json::Object base = object(kTenant);
  EXPECT_TRUE(rebase(Table::tenants, base, with(base, "updatedAt", "2026-02-01T10:00:00.123Z"), base));
  const json::Object user = object(R"({"_id":"user_a","name":"A","updatedAt":"2026-01-01T00:00:00Z"})");
  EXPECT_FALSE(rebase(Table::users, user, with(user, "updatedAt", "2026-02-01T10:00:00Z"), user));
}

}  // namespace
}  // namespace mycouch::tenancy
