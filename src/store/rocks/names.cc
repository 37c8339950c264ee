#include "store/rocks/names.h"

#include "store/rocks/families.h"

namespace mycouch::store::rocks {

Result<std::vector<std::string>> names_of_rows(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                               DatabaseNumber database,
                                               const std::optional<std::string>& after, std::size_t limit) {
  const std::string end = end_of(database_prefix(database));
  const rocksdb::Slice end_slice = slice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end_slice;
  std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator(options, family));
  std::vector<std::string> names;
  rows->Seek(after ? end_of(key_prefix(database, *after)) : database_prefix(database));
  while (names.size() < limit && rows->Valid()) {
    std::optional<std::string> name = name_in(view(rows->key()));
    if (!name) return std::unexpected(corrupt("key"));
    const std::string next = end_of(key_prefix(database, *name));
    names.push_back(*std::move(name));
    if (names.size() < limit) rows->Seek(next);
  }
  if (!rows->status().ok()) return std::unexpected(translated(rows->status()));
  return names;
}

}  // namespace mycouch::store::rocks
