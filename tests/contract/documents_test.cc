#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST_P(StoreContractTest, ADocumentIsReadAsItWasWritten) {
  auto db = tenant("a");
  WriteOutcome written = put(*db, "x", R"({"n":1.50,"s":"é"})");
  ASSERT_FALSE(written.error);
  EXPECT_EQ(written.revision.generation, 1U);
  auto read = run(db->read("x", {.rev = {}, .revs = true}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->body, R"({"n":1.50,"s":"é"})");
  EXPECT_EQ(read->revision, written.revision);
  EXPECT_THAT(read->revisions.hashes, SizeIs(1));
}

TEST_P(StoreContractTest, SecondCreateOfTheSameIdConflicts) {
  auto db = tenant("a");
  put(*db, "x", R"({"n":1})");
  WriteOutcome second = put(*db, "x", R"({"n":2})");
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->code, Errc::conflict);
  EXPECT_EQ(body_of(*db, "x"), R"({"n":1})");
}

TEST_P(StoreContractTest, AnUpdateNeedsTheCurrentRevision) {
  auto db = tenant("a");
  std::string first = put(*db, "x", R"({"n":1})").revision.text();
  WriteOutcome second = put(*db, "x", R"({"n":2})", first);
  ASSERT_FALSE(second.error);
  EXPECT_EQ(put(*db, "x", R"({"n":3})", first).error->code, Errc::conflict);
  EXPECT_EQ(body_of(*db, "x"), R"({"n":2})");
  EXPECT_EQ(run(db->read("x", {.rev = revision(first)}))->body, R"({"n":1})");
}

TEST_P(StoreContractTest, AKnownRevisionThatComesWithMoreOfItsHistoryJoinsBranches) {
  auto db = tenant("a");
  replicate(*db, "x", R"({"n":1})", {"1-a"});
  replicate(*db, "x", R"({"n":3})", {"3-c"});
  EXPECT_THAT(*run(db->read_all_leaves("x", {})), SizeIs(2));
  replicate(*db, "x", R"({"n":3})", {"3-c", "2-b", "1-a"});
  EXPECT_THAT(*run(db->read_all_leaves("x", {})), SizeIs(1));
  auto page = run(db->changes({}));
  ASSERT_THAT(page->rows, SizeIs(1));
  EXPECT_EQ(page->rows[0].seq, 3U);
  EXPECT_THAT(page->rows[0].leaves, ElementsAre(revision("3-c")));
}

