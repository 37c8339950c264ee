#include "store/rocks/families.h"

#include <array>
#include <cstdarg>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "base/log.h"
#include "store/rocks/keys.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

// A content that is streamed in fills buffer after buffer, in the order of its keys: larger ones would cost
// memory and save nothing.
constexpr std::size_t kAttachmentsBuffer = 8 * kMegabyte;

struct FamilyName {
  const char* name;
  rocksdb::ColumnFamilyHandle* Families::* handle;
};

constexpr std::array<FamilyName, 9> kFamilies = {{{"default", &Families::catalogue},
                                                  {"documents", &Families::documents},
                                                  {"bodies", &Families::bodies},
                                                  {"changes", &Families::changes},
                                                  {"local", &Families::local},
                                                  {"attachments", &Families::attachments},
                                                  {"counters", &Families::counters},
                                                  {"indexes", &Families::indexes},
                                                  {"log", &Families::log}}};

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  options.write_buffer_size = 32 * kMegabyte;
  options.level_compaction_dynamic_level_bytes = true;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  // Rows of one database often come in the order of their keys: a memory table remembers where the last one
  // went.
  options.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(sizeof(DatabaseNumber)));
  return options;
}

rocksdb::DBOptions db_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 256 * kMegabyte;
  options.keep_log_file_num = 4;
  // After a crash the log may end in the middle of a batch that nobody was told of: everything before it
  // stands.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(std::size_t cache_bytes) {
  auto cache = rocksdb::NewLRUCache(cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(kFamilies.size());
  for (const FamilyName& family : kFamilies) {
    rocksdb::ColumnFamilyDescriptor& descriptor =
        descriptors.emplace_back(family.name, family_options(cache));
    if (family.handle == &Families::attachments) descriptor.options.write_buffer_size = kAttachmentsBuffer;
  }
  return descriptors;
}

// RocksDB would keep messages of its own in a folder, and the one that is only read is not for that.
class NoMessages final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};
constexpr const char* kNoFolder = "";

// RocksDB has no code of its own for a lock that another process, or this one, holds.
bool is_locked(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return status.IsIOError() &&
         (text.contains("While lock file") || text.contains("lock hold by current process"));
}

}  // namespace

Result<std::unique_ptr<OpenedDb>> OpenedDb::open(const std::string& directory, std::size_t cache_bytes) {
  std::unique_ptr<OpenedDb> opened(new OpenedDb());
  rocksdb::DBOptions options = db_options();
  std::string path = directory;
  if (directory.empty()) {
    opened->memory_.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    options.env = opened->memory_.get();
    path = "/memory";
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, path, family_descriptors(cache_bytes), &handles, &db);
  if (is_locked(status)) {
    return fail(Errc::unavailable, "cannot open the store: a server is running on it, which holds its lock");
  }
  if (!status.ok()) return fail(Errc::unavailable, "cannot open the store: " + status.ToString());
  opened->take(db, handles);
  return opened;
}

Result<std::unique_ptr<OpenedDb>> OpenedDb::open_to_read(const std::string& directory,
                                                         std::size_t cache_bytes) {
  std::unique_ptr<OpenedDb> opened(new OpenedDb());
  rocksdb::DBOptions options = db_options();
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  options.max_open_files = -1;  // a file that is open stays readable when the writer removes it
  options.info_log = std::make_shared<NoMessages>();
  opened->is_still_ = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::OpenAsSecondary(options, directory, kNoFolder,
                                                        family_descriptors(cache_bytes), &handles, &db);
  if (!status.ok()) return fail(Errc::unavailable, "cannot open the store: " + status.ToString());
  opened->take(db, handles);
  // The writer may have put away a log between the look at its files and the look at its logs.
  status = db->TryCatchUpWithPrimary();
  if (!status.ok()) return fail(Errc::unavailable, "cannot read the store: " + status.ToString());
  return opened;
}

void OpenedDb::take(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  db_.reset(db);
  for (std::size_t i = 0; i < kFamilies.size(); ++i) families_.*kFamilies[i].handle = handles[i];
}

OpenedDb::~OpenedDb() {
  close();
}

void OpenedDb::close() {
  if (!db_) return;
  {
    std::lock_guard lock(snapshots_mutex_);
    for (const rocksdb::Snapshot* snapshot : std::exchange(snapshots_, {})) db_->ReleaseSnapshot(snapshot);
  }
  if (!is_still()) {
    const bool on_disk = memory_ == nullptr;
    rocksdb::Status status = db_->FlushWAL(on_disk);
    if (!status.ok()) log::error("the store's log could not be synced", {{"status", status.ToString()}});
  }
  for (const FamilyName& family : kFamilies) {
    db_->DestroyColumnFamilyHandle(families_.*family.handle);
    families_.*family.handle = nullptr;
  }
  rocksdb::Status status = db_->Close();
  if (!status.ok()) log::error("the store could not be closed", {{"status", status.ToString()}});
  db_.reset();
}

rocksdb::Status OpenedDb::write(const rocksdb::WriteOptions& options, rocksdb::WriteBatch& batch) {
  std::lock_guard lock(write_mutex_);
  return db_->Write(options, &batch);
}

const rocksdb::Snapshot* OpenedDb::take_snapshot() {
  if (is_still()) return nullptr;
  std::lock_guard lock(snapshots_mutex_);
  return *snapshots_.insert(db_->GetSnapshot()).first;
}

void OpenedDb::release(const rocksdb::Snapshot* snapshot) {
  std::lock_guard lock(snapshots_mutex_);
  if (snapshots_.erase(snapshot) > 0) db_->ReleaseSnapshot(snapshot);
}

std::vector<rocksdb::ColumnFamilyHandle*> OpenedDb::row_families() const {
  return {families_.documents,   families_.bodies,   families_.changes, families_.local,
          families_.attachments, families_.counters, families_.indexes};
}

Error translated(const rocksdb::Status& status) {
  log::error("storage failed", {{"status", status.ToString()}});
  if (status.IsCorruption()) return {Errc::internal, "the store is corrupt"};
  if (status.IsNoSpace()) return {Errc::unavailable, "the store is full"};
  return {Errc::unavailable, "the store cannot be reached"};
}

Error corrupt(std::string_view what) {
  log::error("the store holds a row that cannot be read", {{"kind", what}});
  return {Errc::internal, "the store is corrupt"};
}

}  // namespace mycouch::store::rocks
