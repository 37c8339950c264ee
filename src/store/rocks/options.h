// How a RocksDB is opened whose keys begin with a database's number. Included by .cc files only.
#pragma once

#include <memory>

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

namespace mycouch::store::rocks {

rocksdb::DBOptions db_options();
/// Of every family.
rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace mycouch::store::rocks
