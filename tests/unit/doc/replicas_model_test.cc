// Replicas that edit, stem and replicate as they like, each a tree beside a plain model of it: after every
// step both must say the same.
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "doc/rev_tree.h"
#include "support/revision_model.h"

namespace mycouch::doc {
namespace {

using testing_support::RevisionModel;
using testing_support::text_of;
using Path = RevisionModel::Path;

constexpr unsigned kSeeds = 60;
constexpr int kSteps = 100;
constexpr std::size_t kReplicas = 3;

struct Replica {
  RevTree tree;
  RevisionModel model;
  std::uint32_t limit = 1000;
};

class Replicas {
 public:
  explicit Replicas(unsigned seed) : random_(seed), replicas_(kReplicas) {
    for (Replica& replica : replicas_) {
      if (below(3) == 0) replica.limit = static_cast<std::uint32_t>(1 + below(12));
    }
  }

  void step() {
    Replica& replica = replicas_[below(kReplicas)];
    switch (below(6)) {
      case 0:
        return branch(replica);
      case 1:
      case 2:
        return replicate(replicas_[below(kReplicas)], replica);
      default:
        return edit(replica);
    }
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }

  template <class T>
  const T& any_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

  // A first revision, or one that follows `parent`'s path.
  Path follow(Path parent) {
    const std::uint32_t generation = parent.empty() ? 1 : parent.front().generation + 1;
    const std::string hash = std::to_string(below(100)) + "." + std::to_string(++made_);
    parent.insert(parent.begin(), Revision{generation, RevHash(hash)});
    return parent;
  }

  void store(Replica& replica, const Path& path, bool deleted) {
    RevPath given{.generation = path.front().generation, .hashes = {}};
    for (const Revision& revision : path) given.hashes.push_back(revision.hash);
    replica.tree.merge(given, deleted, ++bodies_);
    replica.tree.stem(replica.limit);
    replica.model.add(path, deleted);
    replica.model.stem(replica.limit);
    deleted_[path.front()] = deleted;
    compare(replica);
  }

  // As a client edits: on a leaf, or anew.
  void edit(Replica& replica) {
    const std::vector<Revision> leaves = replica.model.leaves();
    const bool anew = leaves.empty() || below(20) == 0;
    const Path path = follow(anew ? Path{} : replica.model.path(any_of(leaves)));
    store(replica, path, below(4) == 0);
  }

  // As a replicator brings what was edited elsewhere: on any revision.
  void branch(Replica& replica) {
    const std::vector<Revision> known = replica.model.known();
    if (known.empty()) return;
    store(replica, follow(replica.model.path(any_of(known))), below(4) == 0);
  }

  // Some leaves, with their histories or with a part of them; also those that the other side knows.
  void replicate(const Replica& source, Replica& target) {
    const bool whole = below(3) > 0;
    for (const Revision& leaf : source.model.leaves()) {
      if (below(3) == 0) continue;
      Path path = source.model.path(leaf);
      if (!whole) path.resize(1 + below(path.size()));
      store(target, path, deleted_.at(leaf));
    }
  }

  void compare(const Replica& replica) {
    const RevTree& tree = replica.tree;
    const RevisionModel& model = replica.model;
    std::vector<Revision> leaves;
    for (const RevTree::Index leaf : tree.leaves()) {
      leaves.push_back(tree[leaf].revision);
      ASSERT_EQ(tree[leaf].deleted, model.is_deleted(leaves.back()));
      std::vector<RevHash> hashes;
      for (const Revision& revision : model.path(leaves.back())) hashes.push_back(revision.hash);
      ASSERT_EQ(tree.path(leaf).hashes, hashes);
    }
    ASSERT_EQ(text_of(leaves), text_of(model.leaves()));
    ASSERT_EQ(tree[tree.winner()].revision, leaves.front());
    ASSERT_EQ(tree.deleted(), model.is_deleted(leaves.front()));
    ASSERT_EQ(tree.nodes().size(), model.known().size());
    compare_diffs(replica);
  }

  void compare_diffs(const Replica& replica) {
    std::vector<Revision> asked = {{static_cast<std::uint32_t>(1 + below(30)), RevHash("nowhere")}};
    for (const Replica& other : replicas_) {
      for (const Revision& leaf : other.model.leaves()) {
        if (below(2) == 0) asked.push_back(leaf);
      }
    }
    const std::vector<Revision> missing = replica.tree.missing(asked);
    const std::set<Revision> expected = replica.model.missing(asked);
    ASSERT_EQ(std::set(missing.begin(), missing.end()), expected);
    const std::vector<Revision> ancestors = replica.tree.possible_ancestors(missing);
    ASSERT_EQ(std::set(ancestors.begin(), ancestors.end()), replica.model.possible_ancestors(expected));
  }

  std::mt19937 random_;
  std::vector<Replica> replicas_;
  std::map<Revision, bool> deleted_;
  std::uint32_t made_ = 0;
  std::uint32_t bodies_ = 0;
};

TEST(ReplicasModel, TreesAgreeWithAPlainModelAfterEveryStep) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Replicas replicas(seed);
    for (int step = 0; step < kSteps && !HasFatalFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      replicas.step();
    }
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace mycouch::doc
