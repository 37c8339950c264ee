// The revision tree of one document, and the rules by which replicas that never talk to each other agree.
//
// A document's history is a forest: each edit is a child of the revision that it was made on, and edits made
// apart become branches. Merging is the union of paths, so it can happen in any order, any number of times,
// with the same result. Of the leaves, one wins: those that are not deleted before those that are, then the
// highest generation, then the highest hash; the others that are not deleted are conflicts. Histories are
// stemmed: only the newest `limit` revisions of each branch are kept, so a path may arrive whose older part
// we no longer know; it is joined where any of its revisions is known, and stands as a root of its own where
// none is. What it knows above a stemmed root is put back there.
//
// A revision has one place in the forest. Hashes are made from content and parent, so honest replicas agree
// on a revision's parent; where a path names another one than the tree does, the first to come stays.
//
// After CouchDB's couch_key_tree.erl and the section "Replication and conflict model" of its documentation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doc/revision.h"

namespace mycouch::doc {

class RevTree {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = UINT32_MAX;

  struct Node {
    Revision revision{};
    Index parent = kNone;
    bool deleted = false;
    /// Whether the revision itself was stored here, with a body, and not only named as somebody's ancestor.
    bool stored = false;
    /// Number of the stored body within its document, from 1; 0 when there is none (never stored, or
    /// compacted).
    std::uint32_t body = 0;
  };

  enum class Merged : std::uint8_t {
    known,     // the revision was there: nothing has changed
    extended,  // it is the new child of what was a leaf, or a new root of an empty tree
    branched,  // it makes a new branch: the document has one leaf more
    filled_in  // it was known as an ancestor, without a body, and now has one; it is no leaf
  };
  struct MergeOutcome {
    Merged merged;
    Index node;  // of the path's leaf
    /// A root of the tree, whatever `merged` is, has got ancestors that were unknown or had been another
    /// branch.
    bool deepened = false;
  };

  bool empty() const { return nodes_.empty(); }
  std::span<const Node> nodes() const { return nodes_; }
  const Node& operator[](Index i) const { return nodes_[i]; }
  Node& operator[](Index i) { return nodes_[i]; }

  /// The node of a revision, or kNone.
  Index find(const Revision& revision) const;
  bool is_leaf(Index i) const;
  /// Winner first, then the others that are not deleted, then the deleted, each by descending revision.
  std::vector<Index> leaves() const;
  /// kNone in an empty tree.
  Index winner() const;
  /// Whether no leaf is live; so in an empty tree.
  bool deleted() const;
  /// `i` itself where it is a leaf, or else those that descend from it, ordered as leaves() are
  /// (`latest=true` takes the first).
  std::vector<Index> leaves_below(Index i) const;
  /// A node and its known ancestors, newest first.
  RevPath path(Index i) const;

  /// Adds the path's leaf with its ancestors as far as they are unknown. The leaf becomes `stored`, with
  /// `deleted` and `body`, unless it was stored before. Other indexes hold only while `deepened` is false.
  MergeOutcome merge(const RevPath& path, bool deleted, std::uint32_t body);

  /// Keeps at most `limit` revisions (at least 1) of each branch, counted from its leaf. Returns the bodies
  /// that are no longer referred to. Where there are any, or a revision went, indexes hold no longer.
  std::vector<std::uint32_t> stem(std::uint32_t limit);

  /// Keeps at most `limit` (at least 1) of the branches that end in a tombstone, those with the highest
  /// revisions, and all live ones. Returns and moves as `stem` does.
  std::vector<std::uint32_t> drop_ended_branches(std::size_t limit);

  struct Removed {
    std::vector<Revision> leaves;       // in the order of leaves()
    std::vector<std::uint32_t> bodies;  // that are no longer referred to
  };
  /// Takes those of `asked` that are leaves out of the tree, each with the ancestors that lead to no other
  /// leaf. Where there are any, indexes hold no longer.
  Removed remove_leaves(std::span<const Revision> asked);

  /// Of `asked`, those that the tree does not hold (as stored or as an ancestor), in their order.
  std::vector<Revision> missing(std::span<const Revision> asked) const;
  /// For a revision that is missing: the leaves that may be its ancestors, by generation (CouchDB's rule).
  std::vector<Revision> possible_ancestors(std::span<const Revision> missing) const;

  /// A compact binary form. `decode` accepts any bytes: it moves `bytes` behind the tree that it has read, or
  /// is `internal` where they are not one that `encode` could write. (Whether a revision is there twice is
  /// not checked.)
  void encode(std::string& out) const;
  static Result<RevTree> decode(std::string_view& bytes);

 private:
  void sort_by_precedence(std::vector<Index>& leaves) const;
  std::vector<Index> places_of(const RevPath& path) const;
  std::size_t usable_length(std::span<const Index> places) const;
  Index put_parents_first(Index followed);
  void reorder(std::span<const Index> kept);
  std::vector<std::uint32_t> keep(const std::vector<bool>& kept);

  std::vector<Node> nodes_;  // a parent stands before its children
};

}  // namespace mycouch::doc
