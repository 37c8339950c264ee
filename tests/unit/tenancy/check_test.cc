#include "tenancy/check.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/offload.h"
#include "json/value.h"
#include "store/rocks/engine.h"
#include "support/run_task.h"
#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <class T>
Result<T> run(Task<T> task) {
  return testing_support::run_task(std::move(task));
}

json::Object parsed(std::string_view text) {
  return *json::parse(text)->as_object();
}

/// A store that is right: "a" owns a personal tenant and "band", in which "b" is a member with an own
/// personal one, and a used and a pending invitation. Each test makes it wrong in one way.
class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    engine->set_scope_rule("system", scopes_of);
    EXPECT_TRUE(run(engine->create("system")));
    put(R"({"_id":"tenant_a_personal","userId":"user_a","userIds":["user_a"],
            "members":{"user_a":{"role":"owner"}}})");
    put(R"({"_id":"tenant_b_personal","userId":"user_b","userIds":["user_b"],
            "members":{"user_b":{"role":"owner"}}})");
    put(R"({"_id":"tenant_band","userId":"user_a","userIds":["user_a","user_b"],
            "members":{"user_a":{"role":"owner"},"user_b":{"role":"viewer"}}})");
    put(R"({"_id":"user_a","personalTenantId":"tenant_a_personal","active_tenant_id":"tenant_band",
            "tenantIds":["tenant_a_personal","tenant_band"],
            "tenants":[{"tenantId":"tenant_a_personal","role":"owner"},
                       {"tenantId":"tenant_band","role":"owner"}]})");
    put(R"({"_id":"user_b","personalTenantId":"tenant_b_personal","active_tenant_id":"tenant_b_personal",
            "tenantIds":["tenant_band","tenant_b_personal"],
            "tenants":[{"tenantId":"tenant_band","role":"viewer"},
                       {"tenantId":"tenant_b_personal","role":"owner"}]})");
    put(R"({"_id":"invitation_1","tenantId":"tenant_band","status":"used","usedBy":"user_b"})");
    put(R"({"_id":"invitation_2","tenantId":"tenant_band","status":"pending","tokenHash":"00ff"})");
  }
  ~CheckTest() override { engine->close(); }

  json::Object read(std::string id) {
    auto database = *run(engine->open("system", {}));
    return object_of(*run(database->read(std::move(id), {})));
  }
  void put(const json::Object& document) {
    auto database = *run(engine->open("system", {}));
    std::vector<doc::Edit> edits;
    edits.push_back(*edit_of(document));
    auto outcomes = *run(database->write(std::move(edits), {}));
    EXPECT_FALSE(outcomes.front().error);
  }
  void put(std::string_view text) { put(parsed(text)); }
  /// Replaces members of a document.
  void change(std::string id, std::string_view changes) {
    json::Object document = read(std::move(id));
    for (const json::Member& member : parsed(changes)) document.set(member.name, member.value);
    put(document);
  }
  /// A revision that a replica made beside the current one.
  void put_in_conflict(const std::string& id) {
    auto database = *run(engine->open("system", {}));
    doc::Edit edit = *edit_of(read(id));
    edit.path = {.generation = 1, .hashes = {doc::parse_revision("1-" + std::string(32, 'a'))->hash}};
    edit.parent.reset();
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    EXPECT_TRUE(run(database->write(std::move(edits), {.new_edits = false})));
  }
  void purge(std::string id) {
    auto database = *run(engine->open("system", {}));
    EXPECT_TRUE(run(database->purge({std::move(id)})));
  }

  std::vector<std::string> findings() {
    std::vector<std::string> texts;
    std::uint64_t notes = 0;
    auto summary = run(check_system_database(*engine, "system", [&](const Finding& finding) {
      const bool is_note = finding.kind == Finding::Kind::note;
      notes += is_note ? 1 : 0;
      texts.push_back((is_note ? "note: " : "") + finding.text);
    }));
    EXPECT_TRUE(summary);
    EXPECT_EQ(summary->notes, notes);
    EXPECT_EQ(summary->violations, texts.size() - notes);
    return texts;
  }

  base::Pool pool{1};
  std::unique_ptr<store::Store> engine = *store::rocks::open({}, pool);
};

TEST_F(CheckTest, AStoreThatIsRightHasNoFindings) {
  EXPECT_THAT(findings(), IsEmpty());
  auto summary = *run(check_system_database(*engine, "system", [](const Finding&) {}));
  EXPECT_EQ(summary.users, 2U);
  EXPECT_EQ(summary.tenants, 3U);
  EXPECT_EQ(summary.invitations, 2U);
}

