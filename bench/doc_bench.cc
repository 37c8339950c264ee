// What a write pays for one document before the store is asked: reading the edit, naming the new revision,
// and merging it into the revision tree as it is read from and written to the disk.
#include <cstdlib>
#include <string>

#include <benchmark/benchmark.h>

#include "doc/document.h"
#include "doc/rev_tree.h"
#include "json/outline.h"

namespace {

using namespace mycouch;
using namespace mycouch::doc;

Revision next(const std::optional<Revision>& parent) {
  return next_revision(parent, false, R"({"type":"gig"})", {});
}

// A document that was edited `generations` times in a row, as the store keeps it.
std::string encoded_history(int generations, Revision* leaf) {
  RevTree tree;
  RevPath path;
  std::optional<Revision> parent;
  for (int i = 0; i < generations; ++i) {
    parent = next(parent);
    path.generation = parent->generation;
    path.hashes.insert(path.hashes.begin(), parent->hash);
  }
  tree.merge(path, false, 1);
  *leaf = *parent;
  std::string bytes;
  tree.encode(bytes);
  return bytes;
}

void read_edit_of_a_kilobyte(benchmark::State& state) {
  const std::string text = R"({"_id":"gig-000001","type":"gig","notes":")" + std::string(950, 'n') + R"("})";
  for (auto _ : state) {
    auto outline = json::outline(text, 1);
    benchmark::DoNotOptimize(read_edit(*outline, outline->root(), "", {}));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(read_edit_of_a_kilobyte);

void next_revision_of_a_kilobyte(benchmark::State& state) {
  const std::string body = R"({"type":"gig","notes":")" + std::string(950, 'n') + R"("})";
  const Revision parent = next({});
  for (auto _ : state) benchmark::DoNotOptimize(next_revision(parent, false, body, {}));
}
BENCHMARK(next_revision_of_a_kilobyte);

// Decode, merge one more revision, encode: what an update does to a history of this length.
void extend_rev_tree(benchmark::State& state) {
  Revision leaf;
  const std::string stored = encoded_history(static_cast<int>(state.range(0)), &leaf);
  const Revision added = next(leaf);
  const RevPath path{.generation = added.generation, .hashes = {added.hash, leaf.hash}};
  for (auto _ : state) {
    std::string_view bytes = stored;
    auto tree = RevTree::decode(bytes);
    tree->merge(path, false, 2);
    std::string out;
    tree->encode(out);
    benchmark::DoNotOptimize(out);
  }
  state.counters["bytes"] = static_cast<double>(stored.size());
}
BENCHMARK(extend_rev_tree)->Arg(1)->Arg(10)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
