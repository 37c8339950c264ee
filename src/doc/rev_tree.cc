// The binary form of a tree, all integers as LEB128 varints in their shortest form:
//
//   tree   = number of nodes, then each node; a parent stands before its children
//   node   = flags (one byte), place, hash, body
//   flags  = bit 0 deleted, bit 1 stored, bit 2 has a body, bit 3 the hash is text,
//            bits 4-5 where the parent is: 0 the node just before, 1 nowhere (a root), 2 farther back
//   place  = of a root: its generation; of "farther back": how many nodes back, at least 2; otherwise nothing
//   hash   = 16 bytes; or, as text, its length and its bytes
//   body   = its number, where the flags say that there is one
//
// So a revision of a plain chain costs 17 bytes, and 18 or 19 with a body.
#include "doc/rev_tree.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/digest.h"

namespace mycouch::doc {
namespace {

constexpr std::uint8_t kDeleted = 1 << 0;
constexpr std::uint8_t kStored = 1 << 1;
constexpr std::uint8_t kHasBody = 1 << 2;
constexpr std::uint8_t kTextHash = 1 << 3;
constexpr int kParentShift = 4;
constexpr std::uint8_t kKnownBits = 0x3f;
enum class ParentPlace : std::uint8_t { just_before, none, farther_back };

constexpr std::size_t kSmallestNode = 2;  // flags, and the length of an empty hash

std::vector<bool> parents_of(std::span<const RevTree::Node> nodes) {
  std::vector<bool> is_parent(nodes.size());
  for (const RevTree::Node& node : nodes) {
    if (node.parent != RevTree::kNone) is_parent[node.parent] = true;
  }
  return is_parent;
}

bool wins(const RevTree::Node& a, const RevTree::Node& b) {
  if (a.deleted != b.deleted) return b.deleted;
  return a.revision > b.revision;
}

void append_varint(std::string& out, std::uint32_t n) {
  for (; n >= 0x80; n >>= 7) out += static_cast<char>(n | 0x80);
  out += static_cast<char>(n);
}

// Takes pieces off the front of `bytes`; false when they are not there or not as they should be.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool byte(std::uint8_t& out) {
    if (bytes_.empty()) return false;
    out = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return true;
  }

  bool varint(std::uint32_t& out) {
    std::uint64_t value = 0;
    std::uint8_t next = 0x80;
    for (int shift = 0; (next & 0x80) != 0; shift += 7) {
      if (shift > 28 || !byte(next)) return false;
      value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if (next == 0 && shift > 0) return false;  // not the shortest form
    }
    out = static_cast<std::uint32_t>(value);
    return value <= UINT32_MAX;
  }

