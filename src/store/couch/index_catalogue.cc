#include "store/couch/index_catalogue.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"
#include "base/varint.h"
#include "store/couch/index_keys.h"

namespace mycouch::store::couch {
namespace {

using Durability = IndexFiles::Durability;

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kEpochBytes = 4;

// Another one after each start of the machine; empty where the system does not tell.
std::string boot_of_machine() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(file, boot);
  return boot;
}

}  // namespace

std::string new_epoch() {
  return base::to_hex(base::random_bytes(kEpochBytes));
}

Result<void> IndexCatalogue::load() {
  MYCOUCH_CHECK(load_index_row());
  MYCOUCH_CHECK(load_databases());
  MYCOUCH_CHECK(sweep_dead());
  return note_open();
}

Result<void> IndexCatalogue::load_index_row() {
  MYCOUCH_TRY(auto row, files_.get(files_.families().catalogue, kIndexKey));
  if (!row) {
    uuid_ = base::random_uuid();
    std::string value;
    base::append_varint(value, kFormat);
    base::append_sized(value, uuid_);
    rocksdb::WriteBatch batch;
    batch.Put(files_.families().catalogue, rocks::slice(kIndexKey), value);
    return files_.write(batch, Durability::synced);
  }
  base::RecordReader reader(rocks::view(*row));
  auto format = reader.varint();
  auto uuid = reader.sized();
  if (!format || !uuid) return std::unexpected(rocks::corrupt("index"));
  if (*format != kFormat) {
    return fail(
        Errc::unavailable,
        "the scope index was made by another version of mycouch; without its directory it is made anew");
  }
  uuid_ = *uuid;
  return {};
}

Result<void> IndexCatalogue::load_databases() {
  Rows rows(files_, files_.families().catalogue, std::string(kDatabaseKeys));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    auto record = DatabaseRecord::decode(rows.value());
    if (!record) return std::unexpected(rocks::corrupt("database"));
    last_number_ = std::max(last_number_, record->number);
    records_.emplace(rows.key(), std::make_shared<DatabaseRecord>(*std::move(record)));
  }
  return rows.check();
}

Result<void> IndexCatalogue::sweep_dead() {
  Rows rows(files_, files_.families().catalogue, std::string(kDeadKeys));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (rows.key().size() != sizeof(DatabaseNumber)) return std::unexpected(rocks::corrupt("dead database"));
    const DatabaseNumber number = read_u32(rows.key());
    last_number_ = std::max(last_number_, number);
    sweep(number);
  }
  return rows.check();
}

// Where an index was not closed, the end of the process lost nothing; the end of the machine may have.
Result<void> IndexCatalogue::note_open() {
  const std::string boot = boot_of_machine();
  MYCOUCH_TRY(auto opened_in, files_.get(files_.families().catalogue, kOpenKey));
  const bool may_be_lost = opened_in && (boot.empty() || rocks::view(*opened_in) != boot);
  rocksdb::WriteBatch batch;
  batch.Put(files_.families().catalogue, rocks::slice(kOpenKey), boot);
  if (may_be_lost) {
    log::warning("the scope index was not closed before the machine ended: its feeds begin anew");
    for (auto& [name, record] : records_) {
      DatabaseRecord renewed = *record;
      renewed.state.epoch = new_epoch();
      batch.Put(files_.families().catalogue, database_key(name), renewed.encode());
      record = std::make_shared<DatabaseRecord>(std::move(renewed));
    }
  }
  return files_.write(batch, Durability::synced);
}

void IndexCatalogue::close() {
  rocksdb::WriteBatch batch;
  batch.Delete(files_.families().catalogue, rocks::slice(kOpenKey));
  if (!files_.write(batch, Durability::synced)) log::error("the scope index could not be synced");
}

IndexCatalogue::Record IndexCatalogue::find(std::string_view name) const {
  std::shared_lock lock(mutex_);
  auto at = records_.find(name);
  return at == records_.end() ? nullptr : at->second;
}

void IndexCatalogue::set(const std::string& name, Record record) {
  std::lock_guard lock(mutex_);
  if (record) {
    records_.insert_or_assign(name, std::move(record));
  } else {
    records_.erase(name);
  }
}

Result<void> IndexCatalogue::change(const std::string& name, DatabaseRecord record,
                                    rocksdb::WriteBatch& batch) {
  batch.Put(files_.families().catalogue, database_key(name), record.encode());
  MYCOUCH_CHECK(files_.write(batch, Durability::relaxed));
  set(name, std::make_shared<DatabaseRecord>(std::move(record)));
  return {};
}

Result<void> IndexCatalogue::replace(const std::string& name, std::optional<DatabaseState> state) {
  const Record before = find(name);
  const Family family = files_.families().catalogue;
  rocksdb::WriteBatch batch;
  Record after;
  if (state) {
    after = std::make_shared<DatabaseRecord>(
        DatabaseRecord{.number = ++last_number_, .state = *std::move(state)});
    batch.Put(family, database_key(name), after->encode());
  } else {
    batch.Delete(family, database_key(name));
  }
  if (before) batch.Put(family, dead_key(before->number), rocksdb::Slice());
  MYCOUCH_CHECK(files_.write(batch, Durability::relaxed));
  set(name, std::move(after));
  if (before) sweep(before->number);
  return {};
}

// What fails here is done at the next start.
void IndexCatalogue::sweep(DatabaseNumber number) {
  if (!files_.sweep(number)) log::warning("rows of a former database stay in the scope index for now");
}

}  // namespace mycouch::store::couch
