// Random histories against a plain model: a set of revisions and a set of edges, of which merging is the
// union.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "doc/rev_tree.h"

namespace mycouch::doc {
namespace {

struct History {
  struct Entry {
    Revision revision;
    std::size_t parent;  // its own index: none
    bool deleted;
  };
  std::vector<Entry> entries;

  std::vector<std::size_t> ancestry(std::size_t i) const {
    std::vector<std::size_t> line = {i};
    while (entries[i].parent != i) line.push_back(i = entries[i].parent);
    return line;
  }
};

// What one replica tells another: an entry, with some of its ancestors.
struct Message {
  std::size_t entry;
  std::size_t length;
};

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}

History random_history(Random& random) {
  History history;
  std::size_t count = 1 + below(random, 60);
  std::size_t branching = 1 + below(random, 6);
  for (std::size_t i = 0; i < count; ++i) {
    bool is_root = i == 0 || below(random, 20) == 0;
    std::size_t parent = is_root ? i : below(random, branching) == 0 ? below(random, i) : i - 1;
    std::uint32_t generation = is_root ? 1 : history.entries[parent].revision.generation + 1;
    std::string hash = std::to_string(below(random, 100)) + "." + std::to_string(i);
    history.entries.push_back({{generation, RevHash(hash)}, parent, below(random, 4) == 0});
  }
  return history;
}

std::vector<Message> random_messages(const History& history, Random& random) {
  std::vector<Message> messages;
  for (std::size_t i = 0; i < history.entries.size(); ++i) {
    if (below(random, 3) == 0) continue;
    std::size_t full = history.ancestry(i).size();
    bool stemmed = below(random, 4) == 0;
    messages.push_back({i, stemmed ? 1 + below(random, full) : full});
  }
  return messages;
}

struct Model {
  std::map<Revision, bool> stored;  // and whether deleted
  std::map<Revision, std::optional<Revision>> parent;

  void merge(const History& history, const Message& message) {
    std::vector<std::size_t> line = history.ancestry(message.entry);
    line.resize(message.length);
    stored[history.entries[line[0]].revision] = history.entries[line[0]].deleted;
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::optional<Revision>& above = parent[history.entries[line[i]].revision];
      if (i + 1 < line.size()) above = history.entries[line[i + 1]].revision;
    }
  }

  std::vector<Revision> leaves() const {
    std::set<Revision> parents;
    for (const auto& [revision, above] : parent) {
      if (above) parents.insert(*above);
    }
    std::vector<Revision> result;
    for (const auto& [revision, above] : parent) {
      if (!parents.contains(revision)) result.push_back(revision);
    }
    std::ranges::sort(result, std::greater{},
                      [this](const Revision& r) { return std::pair(!stored.at(r), r); });
    return result;
  }

  std::vector<RevHash> path(Revision revision) const {
    std::vector<RevHash> result = {revision.hash};
    while (auto above = parent.at(revision)) result.push_back((revision = *above).hash);
    return result;
  }
};

void merge(RevTree& tree, const History& history, const Message& message) {
  std::vector<std::size_t> line = history.ancestry(message.entry);
  line.resize(message.length);
  const History::Entry& leaf = history.entries[message.entry];
  RevPath path{.generation = leaf.revision.generation};
  for (std::size_t i : line) path.hashes.push_back(history.entries[i].revision.hash);
  std::size_t leaves_before = tree.leaves().size();
  RevTree::MergeOutcome outcome =
      tree.merge(path, leaf.deleted, static_cast<std::uint32_t>(message.entry + 1));
  ASSERT_EQ(tree[outcome.node].revision, leaf.revision);
  if (outcome.deepened) return;  // leaves may have become ancestors
  std::size_t expected = leaves_before;
  if (outcome.merged == RevTree::Merged::branched) ++expected;
  if (outcome.merged == RevTree::Merged::extended && leaves_before == 0) ++expected;
  ASSERT_EQ(tree.leaves().size(), expected);
}

void expect_well_formed(const RevTree& tree) {
  for (RevTree::Index i = 0; i < tree.nodes().size(); ++i) {
    const RevTree::Node& node = tree[i];
    ASSERT_EQ(tree.find(node.revision), i);
    if (node.parent == RevTree::kNone) continue;
    ASSERT_LT(node.parent, i);
    ASSERT_EQ(tree[node.parent].revision.generation + 1, node.revision.generation);
  }
}

