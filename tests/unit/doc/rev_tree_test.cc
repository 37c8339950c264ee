#include "doc/rev_tree.h"

#include <chrono>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mycouch::doc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Merged = RevTree::Merged;

// "3-c b a" is the path of 3-c, 2-b and 1-a.
RevPath path_of(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  words >> word;
  Revision leaf = *parse_revision(word);
  RevPath path{.generation = leaf.generation, .hashes = {leaf.hash}};
  while (words >> word) path.hashes.emplace_back(word);
  return path;
}

std::string text_of(const RevPath& path) {
  std::string out = path.leaf().text();
  for (std::size_t i = 1; i < path.hashes.size(); ++i) out += " " + path.hashes[i].text();
  return out;
}

Revision rev(std::string_view text) {
  return *parse_revision(text);
}

struct Tree : RevTree {
  RevTree::MergeOutcome add(std::string_view path, std::uint32_t body = 0) {
    return merge(path_of(path), false, body);
  }
  RevTree::MergeOutcome remove(std::string_view path, std::uint32_t body = 0) {
    return merge(path_of(path), true, body);
  }
  std::vector<std::string> leaf_texts() const { return texts(leaves()); }
  std::vector<std::string> texts(const std::vector<Index>& indexes) const {
    std::vector<std::string> out;
    for (Index i : indexes) out.push_back((*this)[i].revision.text());
    return out;
  }
  std::string winner_text() const { return (*this)[winner()].revision.text(); }
  std::string path_text(std::string_view revision) const { return text_of(path(find(rev(revision)))); }
};

std::vector<std::string> texts(const std::vector<Revision>& revisions) {
  std::vector<std::string> out;
  for (const Revision& revision : revisions) out.push_back(revision.text());
  return out;
}

TEST(RevTree, AnEmptyTreeHasNoWinner) {
  RevTree tree;
  EXPECT_TRUE(tree.empty());
  EXPECT_EQ(tree.winner(), RevTree::kNone);
  EXPECT_THAT(tree.leaves(), IsEmpty());
  EXPECT_TRUE(tree.deleted());
  EXPECT_EQ(tree.find(rev("1-a")), RevTree::kNone);
  EXPECT_THAT(texts(tree.missing(std::vector{rev("2-b"), rev("1-a")})), ElementsAre("2-b", "1-a"));
}

TEST(RevTree, AnEditOfTheLeafExtendsIt) {
  Tree tree;
  EXPECT_EQ(tree.add("1-a", 1).merged, Merged::extended);
  auto outcome = tree.add("2-b a", 2);
  EXPECT_EQ(outcome.merged, Merged::extended);
  EXPECT_EQ(tree[outcome.node].body, 2U);
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("2-b"));
  EXPECT_EQ(tree.path_text("2-b"), "2-b a");
}

TEST(RevTree, SeveralNewRevisionsAtOnceExtendALeafToo) {
  Tree tree;
  tree.add("1-a", 1);
  EXPECT_EQ(tree.add("4-d c b a", 2).merged, Merged::extended);
  EXPECT_FALSE(tree[tree.find(rev("3-c"))].stored);
  EXPECT_EQ(tree[tree.find(rev("3-c"))].body, 0U);
}

TEST(RevTree, AnEditOfAnAncestorBranches) {
  Tree tree;
  tree.add("2-b a");
  EXPECT_EQ(tree.add("2-c a").merged, Merged::branched);
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("2-c", "2-b"));
  EXPECT_EQ(tree.winner_text(), "2-c");
}

TEST(RevTree, AForeignHistoryStandsByItself) {
  Tree tree;
  tree.add("2-b a");
  EXPECT_EQ(tree.add("2-y x").merged, Merged::branched);
  EXPECT_EQ(tree.path_text("2-y"), "2-y x");
}

TEST(RevTree, AKnownRevisionChangesNothing) {
  Tree tree;
  tree.add("2-b a", 7);
  auto outcome = tree.remove("2-b a", 8);
  EXPECT_EQ(outcome.merged, Merged::known);
  EXPECT_EQ(tree[outcome.node].body, 7U);
  EXPECT_FALSE(tree[outcome.node].deleted);
}

