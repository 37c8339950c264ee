#include "store/rocks/status.h"

#include <string>

#include "base/log.h"

namespace mycouch::store::rocks {
namespace {

// RocksDB has no code of its own for a lock that another process, or this one, holds.
bool is_locked(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return status.IsIOError() &&
         (text.contains("While lock file") || text.contains("lock hold by current process"));
}

}  // namespace

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

Error cannot_open(const rocksdb::Status& status) {
  if (is_locked(status)) {
    return {Errc::unavailable, "cannot open the store: a server is running on it, which holds its lock"};
  }
  return {Errc::unavailable, "cannot open the store: " + status.ToString()};
}

}  // namespace mycouch::store::rocks
