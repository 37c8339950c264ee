// A store that a server writes to, opened a second time to be read.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "contract/stores.h"
#include "store/rocks/engine.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;

class ReadOnlyTest : public ::testing::Test {
 protected:
  ReadOnlyTest() {
    EXPECT_TRUE(run(under_test.store().create("db")));
    db = under_test.view("db", "a", "a");
  }

  template <class T>
  Result<T> run(Task<T> task) {
    return under_test.run(std::move(task));
  }
  doc::Edit edit(std::string id) {
    doc::Edit made;
    made.id = std::move(id);
    doc::IncomingAttachment attachment{.name = "a", .content_type = "image/png"};
    // Of another digest for each document, and so a content of its own.
    attachment.data = made.id + std::string(200'000 - made.id.size(), 'p');
    made.attachments.push_back(std::move(attachment));
    return made;
  }
  void write(Database& database, std::string id) {
    std::vector<doc::Edit> edits;
    edits.push_back(edit(std::move(id)));
    ASSERT_TRUE(run(database.write(std::move(edits), {})));
  }

  StoreUnderTest under_test{"rocksdb"};
  std::unique_ptr<Database> db;
};

TEST_F(ReadOnlyTest, WhatWasWrittenBeforeItWasOpenedIsThereAndNothingElse) {
  write(*db, "x");
  ASSERT_TRUE(run(db->write_local("c", {"{}", 1})));
  ASSERT_TRUE(run(under_test.store().append_log({"log", "1", {"a"}})));
  auto opened = under_test.open_to_read();
  ASSERT_TRUE(opened) << opened.error().reason;
  Store& still = **opened;
  write(*db, "y");
  ASSERT_TRUE(run(under_test.store().append_log({"log", "2", {"a"}})));

  EXPECT_EQ(still.uuid(), under_test.store().uuid());
  EXPECT_THAT(run(still.list()).value(), ElementsAre("db"));
  EXPECT_THAT(run(still.partitions("db", {}, 9)).value(), ElementsAre("a"));
  EXPECT_THAT(run(still.local_scopes("db", {}, 9)).value(), ElementsAre("a"));
  auto view = run(still.open("db", {"a", "a"})).value();
  auto page = run(view->changes({}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows.front().id, "x");
  auto leaves = run(
      view->read_many({{.id = "x", .rev = page->rows.front().leaves.front()}}, {.rev = {}, .revs = true}));
  ASSERT_TRUE(leaves);
  ASSERT_TRUE(leaves->front().front().document);
  auto content = run(view->open_content(leaves->front().front().document->attachments.front()));
  ASSERT_TRUE(content);
  EXPECT_EQ(run((*content)->read(199'990, 100)).value(), std::string(10, 'p'));
  EXPECT_EQ(run(still.read_log({.log = "log"}))->entries.size(), 1U);
  EXPECT_EQ(run(still.read_log({.log = "log", .topic = "a"}))->entries.size(), 1U);
  still.close();
}

TEST_F(ReadOnlyTest, ItIsNotWrittenTo) {
  write(*db, "x");
  {
    auto opened = under_test.open_to_read();
    ASSERT_TRUE(opened);
    auto view = run((*opened)->open("db", {"a", "a"})).value();
    std::vector<doc::Edit> edits;
    edits.push_back(edit("z"));
    EXPECT_EQ(run(view->write(std::move(edits), {})).error().code, Errc::unavailable);
    EXPECT_EQ(run((*opened)->create("new")).error().code, Errc::unavailable);
    (*opened)->close();
  }
  write(*db, "y");
  EXPECT_EQ(run(db->info())->doc_count, 2U);
  EXPECT_THAT(run(under_test.store().list()).value(), ElementsAre("db"));
}

// A reader that is opened at any moment finds every document of its feed, with its content.
TEST_F(ReadOnlyTest, ItFitsTogetherWhileTheServerWrites) {
  std::atomic<bool> ended = false;
  std::thread writer([&] {
    for (int i = 0; !ended; ++i) write(*db, "x" + std::to_string(i));
  });
  for (int round = 0; round < 5; ++round) {
    auto opened = under_test.open_to_read();
    ASSERT_TRUE(opened) << opened.error().reason;
    auto view = run((*opened)->open("db", {"a", "a"})).value();
    auto page = run(view->changes({.limit = 1'000'000, .max_bytes = std::size_t{1} << 30}));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->rows.size(), run(view->info())->doc_count);
    for (const ChangeRow& row : page->rows) {
      auto content = run(view->read_attachment(row.id, {}, "a"));
      ASSERT_TRUE(content) << row.id;
      EXPECT_EQ(run(content->content->read(199'999, 9)).value(), "p") << row.id;
    }
    (*opened)->close();
  }
  ended = true;
  writer.join();
}

// Attachments fill RocksDB's buffers of 8 MB, and after a few of those it merges its files and removes the
// old ones.
TEST_F(ReadOnlyTest, FilesThatTheServerHasRemovedAreReadOn) {
  constexpr int kBefore = 60;
  constexpr int kAfter = 300;
  for (int i = 0; i < kBefore; ++i) write(*db, "x" + std::to_string(i));
  auto opened = under_test.open_to_read();
  ASSERT_TRUE(opened) << opened.error().reason;
  const std::set<std::string> before = under_test.files(".sst");
  ASSERT_FALSE(before.empty());
  for (int i = 0; i < kAfter; ++i) write(*db, "y" + std::to_string(i));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::ranges::includes(under_test.files(".sst"), before)) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "no file was removed";
    write(*db, "z");
  }
  auto view = run((*opened)->open("db", {"a", "a"})).value();
  EXPECT_EQ(run(view->info())->doc_count, static_cast<std::uint64_t>(kBefore));
  for (int i = 0; i < kBefore; ++i) {
    auto content = run(view->read_attachment("x" + std::to_string(i), {}, "a"));
    ASSERT_TRUE(content) << i;
    EXPECT_EQ(run(content->content->read(199'999, 9)).value(), "p") << i;
  }
  (*opened)->close();
}

TEST_F(ReadOnlyTest, AFolderWithoutAStoreIsRefused) {
  base::Pool pool(1);
  const auto folder = std::filesystem::temp_directory_path() / "mycouch-no-store-here";
  auto opened = rocks::open({.directory = folder.string(), .read_only = true}, pool);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  EXPECT_FALSE(std::filesystem::exists(folder));
  pool.join();
}

}  // namespace
}  // namespace mycouch::store::testing
