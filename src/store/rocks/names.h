// The names of a database's partitions and scopes, from the keys of its rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <rocksdb/db.h>

#include "base/error.h"
#include "store/rocks/keys.h"

namespace mycouch::store::rocks {

/// Names of partitions or scopes with rows in the family, at most `limit`, behind `after` or from the first,
/// in the order of their bytes. One seek for each, whatever lies between. May wait for the disk.
Result<std::vector<std::string>> names_of_rows(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                               DatabaseNumber database,
                                               const std::optional<std::string>& after, std::size_t limit);

}  // namespace mycouch::store::rocks