TEST(RevTree, AnAncestorGetsItsBodyLater) {
  Tree tree;
  tree.add("3-c b a", 1);
  auto outcome = tree.remove("2-b a", 2);
  EXPECT_EQ(outcome.merged, Merged::filled_in);
  EXPECT_EQ(tree[outcome.node].body, 2U);
  EXPECT_TRUE(tree[outcome.node].deleted);
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("3-c"));
  EXPECT_FALSE(tree.deleted());
}

TEST(RevTree, LiveLeavesWinBeforeDeletedOnesThenGenerationThenHash) {
  Tree tree;
  tree.add("1-a");
  tree.add("2-b a");
  tree.remove("5-z y x w a");
  tree.add("2-c a");
  tree.add("3-a2 b a");
  tree.remove("2-zz a");
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("3-a2", "2-c", "5-z", "2-zz"));
  EXPECT_EQ(tree.winner_text(), "3-a2");
  EXPECT_FALSE(tree.deleted());
}

TEST(RevTree, IsDeletedWhenAllItsLeavesAre) {
  Tree tree;
  tree.add("1-a");
  tree.remove("2-b a");
  EXPECT_TRUE(tree.deleted());
  tree.add("2-c a");
  EXPECT_FALSE(tree.deleted());
  tree.remove("3-d c a");
  EXPECT_TRUE(tree.deleted());
}

TEST(RevTree, LeavesBelowAreThoseOfTheBranch) {
  Tree tree;
  tree.add("3-c b a");
  tree.add("3-d b a");
  tree.add("2-e a");
  EXPECT_THAT(tree.texts(tree.leaves_below(tree.find(rev("2-b")))), ElementsAre("3-d", "3-c"));
  EXPECT_THAT(tree.texts(tree.leaves_below(tree.find(rev("2-e")))), ElementsAre("2-e"));
  EXPECT_TRUE(tree.is_leaf(tree.find(rev("2-e"))));
  EXPECT_FALSE(tree.is_leaf(tree.find(rev("2-b"))));
}

TEST(RevTree, AStemmedPathJoinsWhereItIsKnown) {
  Tree tree;
  tree.add("3-c b a");
  EXPECT_EQ(tree.add("5-e d c").merged, Merged::extended);
  EXPECT_EQ(tree.path_text("5-e"), "5-e d c b a");
  EXPECT_EQ(tree.add("5-f d").merged, Merged::branched);
  EXPECT_EQ(tree.path_text("5-f"), "5-f d c b a");
}

TEST(RevTree, AStemmedRootGetsItsAncestorsBack) {
  Tree tree;
  tree.add("5-e d", 1);
  auto outcome = tree.add("5-f d c b", 2);
  EXPECT_EQ(outcome.merged, Merged::branched);
  EXPECT_TRUE(outcome.deepened);
  EXPECT_EQ(tree[outcome.node].revision, rev("5-f"));
  EXPECT_EQ(tree.path_text("5-e"), "5-e d c b");

  outcome = tree.add("5-e d c b a", 3);
  EXPECT_EQ(outcome.merged, Merged::known);
  EXPECT_TRUE(outcome.deepened);
  EXPECT_EQ(tree[outcome.node].body, 1U);
  EXPECT_EQ(tree.path_text("5-f"), "5-f d c b a");
}

TEST(RevTree, BranchesThatStoodApartAreJoinedByAPathThroughBoth) {
  Tree tree;
  tree.add("5-e", 1);
  tree.add("3-c", 2);
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("5-e", "3-c"));
  auto outcome = tree.add("6-f e d c b");
  EXPECT_EQ(outcome.merged, Merged::extended);
  EXPECT_TRUE(outcome.deepened);
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("6-f"));
  EXPECT_EQ(tree.path_text("6-f"), "6-f e d c b");
}

