#include "store/couch/index_keys.h"

#include "base/digest.h"
#include "base/encoding.h"

namespace mycouch::store::couch {
namespace {

constexpr std::size_t kScopeEpochBytes = 4;

void append_scope(std::string& key, const ScopeName& scope) {
  append_terminated(key, scope.partition);
  key += is_partial(scope) ? '\x01' : '\0';
  if (is_partial(scope)) append_terminated(key, scope.scope);
}

}  // namespace

std::string database_key(std::string_view name) {
  return std::string(kDatabaseKeys).append(name);
}

std::string dead_key(DatabaseNumber database) {
  std::string key(kDeadKeys);
  append_u32(key, database);
  return key;
}

std::string scope_prefix(DatabaseNumber database, const ScopeName& scope) {
  std::string key;
  key.reserve(scope.partition.size() + scope.scope.size() + 16);
  append_u32(key, database);
  append_scope(key, scope);
  return key;
}

std::string scope_epoch(std::string_view database_epoch, const ScopeName& scope) {
  std::string epoch(database_epoch);
  if (scope == ScopeName{}) return epoch;
  std::string name;
  append_scope(name, scope);
  return epoch += base::to_hex(base::as_text(base::sha256(name)).substr(0, kScopeEpochBytes));
}

}  // namespace mycouch::store::couch
