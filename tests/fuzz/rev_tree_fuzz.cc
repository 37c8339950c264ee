// Feeds bytes to RevTree::decode; what it accepts must be written back byte for byte, and bear merging and
// stemming.
#include <cstdlib>

#include "doc/rev_tree.h"

namespace {

using mycouch::doc::RevPath;
using mycouch::doc::RevTree;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_well_formed(const RevTree& tree) {
  for (const RevTree::Node& node : tree.nodes()) {
    if (node.parent == RevTree::kNone) continue;
    auto self = static_cast<RevTree::Index>(&node - tree.nodes().data());
    require(node.parent < self);
    require(tree[node.parent].revision.generation + 1 == node.revision.generation);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string_view rest = bytes;
  auto tree = RevTree::decode(rest);
  if (!tree) return 0;
  std::string written;
  tree->encode(written);
  require(written == bytes.substr(0, bytes.size() - rest.size()));
  require_well_formed(*tree);
  require(tree->empty() == (tree->winner() == RevTree::kNone));

  // The rest may be another tree, whose branches are merged into the first.
  auto other = RevTree::decode(rest);
  if (!other) return 0;
  for (RevTree::Index leaf : other->leaves()) {
    RevPath path = other->path(leaf);
    auto outcome = tree->merge(path, (*other)[leaf].deleted, 1);
    require((*tree)[outcome.node].revision == path.leaf());
    require((*tree)[outcome.node].stored);
    require(tree->merge(path, false, 2).merged == RevTree::Merged::known);
    require_well_formed(*tree);
  }
  tree->stem(3);
  require_well_formed(*tree);
  for (RevTree::Index leaf : tree->leaves()) require(tree->path(leaf).hashes.size() <= tree->nodes().size());
  return 0;
}