  bool text(std::size_t length, std::string_view& out) {
    if (bytes_.size() < length) return false;
    out = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return true;
  }

  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

bool read_hash(Reader& in, bool as_text, RevHash& out) {
  std::string_view bytes;
  if (!as_text) {
    std::array<std::uint8_t, 16> digest;
    if (!in.text(digest.size(), bytes)) return false;
    std::ranges::copy(bytes, digest.begin());
    out = RevHash(digest);
    return true;
  }
  std::uint32_t length = 0;
  if (!in.varint(length) || !in.text(length, bytes) || !is_rev_hash(bytes)) return false;
  out = RevHash(bytes);
  return !out.is_digest();
}

// The parent's index and the generation of the node that will stand at `nodes.size()`.
bool read_place(Reader& in, ParentPlace place, const std::vector<RevTree::Node>& nodes, RevTree::Node& out) {
  std::uint32_t back = 1;
  switch (place) {
    case ParentPlace::none:
      return in.varint(out.revision.generation) && out.revision.generation > 0;
    case ParentPlace::just_before:
      break;
    case ParentPlace::farther_back:
      if (!in.varint(back) || back < 2) return false;
      break;
    default:
      return false;
  }
  if (back > nodes.size()) return false;
  out.parent = static_cast<RevTree::Index>(nodes.size() - back);
  std::uint32_t above = nodes[out.parent].revision.generation;
  out.revision.generation = above + 1;
  return above < UINT32_MAX;
}

bool read_node(Reader& in, const std::vector<RevTree::Node>& nodes, RevTree::Node& out) {
  std::uint8_t flags = 0;
  if (!in.byte(flags) || (flags & ~kKnownBits) != 0) return false;
  out.deleted = (flags & kDeleted) != 0;
  out.stored = (flags & kStored) != 0;
  if (!read_place(in, static_cast<ParentPlace>(flags >> kParentShift), nodes, out)) return false;
  if (!read_hash(in, (flags & kTextHash) != 0, out.revision.hash)) return false;
  return (flags & kHasBody) == 0 || (in.varint(out.body) && out.body > 0);
}

void append_node(std::string& out, const RevTree::Node& node, RevTree::Index index) {
  ParentPlace place = node.parent == RevTree::kNone ? ParentPlace::none
                      : node.parent + 1 == index    ? ParentPlace::just_before
                                                    : ParentPlace::farther_back;
  const RevHash& hash = node.revision.hash;
  out += static_cast<char>((node.deleted ? kDeleted : 0) | (node.stored ? kStored : 0) |
                           (node.body != 0 ? kHasBody : 0) | (hash.is_digest() ? 0 : kTextHash) |
                           std::to_underlying(place) << kParentShift);
  if (place == ParentPlace::none) append_varint(out, node.revision.generation);
  if (place == ParentPlace::farther_back) append_varint(out, index - node.parent);
  if (hash.is_digest()) {
    out += base::as_text(hash.digest());
  } else {
    append_varint(out, static_cast<std::uint32_t>(hash.text().size()));
    hash.append_to(out);
  }
  if (node.body != 0) append_varint(out, node.body);
}

}  // namespace

RevTree::Index RevTree::find(const Revision& revision) const {
  // From the end: what is asked for is most often new.
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (nodes_[i].revision == revision) return static_cast<Index>(i);
  }
  return kNone;
}

bool RevTree::is_leaf(Index i) const {
  return std::none_of(nodes_.begin() + i + 1, nodes_.end(),
                      [i](const Node& node) { return node.parent == i; });
}

std::vector<RevTree::Index> RevTree::leaves() const {
  std::vector<bool> is_parent = parents_of(nodes_);
  std::vector<Index> result;
  for (Index i = 0; i < nodes_.size(); ++i) {
    if (!is_parent[i]) result.push_back(i);
  }
  sort_by_precedence(result);
  return result;
}

RevTree::Index RevTree::winner() const {
  std::vector<bool> is_parent = parents_of(nodes_);
  Index best = kNone;
  for (Index i = 0; i < nodes_.size(); ++i) {
    if (!is_parent[i] && (best == kNone || wins(nodes_[i], nodes_[best]))) best = i;
  }
  return best;
}

bool RevTree::deleted() const {
  Index best = winner();
  return best == kNone || nodes_[best].deleted;
}

std::vector<RevTree::Index> RevTree::leaves_below(Index i) const {
  std::vector<bool> is_parent = parents_of(nodes_);
  std::vector<bool> below(nodes_.size());
  below[i] = true;
  std::vector<Index> result;
  for (Index k = i; k < nodes_.size(); ++k) {
    Index parent = nodes_[k].parent;
    if (parent != kNone && below[parent]) below[k] = true;
    if (below[k] && !is_parent[k]) result.push_back(k);
  }
  sort_by_precedence(result);
  return result;
}

void RevTree::sort_by_precedence(std::vector<Index>& leaves) const {
  std::ranges::sort(leaves, [this](Index a, Index b) { return wins(nodes_[a], nodes_[b]); });
}

RevPath RevTree::path(Index i) const {
  RevPath result{.generation = nodes_[i].revision.generation};
  for (; i != kNone; i = nodes_[i].parent) result.hashes.push_back(nodes_[i].revision.hash);
  return result;
}

