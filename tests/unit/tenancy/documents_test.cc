#include "tenancy/documents.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenancy/fields.h"

namespace mycouch::tenancy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr base::WallTime kNow{std::chrono::milliseconds(1'765'380'600'000)};  // 2025-12-10T15:30:00Z

auth::Principal jo() {
  auto application = std::make_shared<auth::Application>();
  application->id = "roady";
  application->issuer = "https://issuer.example";
  auth::Principal caller;
  caller.application = application;
  caller.sub = "abc123";
  caller.user_id = "user_abc123";
  caller.email = "jo@example.com";
  caller.name = "Jo";
  return caller;
}

json::Object object(std::string_view text) {
  return *json::parse(text)->as_object();
}

json::Object linked_user(const std::vector<json::Object>& tenants) {
  json::Object user = new_user(jo(), kNow);
  link_tenants(user, tenants);
  return user;
}

json::Object team(std::string id, std::string name = "Team") {
  return new_tenant(jo(), std::move(id), std::move(name), {}, kNow);
}

std::string reason_of(const Result<void>& result) {
  return result ? "" : result.error().reason;
}

TEST(TenancyDocuments, ANewUserHasTheContractsMembers) {
  json::Object user = linked_user({new_personal_tenant(jo(), kNow)});
  EXPECT_EQ(user, object(R"({
    "_id": "user_abc123", "type": "user", "sub": "abc123", "iss": "https://issuer.example",
    "email": "jo@example.com", "name": "Jo", "personalTenantId": "tenant_abc123_personal",
    "tenantIds": ["tenant_abc123_personal"],
    "tenants": [{"tenantId": "tenant_abc123_personal", "role": "owner", "personal": true,
                 "joinedAt": "2025-12-10T15:30:00Z"}],
    "active_tenant_id": "tenant_abc123_personal",
    "createdAt": "2025-12-10T15:30:00Z", "updatedAt": "2025-12-10T15:30:00Z"})"))
      << json::write(user);
}

TEST(TenancyDocuments, ANewPersonalTenantHasTheContractsMembers) {
  EXPECT_EQ(new_personal_tenant(jo(), kNow), object(R"({
    "_id": "tenant_abc123_personal", "type": "tenant", "name": "Jo's Workspace", "userId": "user_abc123",
    "userIds": ["user_abc123"], "members": {"user_abc123": {"role": "owner", "joinedAt": "2025-12-10T15:30:00Z"}},
    "applicationId": "roady", "metadata": {"isPersonal": true, "autoCreated": true},
    "createdAt": "2025-12-10T15:30:00Z", "updatedAt": "2025-12-10T15:30:00Z"})"));
}

TEST(TenancyDocuments, AWorkspaceIsNamedByWhatIsKnownOfTheUser) {
  auth::Principal caller = jo();
  caller.name.clear();
  EXPECT_EQ(new_personal_tenant(caller, kNow).string("name"), "jo's Workspace");
  caller.email.clear();
  EXPECT_EQ(new_personal_tenant(caller, kNow).string("name"), "Personal Workspace");
}

TEST(TenancyDocuments, LinkingTwiceChangesNothing) {
  std::vector<json::Object> tenants{team("tenant_b"), new_personal_tenant(jo(), kNow)};
  json::Object user = new_user(jo(), kNow);
  EXPECT_TRUE(link_tenants(user, tenants));
  EXPECT_FALSE(link_tenants(user, tenants));
  std::ranges::reverse(tenants);
  EXPECT_FALSE(link_tenants(user, tenants));
}

TEST(TenancyDocuments, LinkingAddsAMissedTenantAndDropsOneThatWasLeft) {
  json::Object user = linked_user({new_personal_tenant(jo(), kNow), team("tenant_left")});
  EXPECT_TRUE(link_tenants(user, {new_personal_tenant(jo(), kNow), team("tenant_new")}));
  EXPECT_TRUE(lists_tenant(user, "tenant_new"));
  EXPECT_FALSE(lists_tenant(user, "tenant_left"));
  EXPECT_EQ(user.find("tenants")->as_array()->size(), 2U);
}