TEST(RevTree, TheParentThatCameFirstStays) {
  Tree tree;
  tree.add("2-x a");
  EXPECT_EQ(tree.add("3-y x b").merged, Merged::extended);
  EXPECT_EQ(tree.path_text("3-y"), "3-y x a");
  EXPECT_EQ(tree.find(rev("1-b")), RevTree::kNone);
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("3-y"));
}

TEST(RevTree, StemmingKeepsTheNewestOfEachBranch) {
  Tree tree;
  tree.add("1-a", 1);
  tree.add("2-b a", 2);
  tree.add("5-e d c b a", 3);
  tree.add("3-f b a", 4);
  EXPECT_THAT(tree.stem(10), IsEmpty());
  EXPECT_THAT(tree.stem(2), ElementsAre(1U));
  EXPECT_EQ(tree.path_text("5-e"), "5-e d");
  EXPECT_EQ(tree.path_text("3-f"), "3-f b");
  EXPECT_EQ(tree.find(rev("3-c")), RevTree::kNone);
  EXPECT_THAT(tree.stem(1), ElementsAre(2U));
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("5-e", "3-f"));
  EXPECT_EQ(tree.nodes().size(), 2U);
}

TEST(RevTree, OfTheEndedBranchesTheNewestAreKept) {
  Tree tree;
  tree.add("1-a", 1);
  tree.add("2-b a", 2);
  tree.remove("3-c b a", 3);
  tree.remove("2-d a", 4);
  tree.remove("4-e x d a", 5);
  tree.add("2-f a", 6);
  EXPECT_THAT(tree.drop_ended_branches(3), IsEmpty());
  EXPECT_THAT(tree.drop_ended_branches(2), IsEmpty());  // 2-d was no leaf any more
  EXPECT_THAT(tree.drop_ended_branches(1), ElementsAre(2U, 3U));
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("2-f", "4-e"));
  EXPECT_EQ(tree.path_text("4-e"), "4-e x d a");
  EXPECT_EQ(tree.find(rev("2-b")), RevTree::kNone);
}

TEST(RevTree, ALeafThatIsRemovedTakesAlongWhatLeadsToNoOther) {
  Tree tree;
  tree.add("3-c b a", 1);
  tree.add("4-e d b a", 2);
  tree.add("1-x", 3);
  RevTree::Removed removed = tree.remove_leaves(std::vector{rev("4-e"), rev("2-b"), rev("1-x"), rev("9-q")});
  EXPECT_THAT(texts(removed.leaves), ElementsAre("4-e", "1-x"));
  EXPECT_THAT(removed.bodies, ::testing::UnorderedElementsAre(2, 3));
  EXPECT_THAT(tree.leaf_texts(), ElementsAre("3-c"));
  EXPECT_EQ(tree.path_text("3-c"), "3-c b a");
  EXPECT_EQ(tree.find(rev("3-d")), RevTree::kNone);
  EXPECT_THAT(texts(tree.remove_leaves(std::vector{rev("3-c")}).leaves), ElementsAre("3-c"));
  EXPECT_TRUE(tree.empty());
}

TEST(RevTree, MissingNamesWhatIsNeitherStoredNorAnAncestor) {
  Tree tree;
  tree.add("3-c b a");
  std::vector<Revision> asked = {rev("4-d"), rev("2-b"), rev("3-x"), rev("3-c"), rev("2-b"), rev("1-c")};
  EXPECT_THAT(texts(tree.missing(asked)), ElementsAre("4-d", "3-x", "1-c"));
}

TEST(RevTree, PossibleAncestorsAreTheOlderLeaves) {
  Tree tree;
  tree.add("3-c b a");
  tree.add("2-d a");
  tree.remove("2-e a");
  EXPECT_THAT(texts(tree.possible_ancestors(std::vector{rev("3-x"), rev("1-y")})), ElementsAre("2-d", "2-e"));
  EXPECT_THAT(texts(tree.possible_ancestors(std::vector{rev("4-x")})), ElementsAre("3-c", "2-d", "2-e"));
  EXPECT_THAT(tree.possible_ancestors(std::vector{rev("2-x")}), IsEmpty());
  EXPECT_THAT(tree.possible_ancestors({}), IsEmpty());
}