// A path has one revision for each generation, so one look at each node tells which of the path's are known.
std::vector<RevTree::Index> RevTree::places_of(const RevPath& path) const {
  std::vector<Index> places(path.hashes.size(), kNone);
  for (Index i = 0; i < nodes_.size(); ++i) {
    const Revision& revision = nodes_[i].revision;
    if (revision.generation > path.generation) continue;
    std::size_t back = path.generation - revision.generation;
    if (back < places.size() && path.hashes[back] == revision.hash) places[back] = i;
  }
  return places;
}

// How many revisions of the path, from its newest, have their place in the tree or can get one. The rest is
// left out where the path names another parent for a known revision than the tree does: no replica that
// hashes a revision's parent into it makes such paths, and the parent that came first stays.
std::size_t RevTree::usable_length(std::span<const Index> places) const {
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    if (places[i] == kNone) continue;
    Index parent = nodes_[places[i]].parent;
    if (parent != kNone && parent != places[i + 1]) return i + 1;
  }
  return places.size();
}

RevTree::MergeOutcome RevTree::merge(const RevPath& path, bool deleted, std::uint32_t body) {
  std::vector<Index> places = places_of(path);
  places.resize(usable_length(places));
  auto joint = std::ranges::find_if(places, [](Index at) { return at != kNone; });
  bool extends = joint == places.end() ? nodes_.empty() : is_leaf(*joint);
  MergeOutcome outcome{.merged = extends ? Merged::extended : Merged::branched, .node = kNone};
  if (joint == places.begin()) outcome.merged = nodes_[*joint].stored ? Merged::known : Merged::filled_in;

  bool parents_first = true;
  Index above = kNone;
  for (std::size_t i = places.size(); i-- > 0;) {
    Index at = places[i];
    if (at == kNone) {
      at = static_cast<Index>(nodes_.size());
      Revision revision{path.generation - static_cast<std::uint32_t>(i), path.hashes[i]};
      nodes_.push_back({.revision = std::move(revision), .parent = above});
    } else if (nodes_[at].parent == kNone && above != kNone) {
      nodes_[at].parent = above;
      outcome.deepened = true;
      parents_first = parents_first && above < at;
    }
    above = at;
  }
  outcome.node = above;

  Node& leaf = nodes_[outcome.node];
  if (!leaf.stored) {
    leaf.deleted = deleted;
    leaf.stored = true;
    leaf.body = body;
  }
  if (!parents_first) outcome.node = put_parents_first(outcome.node);
  return outcome;
}

// Restores the order of the nodes after a root got a parent that stands behind it; returns where `followed`
// is now.
RevTree::Index RevTree::put_parents_first(Index followed) {
  std::vector<Index> order(nodes_.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::sort(order, {}, [this](Index i) { return std::pair(nodes_[i].revision.generation, i); });
  reorder(order);
  return static_cast<Index>(std::ranges::find(order, followed) - order.begin());
}

// Keeps the nodes that `kept` lists, in its order. A child of one that is not kept becomes a root.
void RevTree::reorder(std::span<const Index> kept) {
  std::vector<Index> moved_to(nodes_.size(), kNone);
  for (std::size_t i = 0; i < kept.size(); ++i) moved_to[kept[i]] = static_cast<Index>(i);
  std::vector<Node> nodes;
  nodes.reserve(kept.size());
  for (Index i : kept) {
    Node& node = nodes.emplace_back(std::move(nodes_[i]));
    if (node.parent != kNone) node.parent = moved_to[node.parent];
  }
  nodes_ = std::move(nodes);
}

std::vector<std::uint32_t> RevTree::stem(std::uint32_t limit) {
  // How many revisions the shortest branch from each node down to a leaf has, itself included.
  std::vector<std::uint32_t> height(nodes_.size(), UINT32_MAX);
  std::vector<bool> kept(nodes_.size());
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (height[i] == UINT32_MAX) height[i] = 1;
    Index parent = nodes_[i].parent;
    if (parent != kNone) height[parent] = std::min(height[parent], height[i] + 1);
    kept[i] = height[i] <= limit;
  }
  return keep(kept);
}

