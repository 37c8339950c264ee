#include "store/couch/index_files.h"

#include <array>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>

#include "base/log.h"
#include "store/couch/index_keys.h"
#include "store/rocks/options.h"

namespace mycouch::store::couch {
namespace {

// Of all families together: beyond it the fullest is written out.
constexpr std::size_t kWriteBuffers = std::size_t{64} << 20;

struct FamilyName {
  const char* name;
  Family IndexFamilies::* handle;
};

constexpr std::array<FamilyName, 5> kFamilies = {{{"default", &IndexFamilies::catalogue},
                                                  {"documents", &IndexFamilies::documents},
                                                  {"changes", &IndexFamilies::changes},
                                                  {"counters", &IndexFamilies::counters},
                                                  {"members", &IndexFamilies::members}}};

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options = rocks::family_options(cache);
  // RocksDB 7.8 takes a hint of where a row went for one of where a deleted range went, which is another
  // table, and then puts that into the wrong one.
  options.memtable_insert_with_hint_prefix_extractor.reset();
  return options;
}

}  // namespace

Result<std::unique_ptr<IndexFiles>> IndexFiles::open(const std::string& directory, std::size_t cache_bytes) {
  std::unique_ptr<IndexFiles> files(new IndexFiles());
  rocksdb::DBOptions options = rocks::db_options();
  options.db_write_buffer_size = kWriteBuffers;
  std::string path = directory;
  if (directory.empty()) {
    files->memory_.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    options.env = files->memory_.get();
    path = "/memory";
  }
  auto cache = rocksdb::NewLRUCache(cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(kFamilies.size());
  for (const FamilyName& family : kFamilies) {
    descriptors.emplace_back(family.name, family_options(cache));
  }
  std::vector<Family> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, path, descriptors, &handles, &db);
  if (!status.ok()) return std::unexpected(rocks::cannot_open(status));
  files->db_.reset(db);
  for (std::size_t i = 0; i < kFamilies.size(); ++i) files->families_.*kFamilies[i].handle = handles[i];
  return files;
}

IndexFiles::~IndexFiles() {
  if (!db_) return;
  for (const FamilyName& family : kFamilies) {
    db_->DestroyColumnFamilyHandle(families_.*family.handle).PermitUncheckedError();
  }
  rocksdb::Status status = db_->Close();
  if (!status.ok()) log::error("the scope index could not be closed", {{"status", status.ToString()}});
}

Result<std::optional<rocksdb::PinnableSlice>> IndexFiles::get(Family family, std::string_view key) {
  rocksdb::PinnableSlice value;
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family, rocks::slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(rocks::translated(status));
  return value;
}

Result<void> IndexFiles::write(rocksdb::WriteBatch& batch, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::synced;
  rocksdb::Status status = db_->Write(options, &batch);
  if (status.ok()) return {};
  // After a failed write RocksDB refuses all others until it is told that the cause may be gone.
  db_->Resume().PermitUncheckedError();
  return std::unexpected(rocks::translated(status));
}

Result<void> IndexFiles::sweep(DatabaseNumber database) {
  const std::string prefix = database_prefix(database);
  const std::string end = end_of(prefix);
  const rocksdb::Slice from = rocks::slice(prefix);
  const rocksdb::Slice to = rocks::slice(end);
  rocksdb::WriteBatch batch;
  for (Family family : {families_.documents, families_.changes, families_.counters, families_.members}) {
    rocksdb::DeleteFilesInRange(db_.get(), family, &from, &to, false).PermitUncheckedError();
    batch.DeleteRange(family, from, to);
  }
  batch.Delete(families_.catalogue, dead_key(database));
  return write(batch, Durability::relaxed);
}

Rows::Rows(IndexFiles& files, Family family, std::string prefix)
    : prefix_(std::move(prefix)),
      end_(end_of(prefix_)),
      lower_bound_(rocks::slice(prefix_)),
      upper_bound_(rocks::slice(end_)) {
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower_bound_;
  options.iterate_upper_bound = &upper_bound_;
  rows_.reset(files.db().NewIterator(options, family));
}

Result<void> Rows::check() const {
  if (rows_->status().ok()) return {};
  return std::unexpected(rocks::translated(rows_->status()));
}

}  // namespace mycouch::store::couch
