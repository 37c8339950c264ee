// The virtual tables as PouchDB replicates them: what is seen, and what an edit made elsewhere becomes.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/offload.h"
#include "store/rocks/engine.h"
#include "support/run_task.h"
#include "tenancy/documents.h"
#include "tenancy/tenancy.h"

namespace mycouch::tenancy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

template <class T>
Result<T> run(Task<T> task) {
  return testing_support::run_task(std::move(task));
}

class TablesTest : public testing::Test {
 protected:
  TablesTest()
      : store_(*store::rocks::open({}, pool_)),
        issuers_(base::system_clock()),
        tenancy_(*store_, "couch-sitter", issuers_, base::system_clock()) {
    EXPECT_TRUE(run(tenancy_.start()));
    band_ = id_of(*run(tenancy_.create_tenant(actor("jo"), {{"name", "Band"}})));
    EXPECT_TRUE(run(tenancy_.bootstrap(actor("ann"))));
  }
  ~TablesTest() override { store_->close(); }

  static Actor actor(std::string sub) {
    auto application = std::make_shared<auth::Application>();
    application->id = "roady";
    auto caller = std::make_shared<auth::Principal>();
    caller->application = application;
    caller->user_id = "user_" + sub;
    caller->name = sub;
    caller->sub = std::move(sub);
    return {.principal = caller, .request_id = "request", .address = "::1"};
  }

  std::unique_ptr<store::Database> table(const std::string& sub, Table which = Table::tenants) {
    return *run(tenancy_.open_table(actor(sub), which));
  }

  void join(const std::string& sub, std::string_view role = "member") {
    auto made = run(tenancy_.invite(actor("jo"), band_, {{"role", role}}));
    ASSERT_TRUE(made);
    ASSERT_TRUE(run(tenancy_.accept_invitation(actor(sub), made->token)));
  }

  doc::Document read(const std::string& sub, const std::string& id, Table which = Table::tenants) {
    auto document = run(table(sub, which)->read(id, {.rev = {}, .revs = true, .conflicts = true}));
    EXPECT_TRUE(document) << document.error().reason;
    return document.value_or(doc::Document{});
  }

  // A replicated edit of a revision: its own revision is made of the letter.
  static doc::Edit edit_of_revision(const doc::Document& parent, json::Object body, char letter,
                                    bool deleted = false) {
    doc::Edit edit;
    edit.id = parent.id;
    edit.path = parent.revisions;
    edit.path.generation += 1;
    edit.path.hashes.insert(edit.path.hashes.begin(),
                            doc::parse_revision("1-" + std::string(32, letter))->hash);
    edit.deleted = deleted;
    edit.body = json::write(body);
    return edit;
  }

  static json::Object body_of(const doc::Document& document) {
    return *json::parse(document.body)->as_object();
  }

  std::optional<Error> push(const std::string& sub, doc::Edit edit, Table which = Table::tenants) {
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    auto outcomes = run(table(sub, which)->write(std::move(edits), {.new_edits = false}));
    EXPECT_TRUE(outcomes);
    return outcomes->front().error;
  }

  std::vector<std::string> rows(const std::string& sub, std::uint64_t since = 0) {
    auto page = run(table(sub)->changes({.since = since}));
    std::vector<std::string> ids;
    for (const store::ChangeRow& row : page->rows) ids.push_back((row.deleted ? "-" : "") + row.id);
    return ids;
  }

  base::Pool pool_{2};
  std::unique_ptr<store::Store> store_;
  auth::Issuers issuers_;
  Tenancy tenancy_;
  std::string band_;
};

json::Object renamed(json::Object body, std::string_view name) {
  body.set("name", name);
  return body;
}

TEST_F(TablesTest, EachTableHoldsItsOwnDocuments) {
  EXPECT_THAT(rows("jo"), ElementsAre("tenant_jo_personal", band_));
  EXPECT_THAT(rows("ann"), ElementsAre("tenant_ann_personal"));
  auto users = run(table("jo", Table::users)->changes({}));
  ASSERT_THAT(users->rows, SizeIs(1));
  EXPECT_EQ(users->rows.front().id, "user_jo");
  EXPECT_EQ(run(table("jo", Table::users)->info())->doc_count, 1U);
  EXPECT_FALSE(run(table("jo", Table::users)->read(band_, {})));
  EXPECT_FALSE(run(table("ann")->read(band_, {})));
}

