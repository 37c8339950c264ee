#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(StoreContractTest, ADocumentStandsOnceInTheFeedAtItsLastChange) {
  auto db = tenant("a");
  std::string x = put(*db, "x", "{}").revision.text();
  put(*db, "y", "{}");
  put(*db, "x", R"({"n":2})", x);
  EXPECT_THAT(change_ids(*db), ElementsAre("y", "x"));
  EXPECT_THAT(change_ids(*db, 2), ElementsAre("x"));
  EXPECT_THAT(change_ids(*db, 3), IsEmpty());
  EXPECT_THAT(change_ids(*db, 99), IsEmpty());
}

TEST_P(StoreContractTest, FeedPagesJoinWithoutGapOrDouble) {
  auto db = tenant("a");
  for (int i = 0; i < 25; ++i) put(*db, "d" + std::to_string(i), "{}");
  std::vector<std::uint64_t> sequences;
  ChangesQuery query;
  query.limit = 10;
  for (bool at_end = false; !at_end;) {
    auto page = run(db->changes(query));
    ASSERT_TRUE(page);
    for (const ChangeRow& row : page->rows) sequences.push_back(row.seq);
    query.since = page->last_seq;
    at_end = page->at_end;
  }
  ASSERT_EQ(sequences.size(), 25U);
  for (std::size_t i = 0; i < sequences.size(); ++i) EXPECT_EQ(sequences[i], i + 1);
  EXPECT_EQ(run(db->pending(0)), 25U);
  EXPECT_EQ(run(db->pending(20)), 5U);
  EXPECT_EQ(run(db->pending(25)), 0U);
}

TEST_P(StoreContractTest, ADescendingFeedBeginsAtTheEnd) {
  auto db = tenant("a");
  for (std::string id : {"x", "y", "z"}) put(*db, id, "{}");
  ChangesQuery query;
  query.descending = true;
  query.limit = 2;
  auto page = run(db->changes(query));
  ASSERT_EQ(page->rows.size(), 2U);
  EXPECT_EQ(page->rows[0].id, "z");
  query.before = page->last_seq;
  page = run(db->changes(query));
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows[0].id, "x");
}

TEST_P(StoreContractTest, RowsNameAllLeavesWinnerFirst) {
  auto db = tenant("a");
  replicate(*db, "x", "{}", {"2-a", "1-r"});
  replicate(*db, "x", "{}", {"2-b", "1-r"});
  auto page = run(db->changes({}));
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_THAT(page->rows[0].leaves, ElementsAre(revision("2-b"), revision("2-a")));
}

TEST_P(StoreContractTest, AllDocsIsInByteOrderWithinItsRange) {
  auto db = tenant("a");
  for (std::string id : {"b", "a", "B", "é", "c", "ab"}) put(*db, id, R"({"id":")" + id + R"("})");
  std::string gone = put(*db, "bb", "{}").revision.text();
  put(*db, "bb", "{}", gone, true);
  auto ids = [&](AllDocsQuery query) {
    std::vector<std::string> found;
    auto page = run(db->all_docs(std::move(query)));
    for (const AllDocsRow& row : page->rows) found.push_back(row.id);
    return found;
  };
  auto range = [](std::string start, std::string end, bool inclusive_end = true, bool descending = false) {
    AllDocsQuery query;
    query.start = std::move(start);
    query.end = std::move(end);
    query.inclusive_end = inclusive_end;
    query.descending = descending;
    return query;
  };
  AllDocsQuery some;
  some.skip = 1;
  some.limit = 2;
  AllDocsQuery with_docs;
  with_docs.include_docs = true;
  EXPECT_THAT(ids({}), ElementsAre("B", "a", "ab", "b", "c", "é"));
  EXPECT_THAT(ids(range("a", "b")), ElementsAre("a", "ab", "b"));
  EXPECT_THAT(ids(range("a", "b", false)), ElementsAre("a", "ab"));
  EXPECT_THAT(ids(range("b", "a", true, true)), ElementsAre("b", "ab", "a"));
  EXPECT_THAT(ids(some), ElementsAre("a", "ab"));
  auto page = run(db->all_docs(with_docs));
  EXPECT_EQ(page->rows[1].document->body, R"({"id":"a"})");
  auto rows = run(db->all_docs_by_id({"c", "none", "bb"}, {}));
  EXPECT_EQ((*rows)[0]->id, "c");
  EXPECT_FALSE((*rows)[1]);
  EXPECT_TRUE((*rows)[2]->deleted);
}

TEST_P(StoreContractTest, AWriteWakesTheWaitersOfItsScopeOnly) {
  boost::asio::io_context context(1);
  auto mine = base::Waiter::create(context.get_executor());
  auto theirs = base::Waiter::create(context.get_executor());
  auto a = tenant("a");
  auto b = tenant("b");
  (void)run(a->info());  // a store over a CouchDB has made its index then
  Subscription to_a = a->subscribe(mine);
  Subscription to_b = b->subscribe(theirs);
  put(*a, "x", "{}");
  bool woken = false;
  bool other_woken = true;
  boost::asio::co_spawn(
      context,
      [&]() -> boost::asio::awaitable<void> {
        woken = co_await mine->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(5));
        other_woken = co_await theirs->wait_until(std::chrono::steady_clock::now());
      },
      [](std::exception_ptr) {});
  context.run();
  EXPECT_TRUE(woken);
  EXPECT_FALSE(other_woken);
}

}  // namespace
}  // namespace mycouch::store::testing
