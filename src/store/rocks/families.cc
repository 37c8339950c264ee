#include "store/rocks/families.h"

#include <array>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/env.h>

#include "base/log.h"
#include "store/rocks/options.h"

namespace mycouch::store::rocks {
namespace {

// A content that is streamed in fills buffer after buffer, in the order of its keys: larger ones would cost
// memory and save nothing.
constexpr std::size_t kAttachmentsBuffer = std::size_t{8} << 20;

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

constexpr const char* kNoFolder = "";

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
  if (!status.ok()) return std::unexpected(cannot_open(status));
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

}  // namespace mycouch::store::rocks
