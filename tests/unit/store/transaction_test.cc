#include "store/couch/transaction.h"

#include <gmock/gmock.h>

namespace mycouch::store::couch {
namespace {

using ::testing::SizeIs;

doc::Revision rev(const char* text) {
  return *doc::parse_revision(text);
}

doc::Edit edit(std::string id, std::optional<doc::Revision> parent = {}) {
  doc::Edit made;
  made.id = std::move(id);
  made.parent = std::move(parent);
  made.body = R"({"n":1})";
  return made;
}

Result<PlannedDocument> planned(const doc::Edit& edit, Leaves& leaves) {
  const Leaves before = leaves;
  return plan("db", edit.id, edit, before, leaves);
}

TEST(Transaction, ANewDocumentIsMadeOnNothing) {
  Leaves leaves;
  auto made = planned(edit("x"), leaves);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->before, "");
  EXPECT_EQ(rev(made->after.c_str()).generation, 1U);
  EXPECT_EQ(made->json, R"({"_id":"x","_revisions":{"start":1,"ids":[")" + made->after.substr(2) +
                            R"("]},"_rev":")" + made->after + R"(","n":1})");
}

TEST(Transaction, AnEditOfWhatIsNoLeafConflicts) {
  Leaves leaves{{{"db", "x"}, {{.revision = rev("2-bb")}}}};
  EXPECT_EQ(planned(edit("x"), leaves).error().code, Errc::conflict);
  EXPECT_EQ(planned(edit("x", rev("1-aa")), leaves).error().code, Errc::conflict);
  EXPECT_EQ(planned(edit("y", rev("1-aa")), leaves).error().code, Errc::conflict);
  auto made = planned(edit("x", rev("2-bb")), leaves);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->before, "2-bb");
  EXPECT_EQ(rev(made->after.c_str()).generation, 3U);
}

TEST(Transaction, TheNextEditSeesTheOneBefore) {
  Leaves leaves;
  auto first = planned(edit("x"), leaves);
  EXPECT_EQ(planned(edit("x"), leaves).error().code, Errc::conflict);
  auto second = planned(edit("x", rev(first->after.c_str())), leaves);
  ASSERT_TRUE(second);
  EXPECT_THAT((leaves[{"db", "x"}]), SizeIs(1));
}

TEST(Transaction, ADeletedDocumentIsMadeAnewOnItsTombstone) {
  Leaves leaves{{{"db", "x"}, {{.revision = rev("2-bb"), .deleted = true}}}};
  EXPECT_EQ(planned(edit("x"), leaves)->before, "2-bb");
}

TEST(Transaction, AReplicatedEditKeepsItsHistory) {
  Leaves leaves{{{"db", "x"}, {{.revision = rev("1-aa")}}}};
  doc::Edit replicated = edit("x");
  replicated.path = {3, {doc::RevHash("cc"), doc::RevHash("bb"), doc::RevHash("aa")}};
  auto made = planned(replicated, leaves);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->after, "3-cc");
  EXPECT_TRUE(made->json.contains(R"("_revisions":{"start":3,"ids":["cc","bb","aa"]})"));
}

TEST(Transaction, AllEditsOfOneTransactionFindTheLeavesBeforeIt) {
  const Leaves before{{{"db", "x"}, {{.revision = rev("2-bb")}}}};
  Leaves leaves = before;
  doc::Edit branch = edit("x", rev("2-bb"));
  branch.path = {2, {doc::RevHash("cc"), doc::RevHash("aa")}};
  ASSERT_TRUE(plan("db", "x", edit("x", rev("2-bb")), before, leaves));
  ASSERT_TRUE(plan("db", "x", branch, before, leaves));
  EXPECT_THAT((leaves[{"db", "x"}]), SizeIs(2));
}

TEST(Transaction, TheJournalIsReadAsItWasWritten) {
  Leaves leaves;
  JournalEntry entry{.rev = "4-aa", .holder = "me", .transactions = {}};
  entry.transactions.push_back({{*planned(edit("x"), leaves), *planned(edit("y\""), leaves)}});
  entry.transactions.push_back({{*planned(edit("z"), leaves)}});
  auto read = read_journal(journal_json(entry));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rev, "4-aa");
  EXPECT_EQ(read->holder, "me");
  ASSERT_THAT(read->transactions, SizeIs(2));
  EXPECT_EQ(read->transactions[0].documents[1].id, "y\"");
  EXPECT_EQ(read->transactions[1].documents[0].json, entry.transactions[1].documents[0].json);
}

TEST(Transaction, AJournalOfAnotherFormIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"_rev":"1-a"})", R"({"_rev":"1-a","transactions":[[{}]]})"}) {
    EXPECT_EQ(read_journal(text).error().code, Errc::unavailable) << text;
  }
}

}  // namespace
}  // namespace mycouch::store::couch