TEST(TenancyDocuments, AnActiveTenantThatIsGoneFallsBackToThePersonalOne) {
  json::Object user = linked_user({new_personal_tenant(jo(), kNow), team("tenant_b")});
  user.set("active_tenant_id", "tenant_b");
  EXPECT_FALSE(link_tenants(user, {new_personal_tenant(jo(), kNow), team("tenant_b")}));
  EXPECT_TRUE(link_tenants(user, {new_personal_tenant(jo(), kNow)}));
  EXPECT_EQ(user.string("active_tenant_id"), "tenant_abc123_personal");
}

TEST(TenancyDocuments, ASoftDeletedTenantHasNoMembers) {
  json::Object tenant = team("tenant_b");
  EXPECT_EQ(role_in(tenant, "user_abc123"), Role::owner);
  EXPECT_EQ(role_in(tenant, "user_other"), std::nullopt);
  tenant.set("deleted", true);
  EXPECT_EQ(role_in(tenant, "user_abc123"), std::nullopt);
}

TEST(TenancyDocuments, AnUnknownRoleIsNoMembership) {
  json::Object tenant =
      object(R"({"_id":"tenant_b","type":"tenant","members":{"user_a":{"role":"king"},"user_b":7}})");
  EXPECT_EQ(role_in(tenant, "user_a"), std::nullopt);
  EXPECT_EQ(role_in(tenant, "user_b"), std::nullopt);
}

TEST(TenancyDocuments, PutMergesWhatAUserMayChange) {
  json::Object user = linked_user({new_personal_tenant(jo(), kNow), team("tenant_b")});
  Result<void> merged =
      merge_changes(Table::users, user,
                    object(R"({"name":"Joanna","email":"j@example.com","active_tenant_id":"tenant_b"})"));
  ASSERT_TRUE(merged) << reason_of(merged);
  EXPECT_EQ(user.string("name"), "Joanna");
  EXPECT_EQ(user.string("email"), "j@example.com");
  EXPECT_EQ(user.string("active_tenant_id"), "tenant_b");
}

TEST(TenancyDocuments, PutTakesBackTheWholeDocumentUnchanged) {
  json::Object user = linked_user({new_personal_tenant(jo(), kNow)});
  user.set("_rev", "1-00000000000000000000000000000001");
  json::Object whole = user;
  whole.set("name", "Joanna");
  EXPECT_TRUE(merge_changes(Table::users, user, whole));
  EXPECT_EQ(user.string("name"), "Joanna");
}

TEST(TenancyDocuments, PutRefusesToChangeWhatIsNotTheUsers) {
  for (std::string_view field :
       {"sub", "type", "_id", "tenants", "tenantIds", "iss", "personalTenantId", "createdAt", "updatedAt"}) {
    json::Object user = linked_user({new_personal_tenant(jo(), kNow)});
    Result<void> merged = merge_changes(Table::users, user, {{std::string(field), "other"}});
    ASSERT_FALSE(merged) << field;
    EXPECT_EQ(merged.error().code, Errc::bad_request) << field;
    EXPECT_THAT(merged.error().reason, HasSubstr(field));
  }
}

TEST(TenancyDocuments, PutRefusesUnknownFieldsAndWrongTypes) {
  const json::Object stored = linked_user({new_personal_tenant(jo(), kNow)});
  for (std::string_view changes :
       {R"({"nickname":"J"})", R"({"deleted":true})", R"({"_deleted":true})", R"({"name":7})",
        R"({"name":null})", R"({"name":"a\u0000b"})", R"({"email":"nobody"})", R"({"email":["a@b"]})",
        R"({"active_tenant_id":null})", R"({"_rev":1})", R"({"_rev":"x"})"}) {
    json::Object user = stored;
    Result<void> merged = merge_changes(Table::users, user, object(changes));
    ASSERT_FALSE(merged) << changes;
    EXPECT_EQ(merged.error().code, Errc::bad_request) << changes;
    EXPECT_EQ(user, stored) << changes;
  }
}

TEST(TenancyDocuments, ANameHasAtMost200CharactersNotBytes) {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "é";
  json::Object user = linked_user({new_personal_tenant(jo(), kNow)});
  EXPECT_TRUE(merge_changes(Table::users, user, {{"name", name}}));
  EXPECT_FALSE(merge_changes(Table::users, user, {{"name", name + "é"}}));
}