TEST_F(TablesTest, AnEditOfTheCurrentRevisionIsStoredAsItIs) {
  const doc::Document before = read("jo", band_);
  ASSERT_FALSE(push("jo", edit_of_revision(before, renamed(body_of(before), "Trio"), 'a')));
  const doc::Document after = read("jo", band_);
  EXPECT_EQ(after.revision.text(), "2-" + std::string(32, 'a'));
  EXPECT_EQ(body_of(after).string("name"), "Trio");
}

TEST_F(TablesTest, EditsOfTwoDevicesBecomeOneLine) {
  const doc::Document base = read("jo", band_);
  json::Object recoloured = body_of(base);
  recoloured.set("metadata", json::Object{{"colour", "red"}});
  ASSERT_FALSE(push("jo", edit_of_revision(base, renamed(body_of(base), "Trio"), 'a')));
  ASSERT_FALSE(push("jo", edit_of_revision(base, recoloured, 'b')));

  const doc::Document merged = read("jo", band_);
  EXPECT_EQ(merged.revision.generation, 3U);
  EXPECT_THAT(merged.revisions.hashes, SizeIs(3));
  EXPECT_THAT(merged.conflicts, IsEmpty());
  EXPECT_EQ(body_of(merged).string("name"), "Trio");
  EXPECT_EQ(body_of(merged).find("metadata")->as_object()->string("colour"), "red");

  // Pushed once more, either edit changes nothing.
  ASSERT_FALSE(push("jo", edit_of_revision(base, recoloured, 'b')));
  ASSERT_FALSE(push("jo", edit_of_revision(base, renamed(body_of(base), "Trio"), 'a')));
  EXPECT_EQ(read("jo", band_).revision, merged.revision);
  // The device whose branch has ended is told so.
  auto leaves = run(table("jo")->read_all_leaves(band_, {.rev = {}, .revs = true}));
  ASSERT_THAT(*leaves, SizeIs(2));
  EXPECT_TRUE(leaves->back().document->deleted);
}

TEST_F(TablesTest, AForbiddenEditIsDeniedAndChangesNothing) {
  join("ann");
  const doc::Document before = read("ann", band_);
  auto denied = push("ann", edit_of_revision(before, renamed(body_of(before), "Mine"), 'a'));
  ASSERT_TRUE(denied);
  EXPECT_EQ(denied->code, Errc::forbidden);
  json::Object grabbed = body_of(before);
  grabbed.set("userId", "user_ann");
  for (const char* sub : {"jo", "ann"}) {
    denied = push(sub, edit_of_revision(before, grabbed, 'b'));
    ASSERT_TRUE(denied);
    EXPECT_EQ(denied->code, Errc::forbidden);
  }
  EXPECT_EQ(read("jo", band_).revision, before.revision);
}

TEST_F(TablesTest, EditsOfTheCurrentRevisionThatNeverCameAreStoredWithTheLast) {
  const doc::Document before = read("jo", band_);
  doc::Edit second = edit_of_revision(before, renamed(body_of(before), "Trio"), 'a');
  second.path.generation += 1;
  second.path.hashes.insert(second.path.hashes.begin(),
                            doc::parse_revision("1-" + std::string(32, 'b'))->hash);
  ASSERT_FALSE(push("jo", second));
  const doc::Document after = read("jo", band_);
  EXPECT_EQ(after.revision.text(), "3-" + std::string(32, 'b'));
  EXPECT_THAT(*run(table("jo")->read_all_leaves(band_, {})), SizeIs(1));
}

