// Documents that go without a trace.

#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A document's scopes are the letters of its body, so that one purge concerns several.
class PurgeTest : public StoreContractTest {
 protected:
  PurgeTest() { prepare(); }

  void prepare() {
    store().set_scope_rule("system", [](std::string_view, bool deleted, std::string_view body) {
      std::vector<std::string> members;
      for (char c : body) {
        if (!deleted && c >= 'a' && c <= 'z') members.emplace_back(1, c);
      }
      return members;
    });
    Result<void> created = run(store().create("system"));
    EXPECT_TRUE(created || created.error().code == Errc::file_exists);
  }

  std::unique_ptr<Database> whole() { return under_test.view("system"); }
  std::unique_ptr<Database> user(const std::string& name) { return under_test.view("system", "", name); }
  void purge(Database& database, std::vector<std::string> ids) {
    EXPECT_TRUE(run(database.purge(std::move(ids))));
  }
  // The revisions of one document that went.
  std::vector<std::string> purge_revisions(Database& database, const std::string& id,
                                           const std::vector<std::string>& revisions) {
    Database::PurgeRequest request{.id = id, .revisions = {}};
    for (const std::string& text : revisions) request.revisions.push_back(revision(text));
    auto purged = run(database.purge_revisions({std::move(request)}));
    std::vector<std::string> texts;
    for (const doc::Revision& gone : purged->front()) texts.push_back(gone.text());
    return texts;
  }
  // "documents/deleted/bytes"; without the bytes where a server keeps them.
  std::string counted(Database& database) {
    auto info = run(database.info());
    return std::to_string(info->doc_count) + "/" + std::to_string(info->doc_del_count) +
           (under_test.is_embedded() ? "/" + std::to_string(info->active_size) : "");
  }
  void expect_counted(Database& database, std::string expected) {
    if (!under_test.is_embedded()) expected.erase(expected.rfind('/'));
    EXPECT_EQ(counted(database), expected);
  }
  // Nothing of the document is left to be read in this view.
  void expect_no_trace(Database& database, const std::string& id) {
    EXPECT_EQ(body_of(database, id), "missing");
    EXPECT_THAT(*run(database.read_all_leaves(id, {})), IsEmpty());
    EXPECT_EQ(run(database.all_docs_by_id({id}, {}))->front(), std::nullopt);
    for (const AllDocsRow& row : run(database.all_docs({}))->rows) EXPECT_NE(row.id, id);
    for (const ChangeRow& row : run(database.changes({}))->rows) EXPECT_NE(row.id, id);
  }

  // Applies all of `tasks`, in their order, as one group: they are pushed while the queue's thread is busy
  // telling an observer of another write.
  void as_one_group(std::vector<Task<void>> tasks) {
    std::promise<void> busy;
    std::promise<void> go_on;
    std::atomic<bool> once{false};
    store().observe("gate", [&, wait = go_on.get_future().share()](const Store::Written&) {
      if (once.exchange(true)) return;
      busy.set_value();
      wait.wait();
    });
    ASSERT_TRUE(run(store().create("gate")));
    auto gate = under_test.view("gate");
    boost::asio::io_context& context = testing_support::context_of_this_thread();
    context.restart();
    auto spawn = [&context](Task<void> task) {
      boost::asio::co_spawn(context, std::move(task),
                            [](const std::exception_ptr& thrown, Result<void> ended) {
                              EXPECT_FALSE(thrown);
                              EXPECT_TRUE(ended);
                            });
    };
    spawn(write_one(*gate, "x", "{}", {}));
    context.poll();
    busy.get_future().wait();
    for (Task<void>& task : tasks) {
      spawn(std::move(task));
      context.poll();
    }
    go_on.set_value();
    context.run();
    ASSERT_TRUE(run(store().remove("gate")));
  }

  static Task<void> write_one(Database& database, std::string id, std::string body,
                              std::optional<std::string> parent) {
    doc::Edit edit;
    edit.id = std::move(id);
    edit.body = std::move(body);
    if (parent) edit.parent = revision(*parent);
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    MYCOUCH_CO_TRY(auto outcomes, co_await database.write(std::move(edits), {}));
    if (outcomes.front().error) co_return std::unexpected(*std::move(outcomes.front().error));
    co_return Result<void>();
  }
  static Task<void> purge_one(Database& database, std::string id) {
    std::vector<std::string> ids;
    ids.push_back(std::move(id));
    co_return co_await database.purge(std::move(ids));
  }
};

TEST_P(PurgeTest, APurgedDocumentLeavesNoTrace) {
  auto db = tenant("a");
  std::string rev = put(*db, "x", R"({"n":1})").revision.text();
  put(*db, "x", R"({"n":2})", rev);
  put(*db, "y", R"({"n":3})");
  purge(*db, {"x", "never"});
  expect_no_trace(*db, "x");
  EXPECT_THAT(change_ids(*db), ElementsAre("y"));
  expect_counted(*db, "1/0/7");
  EXPECT_EQ(body_of(*db, "y"), R"({"n":3})");
  EXPECT_EQ(run(db->pending(0)), 1U);
}

