// What the audit record costs a change of a tenant: the same renames on disk, 32 in flight or one after the
// other, with their records in the atomic batch and without. The difference is the cost, that of indexing the
// records in the background included; HTTP and the reads of a request come on top in both.
//
//   audit_bench --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/offload.h"
#include "base/random.h"
#include "json/value.h"
#include "store/rocks/engine.h"
#include "tenancy/audit.h"
#include "tenancy/documents.h"

namespace {

using namespace mycouch;

constexpr int kTenants = 32;
constexpr int kRenames = 800;

/// A store on disk with a system database and an audit trail.
class Bench {
 public:
  Bench() {
    folder_ = std::filesystem::temp_directory_path() / ("mycouch-bench-" + base::random_uuid());
    store_ = opened(store::rocks::open({.directory = folder_.string()}, pool_));
    store_->set_scope_rule("system", tenancy::scopes_of);
    audit_ = std::make_unique<tenancy::Audit>(*store_, "system");
    start(store_->create("system"));
    context_.run();
  }
  ~Bench() {
    store_->close();
    pool_.join();
    std::filesystem::remove_all(folder_);
  }

  /// So many tenants are renamed again and again, as fast as each is acknowledged.
  void rename_all(int in_flight, bool with_record) {
    for (int i = 0; i < in_flight; ++i) start(rename(i, kRenames / in_flight, with_record));
    context_.restart();
    context_.run();
  }

 private:
  template <class T>
  static T opened(Result<T> result) {
    if (!result) std::abort();
    return *std::move(result);
  }

  template <class T>
  void start(Task<T> task) {
    boost::asio::co_spawn(context_, std::move(task),
                          [](const std::exception_ptr& thrown, const Result<T>& ended) {
                            if (thrown || !ended) std::abort();
                          });
  }

  static json::Object tenant(int number, int version) {
    const std::string user = "user_" + std::to_string(number);
    const std::string time = "2025-12-10T15:30:00Z";
    return {{"_id", "tenant_" + std::to_string(number)},
            {"type", "tenant"},
            {"name", "Version " + std::to_string(version)},
            {"userId", user},
            {"userIds", json::Array{user}},
            {"members", json::Object{{user, json::Object{{"role", "owner"}, {"joinedAt", time}}}}},
            {"applicationId", "roady"},
            {"metadata", json::Object()},
            {"createdAt", time},
            {"updatedAt", time}};
  }

  store::LogRecord record_of(int number) const {
    tenancy::AuditRecord record;
    record.action = "tenant.update";
    record.actor = "user_" + std::to_string(number);
    record.tenant = "tenant_" + std::to_string(number);
    record.outcome = "ok";
    record.request_id = "0123456789abcdef";
    record.address = "192.0.2.1";
    return audit_->record_of(record);
  }

  Task<void> rename(int number, int times, bool with_record) {
    std::optional<doc::Revision>& revision = revisions_[static_cast<std::size_t>(number)];
    for (int i = 0; i < times; ++i) {
      MYCOUCH_CO_TRY(doc::Edit edit, tenancy::edit_of(tenant(number, version_++)));
      edit.parent = revision;
      std::vector<store::DatabaseEdits> parts;
      parts.push_back({.database = "system", .confinement = {}, .edits = {}});
      parts.back().edits.push_back(std::move(edit));
      std::optional<store::LogRecord> record;
      if (with_record) record = record_of(number);
      MYCOUCH_CO_TRY(auto revisions, co_await store_->write_together(std::move(parts), std::move(record)));
      revision = revisions.front();
    }
    co_return Result<void>();
  }

  std::filesystem::path folder_;
  boost::asio::io_context context_{1};
  base::Pool pool_{1};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tenancy::Audit> audit_;
  std::vector<std::optional<doc::Revision>> revisions_ = std::vector<std::optional<doc::Revision>>(kTenants);
  int version_ = 0;
};

void rename(benchmark::State& state, bool with_record) {
  const auto in_flight = static_cast<int>(state.range(0));
  Bench bench;
  bench.rename_all(in_flight, with_record);
  for (auto _ : state) bench.rename_all(in_flight, with_record);
  state.SetItemsProcessed(state.iterations() * kRenames);
}
BENCHMARK_CAPTURE(rename, alone, false)->Arg(1)->Arg(kTenants)->UseRealTime();
BENCHMARK_CAPTURE(rename, with_its_record, true)->Arg(1)->Arg(kTenants)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
