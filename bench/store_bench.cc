// The embedded engine without HTTP and without a disk: writes of one and of a thousand documents, and reads.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/offload.h"
#include "store/rocks/engine.h"

namespace {

using namespace mycouch;

const std::string kBody = R"({"type":"gig","notes":")" + std::string(1000, 'n') + R"("})";

/// A database of an in-memory store, and the thread that asks it.
class Bench {
 public:
  Bench() {
    auto opened = store::rocks::open({}, pool_);
    if (!opened) std::abort();
    store_ = *std::move(opened);
    if (!run(store_->create("db"))) std::abort();
    database_ = *run(store_->open("db", {}));
  }
  ~Bench() {
    database_.reset();
    store_->close();
    pool_.join();
  }

  store::Database& database() { return *database_; }

  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> outcome;
    boost::asio::co_spawn(
        context_, [&]() -> boost::asio::awaitable<void> { outcome = co_await std::move(task); },
        [](std::exception_ptr thrown) {
          if (thrown) std::rethrow_exception(thrown);
        });
    context_.restart();
    context_.run();
    return *std::move(outcome);
  }

  /// New documents, in the order of their ids.
  void write(std::size_t count) {
    std::vector<doc::Edit> edits(count);
    for (doc::Edit& edit : edits) {
      edit.id = "doc-" + std::to_string(10'000'000 + written_++);
      edit.body = kBody;
    }
    if (!run(database_->write(std::move(edits), {}))) std::abort();
  }

 private:
  base::Pool pool_{1};
  boost::asio::io_context context_{1};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Database> database_;
  std::size_t written_ = 0;
};

// The in-memory file system keeps every byte ever written, so iterations are bounded.
constexpr std::int64_t kDocuments = 50'000;

void write(benchmark::State& state) {
  Bench bench;
  auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) bench.write(count);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(write)->Arg(1)->Iterations(kDocuments)->UseRealTime();
BENCHMARK(write)->Arg(1000)->Iterations(kDocuments / 1000)->UseRealTime();

void read(benchmark::State& state) {
  Bench bench;
  bench.write(10'000);
  std::size_t at = 0;
  for (auto _ : state) {
    std::string id = "doc-" + std::to_string(10'000'000 + at++ % 10'000);
    benchmark::DoNotOptimize(bench.run(bench.database().read(std::move(id), {})));
  }
}
BENCHMARK(read);

void page_of_changes(benchmark::State& state) {
  Bench bench;
  bench.write(1000);
  for (auto _ : state) benchmark::DoNotOptimize(bench.run(bench.database().changes({})));
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(page_of_changes);

void page_of_all_docs(benchmark::State& state) {
  Bench bench;
  bench.write(1000);
  for (auto _ : state) {
    store::AllDocsQuery query;
    query.include_docs = true;
    query.max_bytes = std::size_t{16} << 20;
    benchmark::DoNotOptimize(bench.run(bench.database().all_docs(std::move(query))));
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(page_of_all_docs);

}  // namespace

BENCHMARK_MAIN();