// A member whose rename was denied puts back what the server has; then the document can leave the device
// again.
TEST_F(TablesTest, ARefusedEditCanBeTakenBack) {
  join("ann");
  const doc::Document before = read("ann", band_);
  doc::Edit refused = edit_of_revision(before, renamed(body_of(before), "Mine"), 'a');
  ASSERT_TRUE(push("ann", refused));
  doc::Document mine = before;
  mine.revisions = refused.path;
  ASSERT_FALSE(push("ann", edit_of_revision(mine, body_of(before), 'b')));
  EXPECT_EQ(read("ann", band_).body, before.body);
  EXPECT_TRUE(read("ann", band_).revision.text().ends_with(std::string(32, 'b')));

  // The same where the document has changed since.
  ASSERT_TRUE(run(tenancy_.put_tenant(actor("jo"), band_, {{"name", "Trio"}})));
  refused = edit_of_revision(before, renamed(body_of(before), "Ours"), 'c');
  ASSERT_TRUE(push("ann", refused));
  mine.revisions = refused.path;
  const doc::Document now = read("ann", band_);
  ASSERT_FALSE(push("ann", edit_of_revision(mine, body_of(now), 'd')));
  EXPECT_EQ(read("ann", band_).revision, now.revision);
  EXPECT_THAT(read("ann", band_).conflicts, IsEmpty());
}

// What two tabs push at once, and what is pushed again after a lost answer.
TEST_F(TablesTest, TheSameEditPushedManyTimesAtOnceIsMadeOnce) {
  const doc::Document before = read("jo", band_);
  const doc::Edit edit = edit_of_revision(before, renamed(body_of(before), "Trio"), 'a');
  std::vector<std::unique_ptr<store::Database>> tabs;
  std::vector<Task<std::vector<store::WriteOutcome>>> pushes;
  for (int i = 0; i < 8; ++i) {
    tabs.push_back(table("jo"));
    pushes.push_back(tabs.back()->write({edit}, {.new_edits = false}));
  }
  for (const auto& outcome : testing_support::run_tasks(std::move(pushes))) {
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->front().error);
  }
  EXPECT_EQ(read("jo", band_).revision, edit.path.leaf());
  EXPECT_THAT(*run(table("jo")->read_all_leaves(band_, {})), SizeIs(1));
}

// Through the tombstone of an ended branch, which every member can read.
TEST_F(TablesTest, AnEditIsMergedHoweverMuchHasHappenedSinceAndAfterACompaction) {
  const doc::Document base = read("jo", band_);
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(run(tenancy_.put_tenant(actor("jo"), band_, {{"metadata", json::Object{{"n", i}}}})));
  }
  ASSERT_TRUE(run((*run(store_->open("couch-sitter", {})))->compact()));
  for (bool running = true; running;) running = run(table("jo")->info())->compact_running;
  ASSERT_FALSE(push("jo", edit_of_revision(base, renamed(body_of(base), "Trio"), 'a')));
  const json::Object merged = body_of(read("jo", band_));
  EXPECT_EQ(merged.string("name"), "Trio");
  EXPECT_EQ(*merged.find("metadata")->as_object()->find("n"), json::Value(59));
}