TEST_P(PurgeTest, OnlyLeavesArePurgedByRevision) {
  auto db = tenant("a");
  replicate(*db, "x", R"({"n":1})", {"1-aa"});
  replicate(*db, "x", R"({"n":2})", {"2-bb", "1-aa"});
  EXPECT_THAT(purge_revisions(*db, "x", {"1-aa", "3-none"}), IsEmpty());
  EXPECT_THAT(purge_revisions(*db, "never", {"1-aa"}), IsEmpty());
  EXPECT_EQ(body_of(*db, "x"), R"({"n":2})");
  EXPECT_EQ(run(db->info())->update_seq, 2U);
}

TEST_P(PurgeTest, WhatIsLeftOfADocumentIsAChangeOfIt) {
  auto db = tenant("a");
  replicate(*db, "x", R"({"n":1})", {"1-aa"});
  replicate(*db, "x", R"({"long":2})", {"3-cc", "2-bb", "1-aa"});
  replicate(*db, "x", R"({"n":3})", {"2-dd", "1-aa"});
  put(*db, "y", "{}");
  EXPECT_THAT(purge_revisions(*db, "x", {"3-cc", "2-bb"}), ElementsAre("3-cc"));
  EXPECT_EQ(body_of(*db, "x"), R"({"n":3})");
  expect_counted(*db, "2/0/9");
  EXPECT_THAT(change_ids(*db), ElementsAre("y", "x"));
  EXPECT_EQ(run(db->changes({}))->rows.back().leaves, std::vector{revision("2-dd")});
  // Its ancestors were of no other branch.
  EXPECT_THAT(run(db->revs_diff({{"x", {revision("2-bb")}}}))->front().missing,
              ElementsAre(revision("2-bb")));
  // As if it had never been, it may come again.
  replicate(*db, "x", R"({"n":4})", {"3-cc", "2-bb", "1-aa"});
  EXPECT_EQ(body_of(*db, "x"), R"({"n":4})");
}

TEST_P(PurgeTest, ALiveLeafThatGoesLeavesATombstoneTheWinner) {
  auto db = tenant("a");
  replicate(*db, "x", R"({"n":1})", {"1-aa"});
  replicate(*db, "x", "{}", {"2-bb", "1-bb"}, true);
  EXPECT_THAT(purge_revisions(*db, "x", {"1-aa"}), ElementsAre("1-aa"));
  EXPECT_EQ(body_of(*db, "x"), "deleted");
  expect_counted(*db, "0/1/0");
}

TEST_P(PurgeTest, TheLastLeafTakesTheDocumentAlong) {
  auto db = tenant("a");
  replicate(*db, "x", R"({"n":1})", {"2-aa", "1-aa"});
  replicate(*db, "x", "{}", {"2-bb", "1-aa"}, true);
  EXPECT_THAT(purge_revisions(*db, "x", {"2-bb", "2-aa"}), ElementsAre("2-aa", "2-bb"));
  expect_no_trace(*db, "x");
  expect_counted(*db, "0/0/0");
}

TEST_P(PurgeTest, TheSequenceDoesNotGoBack) {
  auto db = tenant("a");
  put(*db, "x", "{}");
  put(*db, "y", "{}");
  purge(*db, {"y"});
  EXPECT_EQ(run(db->info())->update_seq, 2U);
  put(*db, "z", "{}");
  EXPECT_EQ(run(db->info())->update_seq, 3U);
  EXPECT_THAT(change_ids(*db, 2), ElementsAre("z"));
}

TEST_P(PurgeTest, ConflictsTombstonesAndLargeBodiesGoToo) {
  auto db = tenant("a");
  std::string large = R"({"s":")" + std::string(100'000, 's') + "\"}";
  std::string rev = put(*db, "x", large).revision.text();
  replicate(*db, "x", large, {"2-aa", rev});
  replicate(*db, "x", "{}", {"2-bb", rev}, true);
  std::string gone = put(*db, "t", "{}").revision.text();
  put(*db, "t", "{}", gone, true);
  expect_counted(*db, "1/1/" + std::to_string(large.size()));
  purge(*db, {"x", "t"});
  expect_no_trace(*db, "x");
  expect_no_trace(*db, "t");
  expect_counted(*db, "0/0/0");
}

TEST_P(PurgeTest, ADocumentMadeAnewBeginsAtItsFirstRevision) {
  auto db = tenant("a");
  std::string rev = put(*db, "x", R"({"n":1})").revision.text();
  put(*db, "x", R"({"n":2})", rev);
  purge(*db, {"x"});
  EXPECT_EQ(put(*db, "x", R"({"n":1})").revision.text(), rev);
  EXPECT_EQ(body_of(*db, "x"), R"({"n":1})");
  expect_counted(*db, "1/0/7");
  EXPECT_THAT(change_ids(*db), ElementsAre("x"));
}

