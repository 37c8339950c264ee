// What feeds are told of the scopes of a database that is folded into an index.

#include <gmock/gmock.h>

#include "unit/store/scope_index_fixture.h"

namespace mycouch::store::couch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ScopeName kA{"a", "a"};
const ScopeName kB{"b", "b"};
const ScopeName kWhole{};

ScopeName member(const std::string& name) {
  return {"", name};
}

TEST_F(ScopeIndexTest, ADocumentStandsOnceInItsScopeAtItsLastChange) {
  fold({tenants("a", "x", {"1-a"}), tenants("a", "y", {"1-a"}), tenants("a", "x", {"2-b", "1-c"})});
  EXPECT_THAT(rows(kA), ElementsAre("2:y", "3:x"));
  EXPECT_THAT(rows(kA, 2), ElementsAre("3:x"));
  EXPECT_THAT(rows(kA, 3), IsEmpty());
  EXPECT_THAT(rows(kA, 99), IsEmpty());
  EXPECT_EQ(place(kA, "x"), "3 2-b 1-c");
  EXPECT_EQ(counted(kA), "3/2/0");
  auto page = index().changes("db", kA, {.since = 2});
  EXPECT_THAT(page->rows.front().leaves, ElementsAre(revision("2-b"), revision("1-c")));
}

TEST_F(ScopeIndexTest, EachScopeCountsFromOne) {
  Folded folded = fold({tenants("a", "x", {"1-a"}), tenants("b", "x", {"1-b"}), tenants("b", "y", {"1-b"})});
  EXPECT_THAT(folded.ids, ElementsAre("x", "y"));
  EXPECT_THAT(folded.scopes, ElementsAre(kA, kB));
  EXPECT_THAT(rows(kA), ElementsAre("1:x"));
  EXPECT_THAT(rows(kB), ElementsAre("1:x", "2:y"));
  EXPECT_EQ(place(kA, "x"), "1 1-a");
  EXPECT_EQ(place(kB, "x"), "1 1-b");
  EXPECT_EQ(place(kA, "y"), "never");
  EXPECT_THAT(rows({"none", "none"}), IsEmpty());
  EXPECT_EQ(counted({"none", "none"}), "0/0/0");
}

TEST_F(ScopeIndexTest, FoldingWhatIsKnownMovesNothing) {
  const std::vector<FoldedDocument> known = {tenants("a", "x", {"2-b", "2-a"}), shared("t", "1-a", "ab"),
                                             shared("g", "2-a", "a", true)};
  fold(known);
  Folded again = *index().fold("db", known, "2", false);
  EXPECT_THAT(again.ids, IsEmpty());
  EXPECT_THAT(again.scopes, IsEmpty());
  EXPECT_EQ(counted(kA), "1/1/0");
  EXPECT_EQ(counted(member("a")), "2/1/1");
  EXPECT_EQ((*index().state("db"))->since, "2");
  EXPECT_TRUE((*index().state("db"))->complete);
}

TEST_F(ScopeIndexTest, ADeletionIsAChangeEvenWithoutAnotherLeaf) {
  fold({tenants("a", "x", {"2-b"})});
  EXPECT_THAT(fold({tenants("a", "x", {"2-b"}, true)}).scopes, ElementsAre(kA));
  EXPECT_THAT(rows(kA), ElementsAre("2:-x"));
  EXPECT_EQ(place(kA, "x"), "-2 2-b");
  EXPECT_EQ(counted(kA), "2/0/1");
  fold({tenants("a", "x", {"3-c"})});
  EXPECT_EQ(counted(kA), "3/1/0");
}

TEST_F(ScopeIndexTest, ADocumentStandsInAllOfItsScopes) {
  Folded folded = fold({shared("t", "1-a", "ab"), shared("u", "1-a", "b")});
  EXPECT_THAT(folded.scopes, ElementsAre(kWhole, member("a"), member("b")));
  EXPECT_THAT(rows(member("a")), ElementsAre("1:t"));
  EXPECT_THAT(rows(member("b")), ElementsAre("1:t", "2:u"));
  EXPECT_THAT(rows(kWhole), ElementsAre("1:t", "2:u"));
  EXPECT_EQ(place(member("a"), "u"), "never");
}