std::vector<std::uint32_t> RevTree::drop_ended_branches(std::size_t limit) {
  std::vector<Revision> dropped;
  std::size_t ended = 0;
  for (Index leaf : leaves()) {
    if (nodes_[leaf].deleted && ++ended > limit) dropped.push_back(nodes_[leaf].revision);
  }
  return remove_leaves(dropped).bodies;
}

// The bodies of the nodes that go.
std::vector<std::uint32_t> RevTree::keep(const std::vector<bool>& kept) {
  std::vector<Index> order;
  std::vector<std::uint32_t> unreferenced;
  for (Index i = 0; i < nodes_.size(); ++i) {
    if (kept[i]) {
      order.push_back(i);
    } else if (nodes_[i].body != 0) {
      unreferenced.push_back(nodes_[i].body);
    }
  }
  if (order.size() < nodes_.size()) reorder(order);
  return unreferenced;
}

RevTree::Removed RevTree::remove_leaves(std::span<const Revision> asked) {
  Removed removed;
  std::vector<bool> stays(nodes_.size(), true);
  for (Index leaf : leaves()) {
    if (std::ranges::find(asked, nodes_[leaf].revision) == asked.end()) continue;
    removed.leaves.push_back(nodes_[leaf].revision);
    stays[leaf] = false;
  }
  if (removed.leaves.empty()) return removed;

  // A parent stays as long as one of its children does.
  std::vector<bool> is_parent = parents_of(nodes_);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (is_parent[i]) stays[i] = false;
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (stays[i] && nodes_[i].parent != kNone) stays[nodes_[i].parent] = true;
  }
  removed.bodies = keep(stays);
  return removed;
}

std::vector<Revision> RevTree::missing(std::span<const Revision> asked) const {
  std::vector<Revision> sorted(asked.begin(), asked.end());
  std::ranges::sort(sorted);
  std::vector<bool> known(sorted.size());
  for (const Node& node : nodes_) {
    auto equal = std::ranges::equal_range(sorted, node.revision);
    std::fill(known.begin() + (equal.begin() - sorted.begin()),
              known.begin() + (equal.end() - sorted.begin()), true);
  }
  std::vector<Revision> result;
  for (const Revision& revision : asked) {
    auto at = std::ranges::lower_bound(sorted, revision);
    if (!known[static_cast<std::size_t>(at - sorted.begin())]) result.push_back(revision);
  }
  return result;
}

std::vector<Revision> RevTree::possible_ancestors(std::span<const Revision> missing) const {
  std::vector<Revision> result;
  if (missing.empty()) return result;
  std::uint32_t newest = std::ranges::max(missing).generation;
  for (Index i : leaves()) {
    if (nodes_[i].revision.generation < newest) result.push_back(nodes_[i].revision);
  }
  return result;
}

void RevTree::encode(std::string& out) const {
  append_varint(out, static_cast<std::uint32_t>(nodes_.size()));
  for (Index i = 0; i < nodes_.size(); ++i) append_node(out, nodes_[i], i);
}

Result<RevTree> RevTree::decode(std::string_view& bytes) {
  Reader in(bytes);
  RevTree tree;
  std::uint32_t count = 0;
  bool good = in.varint(count) && count <= in.rest().size() / kSmallestNode;
  if (good) tree.nodes_.reserve(count);
  for (std::uint32_t i = 0; good && i < count; ++i) {
    Node node;
    good = read_node(in, tree.nodes_, node);
    tree.nodes_.push_back(std::move(node));
  }
  if (!good) return fail(Errc::internal, "corrupt revision tree");
  bytes = in.rest();
  return tree;
}

}  // namespace mycouch::doc