TEST_P(PurgeTest, AnAttachmentGoesWithTheLastDocumentThatHasIt) {
  auto db = tenant("a");
  for (std::string id : {"x", "y"}) {
    doc::Edit edit;
    edit.id = id;
    edit.attachments.push_back({.name = "a", .content_type = "image/png", .data = "content"});
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    EXPECT_FALSE(run(db->write(std::move(edits), {}))->front().error);
  }
  purge(*db, {"x"});
  EXPECT_EQ(content_of(*db, "y"), "content");
  purge(*db, {"y"});
  expect_no_trace(*db, "y");
}

TEST_P(PurgeTest, TheRowsOfAllScopesGo) {
  std::string rev = put(*whole(), "t", R"({"0":["a","b","c"]})").revision.text();
  put(*whole(), "t", R"({"0":["b","c"]})", rev);  // "a" has a removal row
  put(*whole(), "u", R"({"0":["b"]})");
  purge(*whole(), {"t"});
  for (const char* name : {"a", "b", "c"}) expect_no_trace(*user(name), "t");
  EXPECT_THAT(change_ids(*user("a")), IsEmpty());
  expect_counted(*user("a"), "0/0/0");
  EXPECT_THAT(change_ids(*user("b")), ElementsAre("u"));
  expect_counted(*user("b"), "1/0/11");
  expect_counted(*user("c"), "0/0/0");
  expect_counted(*whole(), "1/0/11");
}

TEST_P(PurgeTest, AnotherPartitionsDocumentOfThatIdStays) {
  auto a = tenant("a");
  auto b = tenant("b");
  put(*a, "x", "{}");
  put(*b, "x", "{}");
  purge(*a, {"x"});
  EXPECT_EQ(body_of(*a, "x"), "missing");
  EXPECT_EQ(body_of(*b, "x"), "{}");
}

TEST_P(PurgeTest, AnEditAndAPurgeInOneGroupLeaveNothing) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "a group is the embedded engine's";
  std::string rev = put(*whole(), "t", R"({"0":["a","b"]})").revision.text();
  {
    auto db = whole();
    std::vector<Task<void>> tasks;
    tasks.push_back(write_one(*db, "t", R"({"0":["b","c",1234]})", rev));
    tasks.push_back(purge_one(*db, "t"));
    as_one_group(std::move(tasks));
  }
  for (const char* name : {"a", "b", "c", ""}) {
    expect_no_trace(*user(name), "t");
    expect_counted(*user(name), "0/0/0");
  }
}

TEST_P(PurgeTest, ADocumentThatIsMadeAndPurgedInOneGroupLeavesNothing) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "a group is the embedded engine's";
  {
    auto db = whole();
    std::vector<Task<void>> tasks;
    tasks.push_back(write_one(*db, "t", R"({"0":["a"]})", {}));
    tasks.push_back(purge_one(*db, "t"));
    as_one_group(std::move(tasks));
  }
  expect_no_trace(*whole(), "t");
  expect_counted(*whole(), "0/0/0");
  expect_counted(*user("a"), "0/0/0");
}

TEST_P(PurgeTest, ADocumentThatIsPurgedAndMadeAnewInOneGroupIsANewOne) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "a group is the embedded engine's";
  std::string first = put(*whole(), "t", R"({"0":["a","b"]})").revision.text();
  {
    auto db = whole();
    std::vector<Task<void>> tasks;
    tasks.push_back(write_one(*db, "t", R"({"0":["a","b",2]})", first));
    tasks.push_back(purge_one(*db, "t"));
    tasks.push_back(write_one(*db, "t", R"({"0":["b","c"]})", {}));
    tasks.push_back(write_one(*db, "other", R"({"0":["a"]})", {}));
    as_one_group(std::move(tasks));
  }
  expect_no_trace(*user("a"), "t");
  EXPECT_THAT(change_ids(*user("a")), ElementsAre("other"));
  expect_counted(*user("a"), "1/0/11");
  EXPECT_THAT(change_ids(*user("b")), ElementsAre("t"));
  expect_counted(*user("b"), "1/0/15");
  expect_counted(*user("c"), "1/0/15");
  expect_counted(*whole(), "2/0/26");
  EXPECT_EQ(run(whole()->read("t", {}))->revision.generation, 1U);
}

TEST_P(PurgeTest, APurgeOutlastsTheStore) {
  put(*tenant("a"), "x", "{}");
  put(*tenant("a"), "y", "{}");
  purge(*tenant("a"), {"x"});
  if (!under_test.keeps_data()) GTEST_SKIP() << "a store in memory";
  under_test.reopen();
  expect_no_trace(*tenant("a"), "x");
  expect_counted(*tenant("a"), "1/0/2");
  EXPECT_EQ(run(tenant("a")->info())->update_seq, 2U);
}

TEST_P(PurgeTest, ObserversHearOfAPurge) {
  std::vector<std::string> heard;
  store().observe("db", [&heard](const Store::Written& written) { heard = written.ids; });
  put(*tenant("a"), "x", "{}");
  heard.clear();
  purge(*tenant("a"), {"x"});
  EXPECT_THAT(heard, ElementsAre("x"));
}

INSTANTIATE_TEST_SUITE_P(EveryStore, PurgeTest, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace mycouch::store::testing
