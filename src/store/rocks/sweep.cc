#include "store/rocks/sweep.h"

#include "store/rocks/keys.h"

namespace mycouch::store::rocks {
namespace {

constexpr int kRowsAtOnce = 1000;

}  // namespace

bool sweep_rows(EngineCore& core, rocksdb::ColumnFamilyHandle* family, const std::string& prefix) {
  const std::string end = end_of(prefix);
  rocksdb::Slice end_slice = slice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end_slice;
  options.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> rows(core.opened->db().NewIterator(options, family));
  rocksdb::WriteBatch batch;
  for (rows->Seek(slice(prefix)); rows->Valid(); rows->Next()) {
    if (core.stopping) return false;
    batch.Delete(family, rows->key());
    if (batch.Count() < kRowsAtOnce) continue;
    if (!core.opened->write(rocksdb::WriteOptions(), batch).ok()) return false;
    batch.Clear();
  }
  return rows->status().ok() && core.opened->write(rocksdb::WriteOptions(), batch).ok();
}

}  // namespace mycouch::store::rocks
