#include "store/rocks/options.h"

#include <cstdarg>

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "store/keys.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

// RocksDB keeps no log of its own: what fails is told by the statuses of calls. Its log file would end the
// process on a full disk. Debian builds RocksDB with its assertions, and one of them forbids to append to a
// file after a write to it has failed, which that log does.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

rocksdb::DBOptions db_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 256 * kMegabyte;
  options.info_log = std::make_shared<NoLog>();
  // After a crash the log may end in the middle of a batch that nobody was told of: everything before it
  // stands.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

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

}  // namespace mycouch::store::rocks
