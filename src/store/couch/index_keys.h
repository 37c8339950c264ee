// The keys of the scope index. One RocksDB, one column family for each kind of row:
//
// clang-format off
//   family     key                           value (index_records.h)
//   default    "index"                       format version, uuid
//              "open"                        the boot of the machine in which the index is open
//              "database/" name              DatabaseRecord
//              "dead/" database              nothing: its rows are still to be swept
//   documents  database partition id         DocumentRecord
//   changes    database scope sequence:u64   ChangeRecord (store/change_record.h)
//   counters   database scope                CountersRecord
//   members    database scope id             nothing: the document belongs to the scope and is not deleted
// clang-format on
//
// database is a number of 4 bytes that no two lives of a database share. A scope is its partition, and 00
// where it is all of that, or else 01 and its name; only of these others there are rows in "members".
// Integers and strings are as store/keys.h has them.
#pragma once

#include <string>
#include <string_view>

#include "store/couch/scope_index.h"
#include "store/keys.h"

namespace mycouch::store::couch {

inline constexpr std::string_view kIndexKey = "index";
inline constexpr std::string_view kOpenKey = "open";
inline constexpr std::string_view kDatabaseKeys = "database/";
inline constexpr std::string_view kDeadKeys = "dead/";

std::string database_key(std::string_view name);
std::string dead_key(DatabaseNumber database);

/// What the keys of a partition's documents begin with.
inline std::string partition_prefix(DatabaseNumber database, std::string_view partition) {
  return key_prefix(database, partition);
}
/// What the keys of a scope's rows begin with.
std::string scope_prefix(DatabaseNumber database, const ScopeName& scope);
/// Whether the scope is less than its partition.
inline bool is_partial(const ScopeName& scope) {
  return scope.scope != scope.partition;
}

/// The epoch of a scope's sequence, of its database's.
std::string scope_epoch(std::string_view database_epoch, const ScopeName& scope);

}  // namespace mycouch::store::couch