TEST_F(ScopeIndexTest, LeavingAScopeIsARemovalThereAndNowhereElse) {
  fold({shared("t", "1-a", "ab")});
  EXPECT_THAT(fold({shared("t", "2-b", "b")}).scopes, ElementsAre(kWhole, member("a"), member("b")));
  EXPECT_THAT(rows(member("a")), ElementsAre("2:-t"));
  EXPECT_THAT(rows(member("b")), ElementsAre("2:t"));
  EXPECT_EQ(counted(member("a")), "2/0/1");
  EXPECT_EQ(place(member("a"), "t"), "left 2 2-b");
  auto page = index().changes("db", member("a"), {});
  EXPECT_THAT(page->rows.front().leaves, ElementsAre(revision("2-b")));

  // What happens there afterwards is no business of who left.
  EXPECT_THAT(fold({shared("t", "3-c", "b")}).scopes, ElementsAre(kWhole, member("b")));
  EXPECT_EQ(place(member("a"), "t"), "left 2 2-b");
  EXPECT_THAT(rows(member("a"), 2), IsEmpty());

  fold({shared("t", "4-d", "ab")});
  EXPECT_THAT(rows(member("a")), ElementsAre("3:t"));
  EXPECT_EQ(counted(member("a")), "3/1/0");
  EXPECT_EQ(place(member("a"), "t"), "3 4-d");
}

TEST_F(ScopeIndexTest, ATombstoneThatNamesNobodyIsARemovalForItsMembers) {
  fold({shared("t", "1-a", "a")});
  fold({shared("t", "2-b", "", true)});
  EXPECT_THAT(rows(member("a")), ElementsAre("2:-t"));
  EXPECT_THAT(rows(kWhole), ElementsAre("2:-t"));
  EXPECT_EQ(counted(member("a")), "2/0/1");
  EXPECT_EQ(counted(kWhole), "2/0/1");
  // One that left and is deleted counts once.
  fold({shared("t", "3-c", "a", true)});
  EXPECT_EQ(counted(member("a")), "3/0/1");
}

TEST_F(ScopeIndexTest, OnlyTheScopesThatDifferMoveWhereTheRevisionsStay) {
  fold({shared("t", "1-a", "ab")});
  EXPECT_THAT(fold({shared("t", "1-a", "bcc")}).scopes, ElementsAre(member("a"), member("c")));
  EXPECT_THAT(rows(member("a")), ElementsAre("2:-t"));
  EXPECT_THAT(rows(member("b")), ElementsAre("1:t"));
  EXPECT_THAT(rows(member("c")), ElementsAre("1:t"));
}

TEST_F(ScopeIndexTest, ADocumentOfNoScopeMovesNothing) {
  FoldedDocument document = shared("t", "1-a", "");
  document.scopes.clear();
  EXPECT_THAT(fold({document}).ids, IsEmpty());
  EXPECT_EQ(place(kWhole, "t"), "never");
}

// Names that a naive key layout would let lie within each other.
TEST_F(ScopeIndexTest, NoScopesRowsLieWithinAnothers) {
  using namespace std::string_literals;
  std::vector<ScopeName> scopes;
  for (const std::string& partition : {""s, "a"s, "a\0"s, "a\0\x01"s, "a\xff"s}) {
    for (const std::string& scope : {""s, "a"s, "\0"s, "a\0\x01"s, "a\xff"s}) {
      scopes.push_back({partition, scope});
    }
  }
  std::vector<FoldedDocument> documents;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    documents.push_back({.partition = scopes[i].partition,
                         .id = "x" + std::to_string(i),
                         .leaves = {revision("1-a")},
                         .scopes = {scopes[i].scope}});
  }
  fold(documents);
  std::set<std::string> epochs;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    EXPECT_THAT(rows(scopes[i]), ElementsAre("1:x" + std::to_string(i)));
    EXPECT_THAT(ids(scopes[i]), ElementsAre("x" + std::to_string(i)));
    epochs.insert(*index().epoch("db", scopes[i]));
  }
  EXPECT_EQ(epochs.size(), scopes.size());
}

TEST_F(ScopeIndexTest, PagesJoinWithoutGapOrDouble) {
  std::vector<FoldedDocument> documents;
  for (int i = 0; i < 25; ++i) documents.push_back(tenants("a", "d" + std::to_string(i), {"1-a"}));
  fold(documents);
  fold({tenants("a", "d24", {"2-b"})});
  for (const ChangesQuery& first : {ChangesQuery{.limit = 10}, ChangesQuery{.max_bytes = 50}}) {
    std::vector<std::uint64_t> sequences;
    std::size_t pages = 0;
    ChangesPage page;
    for (ChangesQuery query = first; pages == 0 || !page.at_end; query.since = page.last_seq, ++pages) {
      page = *index().changes("db", kA, query);
      for (const ChangeRow& row : page.rows) sequences.push_back(row.seq);
    }
    ASSERT_EQ(sequences.size(), 25U);
    for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(sequences[i], i + 1);
    EXPECT_EQ(sequences.back(), 26U);
    EXPECT_GE(pages, 3U);
  }
}