TEST(TenancyDocuments, AStaleRevisionConflictsEvenWithOldFields) {
  json::Object user = linked_user({new_personal_tenant(jo(), kNow)});
  user.set("_rev", "2-00000000000000000000000000000002");
  Result<void> merged = merge_changes(
      Table::users, user,
      object(R"({"_rev":"1-00000000000000000000000000000001","updatedAt":"2020-01-01T00:00:00Z"})"));
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code, Errc::conflict);
}

TEST(TenancyDocuments, TheActiveTenantMustBeOneOfTheUsers) {
  json::Object user = linked_user({new_personal_tenant(jo(), kNow)});
  Result<void> merged = merge_changes(Table::users, user, {{"active_tenant_id", "tenant_other"}});
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code, Errc::forbidden);
}

TEST(TenancyDocuments, ATenantRequestHasANameAndMetadata) {
  Result<TenantRequest> read = read_tenant_request(object(R"({"name":"Band","metadata":{"colour":"red"}})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, "Band");
  EXPECT_EQ(read->metadata.string("colour"), "red");
}

TEST(TenancyDocuments, BadTenantRequestsAreRefused) {
  for (std::string_view request : {R"({})", R"({"name":""})", R"({"name":"  "})", R"({"name":1})",
                                   R"({"name":"a\nb"})", R"({"name":"a","metadata":[]})",
                                   R"({"name":"a","userId":"user_x"})", R"({"name":"a","_id":"tenant_x"})"}) {
    Result<TenantRequest> read = read_tenant_request(object(request));
    ASSERT_FALSE(read) << request;
    EXPECT_EQ(read.error().code, Errc::bad_request) << request;
  }
}

TEST(TenancyDocuments, DocumentsBelongToTheScopesOfTheirReaders) {
  const std::string tenant =
      R"({"type":"tenant","members":{"user_a":{"role":"owner"},"user_b":{"role":"viewer"}}})";
  EXPECT_THAT(scopes_of("user_a", false, R"({"type":"user"})"), ElementsAre("user_a"));
  EXPECT_THAT(scopes_of("tenant_t", false, tenant), ElementsAre("tenants:user_a", "tenants:user_b"));
  EXPECT_THAT(scopes_of("tenant_t", true, "{}"), IsEmpty());
  EXPECT_THAT(scopes_of("user_a", false, R"({"type":"user","deleted":true})"), IsEmpty());
  EXPECT_THAT(scopes_of("other", false, tenant), IsEmpty());
  EXPECT_THAT(
      scopes_of("invitation_i", false, R"({"status":"pending","tenantId":"tenant_t","tokenHash":"ab"})"),
      ElementsAre("invitations:tenant_t", "invitation:ab"));
  EXPECT_THAT(scopes_of("invitation_i", false, R"({"status":"used","tenantId":"tenant_t","tokenHash":"ab"})"),
              IsEmpty());
  EXPECT_THAT(scopes_of("outbox_x", false, "{}"), ElementsAre("outbox"));
  EXPECT_THAT(scopes_of("application_x", false, "{}"), ElementsAre("applications"));
}

// Ids are arbitrary text; a user named like a scope gets no part of that scope.
TEST(TenancyDocuments, NoIdMakesOneScopeLookLikeAnother) {
  EXPECT_NE(scopes_of("user_tenants:user_a", false, "{}").front(), tenants_scope("user_a"));
  EXPECT_EQ(user_of_scope(tenants_scope("user_a")), "user_a");
  EXPECT_EQ(user_of_scope("user_tenants:user_a"), "user_tenants:user_a");
  EXPECT_EQ(user_of_scope(invitations_scope("tenant_t")), "");
}

TEST(TenancyDocuments, AnObjectAndItsEditAgree) {
  json::Object tenant = team("tenant_b");
  tenant.set("_rev", "3-0123456789abcdef0123456789abcdef");
  Result<doc::Edit> edit = edit_of(tenant);
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->id, "tenant_b");
  ASSERT_TRUE(edit->parent);
  doc::Document stored;
  stored.id = edit->id;
  stored.revision = *edit->parent;
  stored.body = edit->body;
  EXPECT_EQ(object_of(stored), tenant);
}

}  // namespace
}  // namespace mycouch::tenancy
