#include "app/open_store.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "store/couch/couch_store.h"
#include "store/rocks/engine.h"

namespace mycouch::app {
namespace {

constexpr std::string_view kRocks = "rocksdb:";

// Empty for a store in memory.
std::string directory_of(const StoreConfig& config) {
  return config.url.starts_with(kRocks) ? config.url.substr(kRocks.size()) : "";
}

Result<std::string> directory_on_disk(const StoreConfig& config) {
  std::string directory = directory_of(config);
  if (!directory.empty()) return directory;
  return fail(Errc::unavailable, fmt::format("{}: a store in memory is gone with its server", config.url));
}

// RocksDB keeps this file in every store of its own.
bool holds_a_store(const std::string& directory) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::path(directory) / "CURRENT", ignored);
}

// Names that begin with an underscore are CouchDB's own, and the system database holds all tenants.
store::couch::CouchOptions couch_options(const StoreConfig& config, store::couch::CouchAddress address,
                                         std::span<const auth::Application> applications) {
  return {.address = std::move(address),
          .index_directory = config.index,
          .meta_database = config.system_database + "-gateways",
          .name_prefix = config.name_prefix,
          .is_partitioned = [system = config.system_database](
                                const std::string& name) { return name != system && !name.starts_with('_'); },
          .tenant_field =
              [all = std::vector(applications.begin(), applications.end())](const std::string& name) {
                const auto lists = [&name](const auth::Application& application) {
                  return application.serves(name);
                };
                const auto at = std::ranges::find_if(all, lists);
                return at == all.end() ? std::string() : at->tenant_field;
              }};
}

Result<std::unique_ptr<store::Store>> open_couch(const StoreConfig& config, base::Pool& pool,
                                                 std::span<const auth::Application> applications) {
  MYCOUCH_TRY(auto address, store::couch::parse_address(config.url));
  auto store = store::couch::open(couch_options(config, std::move(address), applications), pool);
  if (store) return store;
  return fail(store.error().code, fmt::format("{}: {}", shown_url(config), store.error().reason));
}

Result<std::unique_ptr<store::Store>> open_rocks(const StoreConfig& config, bool read_only,
                                                 base::Pool& pool) {
  store::rocks::EngineOptions options{
      .directory = directory_of(config), .cache_bytes = config.cache_bytes, .read_only = read_only};
  Result<std::unique_ptr<store::Store>> store = store::rocks::open(std::move(options), pool);
  if (store) return store;
  return fail(store.error().code, fmt::format("{}: {}", config.url, store.error().reason));
}

// Without the index that a gateway on this machine keeps, which it may be using.
Result<std::unique_ptr<store::Store>> open_couch_for_a_tool(StoreConfig config, base::Pool& pool) {
  config.index.clear();
  return open_couch(config, pool, {});
}

Result<void> check_there_is_a_store(const StoreConfig& config) {
  MYCOUCH_TRY(const std::string directory, directory_on_disk(config));
  if (holds_a_store(directory)) return {};
  return fail(Errc::unavailable, fmt::format("{}: there is no store in that folder", config.url));
}

}  // namespace

Result<std::unique_ptr<store::Store>> open_store(const StoreConfig& config, base::Pool& pool,
                                                 std::span<const auth::Application> applications) {
  if (is_couch(config)) return open_couch(config, pool, applications);
  return open_rocks(config, false, pool);
}

Result<std::unique_ptr<store::Store>> open_or_make_store(const StoreConfig& config, base::Pool& pool) {
  if (is_couch(config)) return open_couch_for_a_tool(config, pool);
  MYCOUCH_TRY(const std::string directory, directory_on_disk(config));
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(Errc::unavailable, fmt::format("{}: {}", config.url, error.message()));
  return open_store(config, pool);
}

Result<std::unique_ptr<store::Store>> open_existing_store(const StoreConfig& config, base::Pool& pool) {
  if (is_couch(config)) return open_couch_for_a_tool(config, pool);
  MYCOUCH_CHECK(check_there_is_a_store(config));
  return open_store(config, pool);
}

Result<std::unique_ptr<store::Store>> open_store_to_read(const StoreConfig& config, base::Pool& pool) {
  if (is_couch(config)) return open_couch_for_a_tool(config, pool);
  MYCOUCH_CHECK(check_there_is_a_store(config));
  return open_rocks(config, true, pool);
}

}  // namespace mycouch::app