TEST_F(CheckTest, AStoreWithoutTheDatabaseIsAnError) {
  auto summary = run(check_system_database(*engine, "other", [](const Finding&) {}));
  EXPECT_EQ(summary.error().code, Errc::not_found);
}

TEST_F(CheckTest, RevisionsInConflict) {
  put_in_conflict("tenant_band");
  EXPECT_THAT(findings(), ElementsAre("tenant_band has conflicting revisions beside the current one: 1."));
}

TEST_F(CheckTest, APersonalTenantThatDoesNotExist) {
  purge("tenant_b_personal");
  change("user_b", R"({"active_tenant_id":"tenant_band","tenantIds":["tenant_band"],
                       "tenants":[{"tenantId":"tenant_band","role":"viewer"}]})");
  EXPECT_THAT(findings(), ElementsAre("user_b has no personal tenant: there is no tenant_b_personal."));
}

TEST_F(CheckTest, APersonalTenantThatIsNotTheUsersOwn) {
  change("user_b", R"({"personalTenantId":"tenant_band"})");
  EXPECT_THAT(findings(), ElementsAre("user_b has a `personalTenantId` that is not tenant_b_personal."));
}

TEST_F(CheckTest, APersonalTenantThatWasTakenAwayIsANote) {
  change("tenant_b_personal", R"({"deleted":true})");
  change("user_b", R"({"active_tenant_id":"tenant_band","tenantIds":["tenant_band"],
                       "tenants":[{"tenantId":"tenant_band","role":"viewer"}]})");
  EXPECT_THAT(findings(),
              ElementsAre("note: user_b does not belong to tenant_b_personal, its personal tenant: "
                          "it was taken away."));
}

TEST_F(CheckTest, ATenantWithTwoOwners) {
  change("tenant_band", R"({"members":{"user_a":{"role":"owner"},"user_b":{"role":"owner"}}})");
  change("user_b", R"({"tenants":[{"tenantId":"tenant_band","role":"owner"},
                                  {"tenantId":"tenant_b_personal","role":"owner"}]})");
  EXPECT_THAT(findings(), ElementsAre("tenant_band has 2 owners among its members."));
}

TEST_F(CheckTest, ATenantWithoutAnOwner) {
  change("tenant_band", R"({"members":{"user_a":{"role":"admin"},"user_b":{"role":"viewer"}}})");
  change("user_a", R"({"tenants":[{"tenantId":"tenant_a_personal","role":"owner"},
                                  {"tenantId":"tenant_band","role":"admin"}]})");
  EXPECT_THAT(findings(), ElementsAre("tenant_band has 0 owners among its members."));
}

TEST_F(CheckTest, AnOwnerWhoIsNotTheOneNamed) {
  change("tenant_band", R"({"userId":"user_b"})");
  EXPECT_THAT(findings(),
              ElementsAre("tenant_band is owned by user_a as a member, and by user_b in `userId`."));
}

TEST_F(CheckTest, UserIdsThatAreNotTheMembers) {
  change("tenant_band", R"({"userIds":["user_a"]})");
  EXPECT_THAT(findings(), ElementsAre("tenant_band has other users in `userIds` than in `members`."));
  change("tenant_band", R"({"userIds":["user_a","user_b","user_b"]})");
  EXPECT_THAT(findings(), ElementsAre("tenant_band has other users in `userIds` than in `members`."));
  change("tenant_band", R"({"userIds":"user_a"})");
  EXPECT_THAT(findings(), ElementsAre("tenant_band has other users in `userIds` than in `members`."));
}

TEST_F(CheckTest, ARoleThatDoesNotExist) {
  change("tenant_band", R"({"members":{"user_a":{"role":"owner"},"user_b":{"role":"boss"}}})");
  change("user_b", R"({"tenants":[{"tenantId":"tenant_band","role":"boss"},
                                  {"tenantId":"tenant_b_personal","role":"owner"}]})");
  EXPECT_THAT(findings(), ElementsAre("tenant_band has the member user_b with the unknown role \"boss\"."));
}

TEST_F(CheckTest, TenantIdsThatAreNotTheTenants) {
  change("user_b", R"({"tenantIds":["tenant_b_personal"]})");
  EXPECT_THAT(findings(), ElementsAre("user_b has other tenants in `tenantIds` than in `tenants`."));
}

TEST_F(CheckTest, AListedTenantThatDoesNotHoldTheUser) {
  change("tenant_band", R"({"userIds":["user_a"],"members":{"user_a":{"role":"owner"}}})");
  EXPECT_THAT(findings(), ElementsAre("user_b lists tenant_band, which does not hold that user."));
}

