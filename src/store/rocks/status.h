// RocksDB's strings and statuses as ours. Included by .cc files only.
#pragma once

#include <string_view>

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include "base/error.h"

namespace mycouch::store::rocks {

inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// A failed status as an error: corruption is `internal`, anything else `unavailable`. Its text goes to the
/// log, not to the client, because it may hold keys.
Error translated(const rocksdb::Status& status);
/// For rows that a decoder refused.
Error corrupt(std::string_view what);
/// Of a RocksDB that does not open: `unavailable` with RocksDB's words, or with ours where another process
/// holds it.
Error cannot_open(const rocksdb::Status& status);

}  // namespace mycouch::store::rocks