TEST_F(ScopeIndexTest, ADescendingPageBeginsAtTheEnd) {
  fold({tenants("a", "x", {"1-a"}), tenants("a", "y", {"1-a"}), tenants("a", "z", {"1-a"}),
        tenants("b", "other", {"1-a"})});
  ChangesPage page = *index().changes("db", kA, {.limit = 2, .descending = true});
  ASSERT_EQ(page.rows.size(), 2U);
  EXPECT_EQ(page.rows[0].id, "z");
  EXPECT_EQ(page.last_seq, 2U);
  EXPECT_FALSE(page.at_end);
  page = *index().changes("db", kA, {.descending = true, .before = page.last_seq});
  ASSERT_EQ(page.rows.size(), 1U);
  EXPECT_EQ(page.rows[0].id, "x");
  EXPECT_TRUE(page.at_end);
  EXPECT_THAT(index().changes("db", kA, {.descending = true, .before = 1})->rows, IsEmpty());
  EXPECT_THAT(index().changes("db", kA, {.descending = true, .before = 0})->rows, IsEmpty());
}

TEST_F(ScopeIndexTest, ThePageAtTheEndKnowsTheLastSequence) {
  fold({tenants("a", "x", {"1-a"}), tenants("a", "y", {"1-a"})});
  ASSERT_TRUE(index().purge("db", "a", {"y"}));
  ChangesPage page = *index().changes("db", kA, {});
  EXPECT_EQ(page.rows.size(), 1U);
  EXPECT_EQ(page.last_seq, 2U);
  page = *index().changes("db", kA, {.since = 2});
  EXPECT_TRUE(page.at_end);
  EXPECT_EQ(page.last_seq, 2U);
}

TEST_F(ScopeIndexTest, PendingRowsAreCountedUpToABound) {
  constexpr std::size_t kBound = 10'000;
  std::vector<FoldedDocument> documents;
  for (std::size_t i = 0; i < kBound + 10; ++i) {
    documents.push_back(tenants("a", std::to_string(i), {"1-a"}));
  }
  fold(documents);
  fold({tenants("a", "5", {"2-b"})});
  EXPECT_EQ(*index().pending("db", kA, 0), kBound + 10);
  EXPECT_EQ(*index().pending("db", kA, 5), kBound + 5 + 1);
  EXPECT_EQ(*index().pending("db", kA, kBound + 9), 2U);
  EXPECT_EQ(*index().pending("db", kA, kBound + 11), 0U);
  EXPECT_EQ(*index().pending("db", kB, 0), 0U);
}

TEST_F(ScopeIndexTest, IdsAreThoseOfLiveDocumentsInByteOrder) {
  fold({shared("é", "1-a", "a"), shared("b", "1-a", "a"), shared("B", "1-a", "a"), shared("c", "1-a", "b"),
        shared("gone", "1-a", "a"), shared("left", "1-a", "a")});
  fold({shared("gone", "2-b", "a", true), shared("left", "2-b", "b")});
  EXPECT_THAT(ids(member("a")), ElementsAre("B", "b", "é"));
  EXPECT_THAT(ids(kWhole), ElementsAre("B", "b", "c", "left", "é"));
  EXPECT_THAT(*index().ids("db", member("a"), "B", 1), ElementsAre("b"));
  EXPECT_THAT(*index().ids("db", member("a"), "a", 10), ElementsAre("b", "é"));
  EXPECT_THAT(*index().ids("db", kWhole, "b", 2), ElementsAre("c", "left"));
  fold({shared("gone", "3-c", "a"), shared("left", "3-c", "ab")});
  EXPECT_THAT(ids(member("a")), ElementsAre("B", "b", "gone", "left", "é"));
}