TEST_F(TablesTest, OfTheBranchesThatHaveEndedTheNewestAreKept) {
  const doc::Document base = read("jo", band_);
  ASSERT_TRUE(run(tenancy_.put_tenant(actor("jo"), band_, {{"name", "Duo"}})));
  for (int i = 0; i < 120; ++i) {
    doc::Edit edit = edit_of_revision(base, body_of(base), 'a');
    edit.path.hashes.front() = doc::parse_revision("1-" + std::to_string(1'000 + i))->hash;
    ASSERT_FALSE(push("jo", edit));
  }
  EXPECT_THAT(*run(table("jo")->read_all_leaves(band_, {})), SizeIs(101));
  EXPECT_EQ(body_of(read("jo", band_)).string("name"), "Duo");
}

TEST_F(TablesTest, AForgedHistoryGivesNoOtherBase) {
  join("ann", "viewer");
  const doc::Document current = read("ann", band_);
  const doc::Document older = *run(table("ann")->read(
      band_,
      {.rev = doc::Revision{current.revision.generation - 1, current.revisions.hashes[1]}, .revs = true}));
  ASSERT_FALSE(push("ann", edit_of_revision(older, body_of(older), 'a')));
  auto leaves = run(table("ann")->read_all_leaves(band_, {.rev = {}, .revs = true}));
  ASSERT_THAT(*leaves, SizeIs(2));
  const doc::Document& tombstone = *leaves->back().document;
  ASSERT_TRUE(tombstone.deleted);
  for (const bool through_current : {false, true}) {
    doc::Document forged = tombstone;
    if (through_current) {
      const auto& hashes = current.revisions.hashes;
      forged.revisions.hashes.insert(forged.revisions.hashes.end(), hashes.begin(), hashes.end());
      forged.revisions.generation = static_cast<std::uint32_t>(forged.revisions.hashes.size());
    }
    (void)push("ann", edit_of_revision(forged, {}, through_current ? 'b' : 'c'));
    EXPECT_EQ(read("jo", band_).revision, current.revision);
    EXPECT_EQ(read("jo", band_).body, current.body);
  }
}

TEST_F(TablesTest, AHistoryThatRunsAheadIsDenied) {
  const doc::Document before = read("jo", band_);
  for (const std::uint32_t generation : {UINT32_MAX, UINT32_MAX - 1, 5'000U}) {
    doc::Edit edit = edit_of_revision(before, body_of(before), 'a');
    edit.path.generation = generation;
    edit.path.hashes.resize(1);
    EXPECT_TRUE(push("jo", edit)) << generation;
  }
  EXPECT_EQ(read("jo", band_).revision, before.revision);
}

TEST_F(TablesTest, AViewerPutsNothingIntoTheDocument) {
  join("ann", "viewer");
  const doc::Document before = read("ann", band_);
  for (const char* name : {"_replication_stats", "updatedAt"}) {
    json::Object body = body_of(before);
    body.set(name, "1999-01-01T00:00:00Z");
    EXPECT_TRUE(push("ann", edit_of_revision(before, body, 'a'))) << name;
  }
  EXPECT_EQ(read("jo", band_).body, before.body);
}

TEST_F(TablesTest, AnInvitationOfOneWhoMayNotInviteAnyMoreIsVoid) {
  join("ann", "admin");
  auto made = run(tenancy_.invite(actor("ann"), band_, {{"role", "admin"}}));
  ASSERT_TRUE(made);
  ASSERT_TRUE(run(tenancy_.remove_member(actor("jo"), band_, "user_ann")));
  EXPECT_EQ(run(tenancy_.accept_invitation(actor("ann"), made->token)).error().code, Errc::not_found);
}

TEST_F(TablesTest, AStrangersEditIsDeniedWhetherTheTenantExistsOrNot) {
  const doc::Document before = read("jo", band_);
  doc::Edit edit = edit_of_revision(before, renamed(body_of(before), "Mine"), 'a');
  const Error real = *push("ann", edit);
  edit.id = "tenant_nowhere";
  const Error imagined = *push("ann", edit);
  EXPECT_EQ(real.code, Errc::forbidden);
  EXPECT_EQ(imagined.code, Errc::forbidden);
  EXPECT_EQ(real.reason, imagined.reason);
}

TEST_F(TablesTest, OnlyDocumentsOfTheTableAreTaken) {
  const doc::Document tenant = read("jo", band_);
  for (const char* id :
       {"user_jo", "user_x/../y", "_design/x", "invitation_x", "outbox_x", "application_x", "x"}) {
    doc::Edit edit = edit_of_revision(tenant, {{"name", "x"}}, 'a');
    edit.id = id;
    auto denied = push("jo", edit);
    ASSERT_TRUE(denied) << id;
    EXPECT_EQ(denied->code, Errc::forbidden) << id;
  }
  EXPECT_TRUE(push("jo", edit_of_revision(tenant, {{"name", "x"}}, 'a'), Table::users));
}

TEST_F(TablesTest, LeavingTakesTheDocumentFromTheOneWhoLeavesOnly) {
  join("ann");
  ASSERT_THAT(rows("ann"), ElementsAre("tenant_ann_personal", band_));
  ASSERT_TRUE(run(tenancy_.remove_member(actor("ann"), band_, "user_ann")));
  EXPECT_THAT(rows("ann"), ElementsAre("tenant_ann_personal", "-" + band_));
  EXPECT_THAT(rows("jo"), ElementsAre("tenant_jo_personal", band_));

  // The tombstone of the removal that comes back changes nothing, and is no error.
  auto leaves = run(table("ann")->read_all_leaves(band_, {.rev = {}, .revs = true}));
  ASSERT_THAT(*leaves, SizeIs(1));
  const doc::Document& tombstone = *leaves->front().document;
  EXPECT_TRUE(tombstone.deleted);
  doc::Edit back;
  back.id = band_;
  back.path = tombstone.revisions;
  back.deleted = true;
  EXPECT_FALSE(push("ann", back));
  EXPECT_EQ(read("jo", band_).revision, tombstone.revision);

  join("ann");
  EXPECT_THAT(rows("ann"), ElementsAre("tenant_ann_personal", band_));
  EXPECT_FALSE(read("ann", band_).deleted);
}

TEST_F(TablesTest, AnOwnersTombstoneIsASoftDeletion) {
  join("ann");
  const doc::Document before = read("jo", band_);
  ASSERT_FALSE(push("jo", edit_of_revision(before, {}, 'a', true)));
  EXPECT_THAT(rows("jo"), ElementsAre("tenant_jo_personal", "-" + band_));
  EXPECT_THAT(rows("ann"), ElementsAre("tenant_ann_personal", "-" + band_));
  Result<json::Object> restored = run(tenancy_.restore_tenant(actor("jo"), band_));
  ASSERT_TRUE(restored) << restored.error().reason;
  EXPECT_EQ(body_of(read("ann", band_)).string("name"), "Band");
}

TEST_F(TablesTest, AStaleTombstoneOfTheOwnerDeletesToo) {
  const doc::Document before = read("jo", band_);
  ASSERT_TRUE(run(tenancy_.put_tenant(actor("jo"), band_, {{"name", "Trio"}})));
  ASSERT_FALSE(push("jo", edit_of_revision(before, {}, 'a', true)));
  EXPECT_THAT(rows("jo"), ElementsAre("tenant_jo_personal", "-" + band_));
  ASSERT_TRUE(run(tenancy_.restore_tenant(actor("jo"), band_)));
  EXPECT_EQ(body_of(read("jo", band_)).string("name"), "Trio");
}

TEST_F(TablesTest, ATombstoneOfAMemberOrOfAPersonalTenantIsDenied) {
  join("ann", "admin");
  EXPECT_TRUE(push("ann", edit_of_revision(read("ann", band_), {}, 'a', true)));
  EXPECT_TRUE(push("jo", edit_of_revision(read("jo", "tenant_jo_personal"), {}, 'a', true)));
  EXPECT_TRUE(push("jo", edit_of_revision(read("jo", "user_jo", Table::users), {}, 'a', true), Table::users));
}

TEST_F(TablesTest, AUsersOwnDocumentIsMergedLikewise) {
  const doc::Document base = read("jo", "user_jo", Table::users);
  json::Object mailed = body_of(base);
  mailed.set("email", "jo@example.com");
  ASSERT_FALSE(push("jo", edit_of_revision(base, renamed(body_of(base), "Jo B."), 'a'), Table::users));
  ASSERT_FALSE(push("jo", edit_of_revision(base, mailed, 'b'), Table::users));
  const json::Object merged = body_of(read("jo", "user_jo", Table::users));
  EXPECT_EQ(merged.string("name"), "Jo B.");
  EXPECT_EQ(merged.string("email"), "jo@example.com");

  json::Object switched = merged;
  switched.set("active_tenant_id", "tenant_ann_personal");
  EXPECT_TRUE(push("jo", edit_of_revision(read("jo", "user_jo", Table::users), switched, 'c'), Table::users));
}

TEST_F(TablesTest, LocalDocumentsAreEachUsersOwn) {
  ASSERT_TRUE(run(table("jo")->write_local("checkpoint", {R"({"last_seq":1})", 1})));
  EXPECT_TRUE(run(table("jo")->read_local("checkpoint")));
  EXPECT_FALSE(run(table("ann")->read_local("checkpoint")));
  EXPECT_FALSE(run(table("jo", Table::users)->read_local("checkpoint")));
}

}  // namespace
}  // namespace mycouch::tenancy