void expect_equal(const RevTree& tree, const Model& model, const History& history) {
  expect_well_formed(tree);
  std::vector<Revision> leaves;
  for (RevTree::Index i : tree.leaves()) {
    leaves.push_back(tree[i].revision);
    ASSERT_TRUE(tree.is_leaf(i));
    ASSERT_EQ(tree.path(i).hashes, model.path(tree[i].revision));
  }
  ASSERT_EQ(leaves, model.leaves());
  ASSERT_EQ(tree[tree.winner()].revision, leaves.front());
  ASSERT_EQ(tree.deleted(), model.stored.at(leaves.front()));

  std::vector<Revision> all;
  std::vector<Revision> unknown;
  for (const History::Entry& entry : history.entries) {
    all.push_back(entry.revision);
    if (!model.parent.contains(entry.revision)) unknown.push_back(entry.revision);
    RevTree::Index at = tree.find(entry.revision);
    if (at == RevTree::kNone) continue;
    auto stored = model.stored.find(entry.revision);
    ASSERT_EQ(tree[at].stored, stored != model.stored.end());
    if (tree[at].stored) ASSERT_EQ(tree[at].deleted, stored->second);
  }
  ASSERT_EQ(tree.missing(all), unknown);
}

void expect_round_trip(const RevTree& tree) {
  std::string bytes;
  tree.encode(bytes);
  std::string_view rest = bytes;
  Result<RevTree> read = RevTree::decode(rest);
  ASSERT_TRUE(read);
  ASSERT_TRUE(rest.empty());
  ASSERT_EQ(read->nodes().size(), tree.nodes().size());
  for (RevTree::Index i = 0; i < tree.nodes().size(); ++i) {
    ASSERT_EQ((*read)[i].revision, tree[i].revision);
    ASSERT_EQ((*read)[i].parent, tree[i].parent);
    ASSERT_EQ((*read)[i].deleted, tree[i].deleted);
    ASSERT_EQ((*read)[i].stored, tree[i].stored);
    ASSERT_EQ((*read)[i].body, tree[i].body);
  }
}

class RevTreeModel : public ::testing::TestWithParam<unsigned> {};

TEST_P(RevTreeModel, MergingIsAUnionInAnyOrderAndRepetition) {
  Random random(GetParam());
  History history = random_history(random);
  std::vector<Message> messages = random_messages(history, random);
  if (messages.empty()) return;
  Model model;
  for (const Message& message : messages) model.merge(history, message);
  for (int order = 0; order < 6; ++order) {
    std::vector<Message> sent = messages;
    for (const Message& message : messages) {
      if (below(random, 3) == 0) sent.push_back(message);
    }
    std::ranges::shuffle(sent, random);
    RevTree tree;
    for (const Message& message : sent) {
      ASSERT_NO_FATAL_FAILURE(merge(tree, history, message));
      ASSERT_TRUE(tree.stem(1000).empty());
    }
    ASSERT_NO_FATAL_FAILURE(expect_equal(tree, model, history));
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(tree));
  }
}

TEST_P(RevTreeModel, EachMergeOnTheWayIsTheUnionSoFar) {
  Random random(GetParam());
  History history = random_history(random);
  std::vector<Message> messages = random_messages(history, random);
  std::ranges::shuffle(messages, random);
  RevTree tree;
  Model model;
  for (const Message& message : messages) {
    ASSERT_NO_FATAL_FAILURE(merge(tree, history, message));
    model.merge(history, message);
    ASSERT_NO_FATAL_FAILURE(expect_equal(tree, model, history));
  }
}

TEST_P(RevTreeModel, StemmingKeepsWhatIsNearALeafAndTellsTheBodiesThatGo) {
  Random random(GetParam());
  History history = random_history(random);
  RevTree tree;
  for (const Message& message : random_messages(history, random)) merge(tree, history, message);
  auto limit = static_cast<std::uint32_t>(1 + below(random, 8));
  std::set<Revision> kept;
  std::vector<Revision> leaves;
  for (RevTree::Index leaf : tree.leaves()) {
    leaves.push_back(tree[leaf].revision);
    RevPath path = tree.path(leaf);
    for (std::uint32_t i = 0; i < std::min<std::size_t>(limit, path.hashes.size()); ++i) {
      kept.insert({path.generation - i, path.hashes[i]});
    }
  }
  std::set<std::uint32_t> bodies;
  for (const RevTree::Node& node : tree.nodes()) {
    if (node.body != 0 && !kept.contains(node.revision)) bodies.insert(node.body);
  }

  std::vector<std::uint32_t> gone = tree.stem(limit);
  EXPECT_EQ(std::set(gone.begin(), gone.end()), bodies);
  expect_well_formed(tree);
  std::set<Revision> left;
  for (const RevTree::Node& node : tree.nodes()) left.insert(node.revision);
  EXPECT_EQ(left, kept);
  std::vector<Revision> leaves_after;
  for (RevTree::Index leaf : tree.leaves()) leaves_after.push_back(tree[leaf].revision);
  EXPECT_EQ(leaves_after, leaves);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RevTreeModel, ::testing::Range(0U, 300U));

}  // namespace
}  // namespace mycouch::doc