TEST_F(ScopeIndexTest, APurgedDocumentLeavesNoTrace) {
  fold({shared("t", "1-a", "abc"), shared("u", "1-a", "b"), tenants("a", "t", {"1-a"})});
  fold({shared("t", "2-b", "bc")});  // "a" has a removal row
  Folded purged = *index().purge("db", "", {"t", "t", "never"});
  EXPECT_THAT(purged.ids, ElementsAre("t"));
  EXPECT_THAT(purged.scopes, IsEmpty());
  for (const char* name : {"", "a", "b", "c"}) EXPECT_EQ(place(member(name), "t"), "never");
  EXPECT_THAT(rows(member("a")), IsEmpty());
  EXPECT_THAT(rows(member("b")), ElementsAre("2:u"));
  EXPECT_THAT(ids(member("c")), IsEmpty());
  EXPECT_EQ(counted(member("a")), "2/0/0");
  EXPECT_EQ(counted(member("b")), "3/1/0");
  EXPECT_EQ(counted(kWhole), "3/1/0");
  EXPECT_THAT(rows(kA), ElementsAre("1:t"));  // of another partition

  fold({shared("t", "1-a", "a")});
  EXPECT_THAT(rows(member("a")), ElementsAre("3:t"));
  EXPECT_EQ(counted(member("a")), "3/1/0");
}

TEST_F(ScopeIndexTest, EveryScopeHasAnEpochOfItsOwn) {
  const std::string whole = *index().epoch("db", kWhole);
  EXPECT_EQ(whole, (*index().state("db"))->epoch);
  EXPECT_NE(*index().epoch("db", kA), *index().epoch("db", kB));
  EXPECT_TRUE(index().epoch("db", kA)->starts_with(whole));
  EXPECT_EQ(index().epoch("db", kA)->find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(*index().epoch("db", kA), *index().epoch("db", kA));
}

TEST_F(ScopeIndexTest, ADatabaseThatBeginsAnewIsEmpty) {
  fold({tenants("a", "x", {"1-a"}), shared("t", "1-a", "a")});
  const std::string before = *index().epoch("db", kA);
  ASSERT_TRUE(index().begin("db", "2"));
  EXPECT_EQ(**index().state("db"),
            (DatabaseState{
                .incarnation = "2", .since = "0", .complete = false, .epoch = *index().epoch("db", kWhole)}));
  EXPECT_NE(*index().epoch("db", kA), before);
  EXPECT_THAT(rows(kA), IsEmpty());
  EXPECT_EQ(counted(kA), "0/0/0");
  EXPECT_EQ(place(kA, "x"), "never");
  EXPECT_THAT(ids(member("a")), IsEmpty());
  fold({tenants("a", "x", {"1-a"})});
  EXPECT_THAT(rows(kA), ElementsAre("1:x"));
}

TEST_F(ScopeIndexTest, ADatabaseThatIsNotThereIsNotFound) {
  EXPECT_TRUE(index().remove("db"));
  EXPECT_TRUE(index().remove("db"));
  EXPECT_EQ(*index().state("db"), std::nullopt);
  EXPECT_EQ(index().fold("db", {}, "1", true).error().code, Errc::not_found);
  EXPECT_EQ(index().purge("db", "a", {"x"}).error().code, Errc::not_found);
  EXPECT_EQ(index().epoch("db", kA).error().code, Errc::not_found);
  EXPECT_EQ(index().counts("db", kA).error().code, Errc::not_found);
  EXPECT_EQ(index().changes("db", kA, {}).error().code, Errc::not_found);
  EXPECT_EQ(index().pending("db", kA, 0).error().code, Errc::not_found);
  EXPECT_EQ(index().place("db", kA, "x").error().code, Errc::not_found);
  EXPECT_EQ(index().ids("db", kA, "", 1).error().code, Errc::not_found);
}

TEST_F(ScopeIndexTest, DatabasesDoNotMeet) {
  ASSERT_TRUE(index().begin("other", "1"));
  fold({tenants("a", "x", {"1-a"})});
  EXPECT_THAT(index().changes("other", kA, {})->rows, IsEmpty());
  ASSERT_TRUE(index().remove("other"));
  EXPECT_THAT(rows(kA), ElementsAre("1:x"));
}

TEST_F(ScopeIndexTest, AnIndexInMemoryIsGoneWithItself) {
  for (int round = 0; round < 2; ++round) {
    auto opened = ScopeIndex::open({});
    ASSERT_TRUE(opened);
    EXPECT_EQ(*(*opened)->state("db"), std::nullopt);
    ASSERT_TRUE((*opened)->begin("db", "1"));
    EXPECT_TRUE((*opened)->fold("db", {tenants("a", "x", {"1-a"})}, "1", false));
    EXPECT_EQ((*opened)->counts("db", kA)->doc_count, 1U);
  }
}

}  // namespace
}  // namespace mycouch::store::couch