TEST_F(CheckTest, AListedTenantThatIsDeleted) {
  change("tenant_band", R"({"deleted":true})");
  change("user_a", R"({"active_tenant_id":"tenant_a_personal","tenantIds":["tenant_a_personal"],
                       "tenants":[{"tenantId":"tenant_a_personal","role":"owner"}]})");
  EXPECT_THAT(findings(), ElementsAre("user_b lists tenant_band, which does not hold that user."));
}

TEST_F(CheckTest, ATenantThatIsNotListed) {
  change("user_b", R"({"tenantIds":["tenant_b_personal"],
                       "tenants":[{"tenantId":"tenant_b_personal","role":"owner"}]})");
  EXPECT_THAT(findings(), ElementsAre("user_b does not list tenant_band, which holds that user."));
}

TEST_F(CheckTest, ARoleThatIsNotTheTenants) {
  change("user_b", R"({"tenants":[{"tenantId":"tenant_band","role":"admin"},
                                  {"tenantId":"tenant_b_personal","role":"owner"}]})");
  EXPECT_THAT(findings(),
              ElementsAre("user_b lists tenant_band with the role \"admin\", which is \"viewer\" there."));
}

TEST_F(CheckTest, AnActiveTenantOfOthers) {
  change("user_b", R"({"active_tenant_id":"tenant_a_personal"})");
  EXPECT_THAT(findings(),
              ElementsAre("user_b has the active tenant tenant_a_personal, which does not hold that user."));
}

TEST_F(CheckTest, AMemberWithoutADocumentIsANote) {
  change("tenant_band", R"({"userIds":["user_a","user_b","user_c"],
         "members":{"user_a":{"role":"owner"},"user_b":{"role":"viewer"},"user_c":{"role":"member"}}})");
  EXPECT_THAT(findings(), ElementsAre("note: tenant_band has the member user_c, who has no document: nobody "
                                      "has signed in under that id."));
}

TEST_F(CheckTest, AnInvitationOfNoTenant) {
  change("invitation_2", R"({"tenantId":"tenant_none"})");
  EXPECT_THAT(findings(), ElementsAre("invitation_2 is for tenant_none, which does not exist."));
}

TEST_F(CheckTest, AUsedInvitationWithoutAUser) {
  change("invitation_1", R"({"usedBy":""})");
  EXPECT_THAT(findings(), ElementsAre("invitation_1 is used, and does not say by whom."));
  change("invitation_1", R"({"usedBy":"user_none"})");
  EXPECT_THAT(findings(), ElementsAre("invitation_1 was used by user_none, who does not exist."));
}

// As where documents were written while another rule was in force.
TEST_F(CheckTest, AnIndexThatDoesNotAgreeWithTheDocuments) {
  engine->set_scope_rule("system", [](std::string_view, bool, std::string_view) {
    return std::vector<std::string>{"tenants:user_a", "invitations:tenant_band"};
  });
  change("tenant_b_personal", R"({"changed":true})");
  EXPECT_THAT(findings(),
              ElementsAre("The scope invitations:tenant_band holds tenant_b_personal, which is not of it.",
                          "The scope tenants:user_a holds tenant_b_personal, which is not of it.",
                          "The scope tenants:user_b does not hold tenant_b_personal, which is of it."));
}

TEST_F(CheckTest, DocumentsOfTheWrongShapeAreFindingsAndNoMore) {
  put(R"({"_id":"tenant_x"})");
  put(R"({"_id":"tenant_y","userId":7,"userIds":[7],"members":{"user_a":null}})");
  put(R"({"_id":"user_x","tenants":[7],"tenantIds":{}})");
  put(R"({"_id":"invitation_x"})");
  put(R"({"_id":"something_else"})");
  EXPECT_THAT(findings(), ElementsAre("tenant_x has other users in `userIds` than in `members`.",
                                      "tenant_x has 0 owners among its members.",
                                      "tenant_y has the member user_a with the unknown role \"\".",
                                      "tenant_y has other users in `userIds` than in `members`.",
                                      "tenant_y has 0 owners among its members.",
                                      "user_a does not list tenant_y, which holds that user.",
                                      "user_x has a `personalTenantId` that is not tenant_x_personal.",
                                      "user_x has no personal tenant: there is no tenant_x_personal.",
                                      "user_x has other tenants in `tenantIds` than in `tenants`.",
                                      "invitation_x is for \"\", which does not exist."));
}

}  // namespace
}  // namespace mycouch::tenancy
