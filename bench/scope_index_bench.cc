// The scope index of a gateway, in memory and on disk: what one folds of an upstream feed, and what feeds
// read.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/digest.h"
#include "base/random.h"
#include "store/couch/scope_index.h"

namespace {

using namespace mycouch;
using namespace mycouch::store::couch;

constexpr std::size_t kTenants = 10'000;
constexpr std::size_t kBatch = 1000;

/// An index of one database in a folder of its own, or in memory.
class Bench {
 public:
  explicit Bench(bool on_disk) {
    if (on_disk)
      folder_ = std::filesystem::temp_directory_path() / ("scope-index-bench-" + base::random_uuid());
    auto opened = ScopeIndex::open({.directory = folder_.string()});
    if (!opened) std::abort();
    index_ = *std::move(opened);
    if (!index_->begin("db", "1")) std::abort();
  }
  ~Bench() {
    index_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  ScopeIndex& index() { return *index_; }

  static std::string tenant(std::size_t number) {
    return "5f1c7a52-0000-4000-8000-" + std::to_string(100'000'000'000 + number);
  }

  /// The documents from `first` on, each of another tenant than the one before, at one generation.
  static std::vector<FoldedDocument> batch(std::size_t first, std::uint32_t generation) {
    std::vector<FoldedDocument> documents(kBatch);
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::size_t number = first + i;
      FoldedDocument& document = documents[i];
      document.partition = tenant(number * 7919 % kTenants);
      document.id = "gig:" + std::to_string(10'000'000 + number);
      document.leaves = {{generation, doc::RevHash(base::md5(std::to_string(number)))}};
      document.scopes = {document.partition};
    }
    return documents;
  }

  void fold(const std::vector<FoldedDocument>& documents) {
    if (!index_->fold("db", documents, std::to_string(++since_), true)) std::abort();
  }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<ScopeIndex> index_;
  std::size_t since_ = 0;
};

void fold_new(benchmark::State& state) {
  Bench bench(state.range(0) == 1);
  std::size_t first = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<FoldedDocument> documents = Bench::batch(first, 1);
    state.ResumeTiming();
    bench.fold(documents);
    first += kBatch;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(fold_new)->ArgName("disk")->Arg(0)->Arg(1)->Iterations(1000)->UseRealTime();

void fold_changed(benchmark::State& state) {
  constexpr std::size_t kBatches = 100;
  Bench bench(state.range(0) == 1);
  for (std::size_t i = 0; i < kBatches; ++i) bench.fold(Bench::batch(i * kBatch, 1));
  std::size_t round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto documents =
        Bench::batch(round % kBatches * kBatch, static_cast<std::uint32_t>(2 + round / kBatches));
    state.ResumeTiming();
    bench.fold(documents);
    ++round;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(fold_changed)->ArgName("disk")->Arg(0)->Arg(1)->Iterations(500)->UseRealTime();

void fold_known(benchmark::State& state) {
  Bench bench(false);
  const std::vector<FoldedDocument> documents = Bench::batch(0, 1);
  for (auto _ : state) bench.fold(documents);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(fold_known);

void page_of_changes(benchmark::State& state) {
  Bench bench(false);
  std::vector<FoldedDocument> documents = Bench::batch(0, 1);
  const std::string name = Bench::tenant(0);
  for (FoldedDocument& document : documents) {
    document.partition = name;
    document.scopes = {name};
  }
  bench.fold(documents);
  const ScopeName scope{name, name};
  for (auto _ : state) benchmark::DoNotOptimize(bench.index().changes("db", scope, {}));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(page_of_changes);

void empty_poll(benchmark::State& state) {
  Bench bench(false);
  for (std::size_t first = 0; first < kTenants; first += kBatch) bench.fold(Bench::batch(first, 1));
  std::size_t number = 0;
  for (auto _ : state) {
    const std::string name = Bench::tenant(number++ % kTenants);
    benchmark::DoNotOptimize(bench.index().changes("db", {name, name}, {.since = 1}));
  }
}
BENCHMARK(empty_poll);

}  // namespace

BENCHMARK_MAIN();