RevTree sample() {
  Tree tree;
  tree.add("2-b a", 1);
  tree.remove("3-917fa2381192822767f010b95b45325b b a", 300);
  tree.add("2-text a", 3);
  tree.add("4000000000-foreign", 4000000000U);
  return tree;
}

TEST(RevTree, TheBinaryFormIsWhatTheFileFormatSays) {
  Tree tree;
  tree.add("1-917fa2381192822767f010b95b45325b", 200);
  tree.remove("2-b 917fa2381192822767f010b95b45325b");
  std::string bytes;
  tree.encode(bytes);
  EXPECT_EQ(bytes,
            std::string("\x02"
                        "\x16\x01\x91\x7f\xa2\x38\x11\x92\x82\x27\x67\xf0\x10\xb9\x5b\x45\x32\x5b\xc8\x01"
                        "\x0b\x01"
                        "b",
                        24));
}

TEST(RevTree, DecodeReadsWhatEncodeWroteAndLeavesWhatFollows) {
  for (const RevTree& tree : {RevTree{}, sample()}) {
    std::string bytes;
    tree.encode(bytes);
    std::string followed = bytes + "more";
    std::string_view rest = followed;
    Result<RevTree> read = RevTree::decode(rest);
    ASSERT_TRUE(read);
    EXPECT_EQ(rest, "more");
    std::string again;
    read->encode(again);
    EXPECT_EQ(again, bytes);
  }
}

TEST(RevTree, DecodeRefusesTornBytes) {
  std::string bytes;
  sample().encode(bytes);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::string_view torn = std::string_view(bytes).substr(0, length);
    EXPECT_FALSE(RevTree::decode(torn)) << length;
  }
}

TEST(RevTree, DecodeRefusesWhatEncodeNeverWrites) {
  using namespace std::string_literals;
  for (const std::string& bytes : {
           "\xff\xff\xff\xff\x0f"s,                                   // more nodes than bytes
           "\x01\x08\x01"s + "a",                                     // a child of nothing
           "\x01\x28\x02\x01"s + "a",                                 // the same, farther back
           "\x01\x38\x01\x01"s + "a",                                 // no such place
           "\x01\x18\x00\x01"s + "a",                                 // generation 0
           "\x01\x18\x81\x00\x01"s + "a",                             // a number in a longer form
           "\x01\x18\x01\x01\n"s,                                     // a hash that is none
           "\x01\x1c\x01\x01"s + "a\x00"s,                            // body 0
           "\x01\x58\x01\x01"s + "a",                                 // an unknown flag
           "\x01\x18\x01\x20"s + std::string(32, 'a'),                // a digest written as text
           "\x02\x18\xff\xff\xff\xff\x0f\x01"s + "a\x08\x01"s + "b",  // beyond the last generation
       }) {
    std::string_view view = bytes;
    EXPECT_FALSE(RevTree::decode(view)) << ::testing::PrintToString(bytes);
  }
}

TEST(RevTree, HundredsOfConflictsAndLongChainsStayQuick) {
  auto start = std::chrono::steady_clock::now();
  RevTree tree;
  RevPath chain{.generation = 0};
  for (int i = 0; i < 1000; ++i) {
    ++chain.generation;
    chain.hashes.insert(chain.hashes.begin(), RevHash("h" + std::to_string(i)));
    tree.merge(chain, false, 1);
  }
  for (int i = 0; i < 500; ++i) {
    RevPath branch = chain;
    branch.hashes.front() = RevHash("branch" + std::to_string(i));
    tree.merge(branch, i % 2 == 0, 1);
  }
  EXPECT_EQ(tree.leaves().size(), 501U);
  tree.stem(10);
  EXPECT_EQ(tree.nodes().size(), 510U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace mycouch::doc
