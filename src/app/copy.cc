#include "app/copy.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "app/copier.h"
#include "app/exit_code.h"
#include "app/open_store.h"
#include "app/progress.h"
#include "app/run_here.h"
#include "app/store_comparison.h"
#include "base/offload.h"

namespace mycouch::app {
namespace {

constexpr std::size_t kPoolThreads = 4;
constexpr std::string_view kRocks = "rocksdb:";

bool is_same_folder(const std::string& from, const std::string& to) {
  if (!from.starts_with(kRocks) || !to.starts_with(kRocks)) return false;
  std::error_code ignored;
  return std::filesystem::equivalent(from.substr(kRocks.size()), to.substr(kRocks.size()), ignored);
}

Result<void> check_request(const CopyRequest& request) {
  if (request.from == request.to || is_same_folder(request.from, request.to)) {
    return fail(Errc::bad_request, "--from and --to are the same store");
  }
  if (!request.copy && request.from_start) {
    return fail(Errc::bad_request, "--verify copies nothing: --from-start has no meaning with it");
  }
  return {};
}

StoreConfig config_of(const Config& config, const std::string& url) {
  StoreConfig store = config.store;
  store.url = url;
  return store;
}

// Two stores, and what they need around them.
class TwoStores {
 public:
  Result<void> open(const Config& config, const CopyRequest& request) {
    MYCOUCH_TRY(from_, open_store_to_read(config_of(config, request.from), pool_));
    const StoreConfig to = config_of(config, request.to);
    MYCOUCH_TRY(to_, request.copy ? open_or_make_store(to, pool_) : open_store_to_read(to, pool_));
    return {};
  }
  ~TwoStores() {
    for (const auto& store : {from_.get(), to_.get()}) {
      if (store != nullptr) store->stop();
    }
    pool_.join();
    for (const auto& store : {from_.get(), to_.get()}) {
      if (store != nullptr) store->close();
    }
  }
  TwoStores() = default;
  TwoStores(const TwoStores&) = delete;
  TwoStores& operator=(const TwoStores&) = delete;

  store::Store& from() { return *from_; }
  store::Store& to() { return *to_; }
  template <class T>
  Result<T> run(Task<T> task) {
    return run_here(context_, std::move(task));
  }

 private:
  boost::asio::io_context context_{1};
  base::Pool pool_{kPoolThreads};
  std::unique_ptr<store::Store> from_;
  std::unique_ptr<store::Store> to_;
};

int complain(const Error& error, int code) {
  fmt::print(stderr, "mycouch: {}\n", error.reason);
  return code;
}

void print(const CopyCounts& counts) {
  if (counts == CopyCounts{}) {
    fmt::print("Nothing new.\n");
    return;
  }
  fmt::print(
      "Copied: {} documents ({} revisions, {} attachments), {} local documents, {} records of the audit "
      "trail, {} databases or their settings\n",
      counts.documents, counts.revisions, counts.attachments, counts.local_documents, counts.log_records,
      counts.settings);
}

Result<void> copy(TwoStores& stores, const Config& config, const CopyRequest& request) {
  Progress progress("documents copied");
  Copier copier(stores.from(), stores.to(),
                {.system_database = config.store.system_database, .from_start = request.from_start},
                [&progress](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  const Result<CopyCounts> counts = stores.run(copier.run());
  progress.finish();
  if (!counts) return std::unexpected(counts.error());
  print(*counts);
  std::fflush(stdout);
  return {};
}

// Whether they are alike.
Result<bool> compare(TwoStores& stores, const Config& config) {
  Progress progress("documents compared");
  StoreComparison comparison(
      stores.from(), stores.to(), config.store.system_database,
      {.differs =
           [&progress](const std::string& difference) {
             progress.finish();
             fmt::print(stderr, "mycouch: differs: {}\n", difference);
           },
       .progress = [&progress](std::uint64_t done, std::uint64_t total) { progress.show(done, total); }});
  const Result<ComparedCounts> counts = stores.run(comparison.run());
  progress.finish();
  if (!counts) return std::unexpected(counts.error());
  fmt::print(
      "Compared: {} databases, {} tenants in them, {} documents, {} local documents, {} records of the audit "
      "trail: {}\n",
      counts->databases, counts->tenants, counts->documents, counts->local_documents, counts->log_records,
      counts->differences == 0 ? "all alike" : fmt::format("{} differences", counts->differences));
  return counts->differences == 0;
}

}  // namespace

int copy_store(const Config& config, const CopyRequest& request) {
  if (Result<void> good = check_request(request); !good) return complain(good.error(), kUsage);
  TwoStores stores;
  if (Result<void> opened = stores.open(config, request); !opened) return complain(opened.error(), kFailure);
  if (request.copy) {
    if (Result<void> copied = copy(stores, config, request); !copied)
      return complain(copied.error(), kFailure);
  }
  if (!request.verify) return kSuccess;
  const Result<bool> alike = compare(stores, config);
  if (!alike) return complain(alike.error(), kFailure);
  return *alike ? kSuccess : kDiffers;
}

}  // namespace mycouch::app