TEST_P(StoreContractTest, AKnownRevisionWithMoreHistoryThanIsKeptChangesNothing) {
  auto db = tenant("a");
  std::vector<std::string> path;
  for (int generation = 1'100; generation > 0; --generation)
    path.push_back(std::to_string(generation) + "-a");
  replicate(*db, "x", "{}", path);
  replicate(*db, "x", "{}", path);
  EXPECT_EQ(run(db->info())->update_seq, 1U);
  EXPECT_THAT(run(db->read("x", {.rev = {}, .revs = true}))->revisions.hashes, SizeIs(1'000));
}

TEST_P(StoreContractTest, ADeletedDocumentCanBeMadeAnew) {
  auto db = tenant("a");
  std::string first = put(*db, "x", R"({"n":1})").revision.text();
  std::string gone = put(*db, "x", "{}", first, true).revision.text();
  EXPECT_EQ(body_of(*db, "x"), "deleted");
  EXPECT_EQ(body_of(*db, "never"), "missing");
  WriteOutcome again = put(*db, "x", R"({"n":3})");
  ASSERT_FALSE(again.error);
  EXPECT_EQ(again.revision.generation, 3U);
  auto info = run(db->info());
  EXPECT_EQ(info->doc_count, 1U);
  EXPECT_EQ(info->doc_del_count, 0U);
  EXPECT_EQ(info->update_seq, 3U);
}

TEST_P(StoreContractTest, EditsOfOneBatchSeeEachOther) {
  auto db = tenant("a");
  std::vector<doc::Edit> edits(3);
  for (doc::Edit& edit : edits) edit.id = "x";
  edits[1].id = "y";
  auto written = run(db->write(std::move(edits), {}));
  ASSERT_TRUE(written);
  EXPECT_FALSE((*written)[0].error);
  EXPECT_FALSE((*written)[1].error);
  EXPECT_EQ((*written)[2].error->code, Errc::conflict);
  EXPECT_EQ(run(db->info())->doc_count, 2U);
}

TEST_P(StoreContractTest, ConflictsKeepBothBodiesAndOneWinner) {
  auto db = tenant("a");
  replicate(*db, "x", R"({"who":"b"})", {"2-b", "1-r"});
  replicate(*db, "x", R"({"who":"a"})", {"2-a", "1-r"});
  auto read = run(db->read("x", {.rev = {}, .conflicts = true}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->body, R"({"who":"b"})");
  EXPECT_THAT(read->conflicts, ElementsAre(revision("2-a")));
  EXPECT_EQ(run(db->read("x", {.rev = revision("2-a")}))->body, R"({"who":"a"})");

  // Deleting the winner lets the other one win.
  put(*db, "x", "{}", "2-b", true);
  EXPECT_EQ(body_of(*db, "x"), R"({"who":"a"})");
  EXPECT_EQ(run(db->info())->doc_count, 1U);
  auto leaves = run(db->read_all_leaves("x", {}));
  ASSERT_THAT(*leaves, SizeIs(2));
  EXPECT_EQ((*leaves)[0].revision, revision("2-a"));
  EXPECT_TRUE((*leaves)[1].document->deleted);
}

TEST_P(StoreContractTest, AReplicatedEditThatIsKnownChangesNothing) {
  auto db = tenant("a");
  replicate(*db, "x", R"({"n":1})", {"2-b", "1-a"});
  std::uint64_t before = run(db->info())->update_seq;
  EXPECT_FALSE(replicate(*db, "x", R"({"n":1})", {"2-b", "1-a"}).error);
  EXPECT_EQ(run(db->info())->update_seq, before);
}

TEST_P(StoreContractTest, LargeAndSmallBodiesTakeTurns) {
  auto db = tenant("a");
  std::string large = R"({"s":")" + std::string(100'000, 'x') + R"("})";
  std::string rev = put(*db, "x", R"({"n":1})").revision.text();
  std::string second = put(*db, "x", large, rev).revision.text();
  EXPECT_EQ(body_of(*db, "x"), large);
  std::string third = put(*db, "x", R"({"n":3})", second).revision.text();
  EXPECT_EQ(body_of(*db, "x"), R"({"n":3})");
  EXPECT_EQ(run(db->read("x", {.rev = revision(second)}))->body, large);
  EXPECT_EQ(run(db->read("x", {.rev = revision(rev)}))->body, R"({"n":1})");
}

TEST_P(StoreContractTest, CompactionDropsOldBodiesOnly) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "CouchDB compacts, all tenants at once";
  auto db = tenant("a");
  std::string first = put(*db, "x", R"({"n":1})").revision.text();
  put(*db, "x", R"({"n":2})", first);
  replicate(*db, "x", R"({"other":true})", {"2-a", first});
  ASSERT_TRUE(run(db->compact()));
  while (run(db->info())->compact_running) std::this_thread::yield();
  EXPECT_EQ(run(db->read("x", {.rev = revision(first)})).error().reason, "missing");
  EXPECT_EQ(run(db->read("x", {.rev = revision("2-a")}))->body, R"({"other":true})");
}

TEST_P(StoreContractTest, RevsDiffNamesWhatIsMissing) {
  auto db = tenant("a");
  replicate(*db, "x", "{}", {"2-b", "1-a"});
  std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked = {
      {"x", {revision("1-a"), revision("2-b"), revision("3-c")}}, {"y", {revision("1-a")}}};
  auto diff = run(db->revs_diff(asked));
  ASSERT_TRUE(diff);
  EXPECT_THAT((*diff)[0].missing, ElementsAre(revision("3-c")));
  EXPECT_THAT((*diff)[0].possible_ancestors, ElementsAre(revision("2-b")));
  EXPECT_THAT((*diff)[1].missing, ElementsAre(revision("1-a")));
}

doc::Edit with_attachment(std::string id, std::string content) {
  doc::Edit edit;
  edit.id = std::move(id);
  doc::IncomingAttachment attachment;
  attachment.name = "a.txt";
  attachment.content_type = "image/png";
  attachment.data = std::move(content);
  edit.attachments.push_back(std::move(attachment));
  return edit;
}

TEST_P(StoreContractTest, AttachmentsLiveAsLongAsARevisionHoldsThem) {
  auto db = tenant("a");
  std::string content(200'000, 'z');
  std::vector<doc::Edit> edits;
  edits.push_back(with_attachment("x", content));
  edits.push_back(with_attachment("y", content));
  auto written = run(db->write(std::move(edits), {}));
  ASSERT_TRUE(written);
  std::string first = (*written)[0].revision.text();

  // A stub keeps it.
  doc::Edit update;
  update.id = "x";
  update.parent = revision(first);
  update.attachments.push_back({.name = "a.txt", .content_type = {}, .data = {}, .digest = {}, .revpos = {}});
  std::vector<doc::Edit> updates;
  updates.push_back(std::move(update));
  auto updated = run(db->write(std::move(updates), {}));
  ASSERT_FALSE(updated->front().error);
  EXPECT_EQ(content_of(*db, "x", "a.txt"), content);

  // Without the stub it is gone from the winner, and still there for the other document.
  put(*db, "x", "{}", updated->front().revision.text());
  EXPECT_EQ(run(db->read_attachment("x", {}, "a.txt")).error().code, Errc::not_found);
  ASSERT_TRUE(run(db->compact()));
  while (run(db->info())->compact_running) std::this_thread::yield();
  EXPECT_EQ(content_of(*db, "y", "a.txt"), content);
  EXPECT_EQ(run(db->read("y", {}))->attachments.front().length, content.size());
}

TEST_P(StoreContractTest, AStubOfNothingIsRefused) {
  auto db = tenant("a");
  doc::Edit edit;
  edit.id = "x";
  edit.attachments.push_back({.name = "a.txt", .content_type = {}, .data = {}, .digest = {}, .revpos = {}});
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  auto written = run(db->write(std::move(edits), {}));
  EXPECT_EQ(written->front().error->code, Errc::missing_stub);
  EXPECT_EQ(body_of(*db, "x"), "missing");
}

TEST_P(StoreContractTest, LocalDocumentsHaveVersionsAndNoHistory) {
  auto db = tenant("a");
  EXPECT_TRUE(run(db->write_local("c", {R"({"n":1})", 1})));
  EXPECT_TRUE(run(db->write_local("c", {R"({"n":2})", 2})));
  EXPECT_EQ(run(db->read_local("c"))->body, R"({"n":2})");
  EXPECT_EQ(run(tenant("b")->read_local("c")).error().reason, "missing");
  EXPECT_TRUE(run(db->remove_local("c")));
  EXPECT_EQ(run(db->read_local("c")).error().reason, "missing");
  EXPECT_EQ(run(db->info())->update_seq, 0U);
}

TEST_P(StoreContractTest, ADatabaseOfARemovedNameStartsEmpty) {
  auto before = tenant("a");
  put(*before, "x", "{}");
  std::string epoch = run(before->info())->epoch;
  EXPECT_EQ(run(store().create("db")).error().code, Errc::file_exists);
  ASSERT_TRUE(run(store().remove("db")));
  EXPECT_EQ(run(before->info()).error().code, Errc::not_found);
  EXPECT_EQ(run(before->read("x", {})).error().code, Errc::not_found);
  EXPECT_EQ(run(store().remove("db")).error().code, Errc::not_found);
  ASSERT_TRUE(run(store().create("db")));
  auto after = tenant("a");
  EXPECT_EQ(body_of(*after, "x"), "missing");
  EXPECT_NE(run(after->info())->epoch, epoch);
  std::vector<doc::Edit> edits(1);
  edits[0].id = "y";
  EXPECT_EQ(run(before->write(std::move(edits), {})).error().code, Errc::not_found);
}

TEST_P(StoreContractTest, BadDatabaseNamesAreRefused) {
  for (std::string name : {"", "A", "1a", "_x", "a b", "a.b", "é"}) {
    EXPECT_EQ(run(store().create(name)).error().code, Errc::illegal_database_name) << name;
  }
  EXPECT_TRUE(run(store().create("a_$()+-/0")));
}

TEST_P(StoreContractTest, SettingsAreKept) {
  auto db = tenant("a");
  EXPECT_EQ(run(db->settings())->revs_limit, 1000U);
  EXPECT_TRUE(run(db->change_settings({.revs_limit = 3})));
  EXPECT_TRUE(run(db->change_settings({.security = R"({"admins":{}})"})));
  db.reset();
  if (under_test.keeps_data()) under_test.reopen();
  DatabaseSettings settings = *run(tenant("another")->settings());
  EXPECT_EQ(settings.revs_limit, 3U);
  EXPECT_EQ(settings.purged_infos_limit, 1000U);
  EXPECT_EQ(settings.security, R"({"admins":{}})");
}

TEST_P(StoreContractTest, ANewLimitOfRevisionsTakesEffectAtTheNextWrite) {
  auto db = tenant("a");
  replicate(*db, "x", "{}", {"4-dd", "3-cc", "2-bb", "1-aa"});
  EXPECT_TRUE(run(db->change_settings({.revs_limit = 2})));
  ReadOptions options;
  options.revs = true;
  options.revs_info = true;
  auto known = [&] { return run(db->read("x", options))->revs_info.size(); };
  auto shown = [&] { return run(db->read("x", options))->revisions.hashes.size(); };
  EXPECT_EQ(known(), 4U);
  EXPECT_EQ(shown(), 2U);
  replicate(*db, "x", "{}", {"5-ee", "4-dd"});
  EXPECT_EQ(known(), 2U);
}

TEST_P(StoreContractTest, AHistoryIsShownUpToTheLimitWhereAnotherBranchKeepsItLonger) {
  auto db = tenant("a");
  EXPECT_TRUE(run(db->change_settings({.revs_limit = 3})));
  replicate(*db, "x", "{}", {"2-bb", "1-aa"});
  replicate(*db, "x", "{}", {"3-cc", "2-bb"});
  replicate(*db, "x", "{}", {"5-ff", "4-ee", "3-dd", "2-bb"});
  ReadOptions options;
  options.revs = true;
  options.revs_info = true;
  auto winner = run(db->read("x", options));
  EXPECT_EQ(winner->revs_info.size(), 5U);
  EXPECT_EQ(winner->revisions.hashes.size(), 3U);
}

TEST_P(StoreContractTest, ATombstoneIsNotFollowedByNameUnlessTheDocumentLives) {
  auto db = tenant("a");
  replicate(*db, "x", "{}", {"1-aa"}, true);
  EXPECT_EQ(put(*db, "x", "{}", "1-aa").error->code, Errc::conflict);
  replicate(*db, "x", "{}", {"1-bb"});
  EXPECT_FALSE(put(*db, "x", "{}", "1-aa").error);
}

TEST_P(StoreContractTest, ANewDocumentNamesNoParent) {
  auto db = tenant("a");
  EXPECT_EQ(put(*db, "x", "{}", "3-aa").error->code, Errc::conflict);
  EXPECT_TRUE(run(db->all_docs({}))->rows.empty());
}

TEST_P(StoreContractTest, LocalDocumentsAreListed) {
  auto db = tenant("a");
  for (const char* id : {"c", "a", "b"}) EXPECT_TRUE(run(db->write_local(id, {"{}", 2})));
  EXPECT_TRUE(run(tenant("other")->write_local("z", {"{}", 1})));
  auto ids = [&](AllDocsQuery query) {
    std::string found;
    for (const LocalRow& row : run(db->local_docs(std::move(query)))->rows) found += row.id;
    return found;
  };
  EXPECT_EQ(ids({.start = "", .end = {}}), "abc");
  EXPECT_EQ(ids({.start = "b", .end = {}}), "bc");
  EXPECT_EQ(ids({.start = "", .end = "b", .inclusive_end = false}), "a");
  EXPECT_EQ(ids({.start = "", .end = {}, .descending = true, .skip = 1, .limit = 1}), "b");
}

TEST_P(StoreContractTest, TheLastGenerationHasNoSuccessor) {
  auto db = tenant("a");
  replicate(*db, "x", "{}", {"4294967295-a"}, true);
  EXPECT_EQ(put(*db, "x", "{}").error->code, Errc::bad_request);
  EXPECT_EQ(put(*db, "x", "{}", "4294967295-a").error->code, Errc::conflict);
  EXPECT_EQ(put(*db, "new", "{}", "4294967295-a").error->code, Errc::conflict);
  put(*db, "y", "{}");
  EXPECT_EQ(run(db->all_docs({}))->rows.size(), 1U);
}

TEST_P(StoreContractTest, ATreeOfEmptyHashesIsReadAgain) {
  auto db = tenant("a");
  std::vector<std::string> path;
  for (int generation = 12; generation > 0; --generation) path.push_back(std::to_string(generation) + "-");
  replicate(*db, "x", R"({"n":1})", path);
  EXPECT_EQ(body_of(*db, "x"), R"({"n":1})");
}

TEST_P(StoreContractTest, ManyRevisionsInOneBatchMoveTheDocumentOnce) {
  auto db = tenant("a");
  std::vector<doc::Edit> edits;
  constexpr int kRevisions = 3000;
  for (int i = 0; i < kRevisions; ++i) {
    doc::Edit edit;
    edit.id = "x";
    edit.path = {1, {doc::RevHash("r" + std::to_string(i))}};
    edits.push_back(std::move(edit));
  }
  ASSERT_TRUE(run(db->write(std::move(edits), {.new_edits = false})));
  auto info = run(db->info());
  EXPECT_EQ(info->update_seq, 1U);
  EXPECT_EQ(info->doc_count, 1U);
  EXPECT_EQ(run(db->read_all_leaves("x", {}))->size(), static_cast<std::size_t>(kRevisions));
}

TEST_P(StoreContractTest, AnswersOfManyDocumentsAreBounded) {
  auto db = tenant("a");
  put(*db, "x", R"({"s":")" + std::string(10'000, 'x') + R"("})");
  ReadOptions options;
  options.max_bytes = 25'000;
  auto read =
      run(db->read_many(std::vector<RevisionRequest>(10, RevisionRequest{.id = "x", .rev = {}}), options));
  EXPECT_THAT(*read, SizeIs(3));
}

TEST_P(StoreContractTest, DatabasesOfOneGroupSeeEachOther) {
  std::vector<std::thread> creators;
  std::atomic<int> created = 0;
  for (int i = 0; i < 8; ++i) {
    creators.emplace_back([&] { created += under_test.run(store().create("same")) ? 1 : 0; });
  }
  for (std::thread& creator : creators) creator.join();
  EXPECT_EQ(created, 1);
}

TEST_P(StoreContractTest, ScopesHaveEpochsOfTheirOwn) {
  EXPECT_NE(run(tenant("a")->info())->epoch, run(tenant("b")->info())->epoch);
  EXPECT_EQ(run(tenant("a")->info())->epoch, run(tenant("a")->info())->epoch);
}

}  // namespace
}  // namespace mycouch::store::testing
