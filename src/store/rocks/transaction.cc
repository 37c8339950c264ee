#include "store/rocks/transaction.h"

#include <utility>

#include "base/varint.h"

namespace mycouch::store::rocks {
namespace {

// A reader of one record decodes its whole row.
constexpr std::uint32_t kMostRecordsInRow = 128;

// The bytes under `key`; nothing where there are none.
Result<std::optional<rocksdb::PinnableSlice>> get(OpenedDb& opened, rocksdb::ColumnFamilyHandle* family,
                                                  std::string_view key) {
  rocksdb::PinnableSlice value;
  rocksdb::Status status = opened.db().Get(rocksdb::ReadOptions(), family, slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(translated(status));
  return value;
}

// The record under `key`, or `Record{}` where there is none.
template <class Record>
Result<std::optional<Record>> load(OpenedDb& opened, rocksdb::ColumnFamilyHandle* family,
                                   std::string_view key, std::string_view kind) {
  MYCOUCH_TRY(auto bytes, get(opened, family, key));
  if (!bytes) return std::nullopt;
  std::optional<Record> record = Record::decode(view(*bytes));
  if (!record) return std::unexpected(corrupt(kind));
  return record;
}

template <class Row>
std::uint32_t records_of(const std::vector<Row>& rows) {
  std::uint32_t count = 0;
  for (const Row& row : rows) count += row.records;
  return count;
}

}  // namespace

Result<Entry*> Transaction::entry(const std::string& document_key) {
  if (auto at = entries_.find(document_key); at != entries_.end()) return &at->second.entry;
  MYCOUCH_TRY(auto found, load<Entry>(opened_, opened_.families().documents, document_key, "entry"));
  LoadedEntry& loaded = entries_[document_key];
  if (found) loaded.entry = *std::move(found);
  return &loaded.entry;
}

void Transaction::entry_changed(const std::string& document_key) {
  entries_.at(document_key).changed = true;
}

void Transaction::entry_purged(const std::string& document_key) {
  LoadedEntry& loaded = entries_.at(document_key);
  loaded.changed = true;
  loaded.purged = true;
}

bool Transaction::purged(const std::string& document_key) const {
  return entries_.at(document_key).purged;
}

void Transaction::at_end(const std::string& document_key, AtEnd work) {
  if (std::exchange(entries_.at(document_key).has_work, true)) return;
  at_end_.push_back(std::move(work));
}

bool Transaction::first_change(const std::string& document_key) {
  return !std::exchange(entries_.at(document_key).seen_before_change, true);
}

Result<std::optional<Entry>> Transaction::committed_entry(const std::string& document_key) {
  return load<Entry>(opened_, opened_.families().documents, document_key, "entry");
}

Result<Counters*> Transaction::counters(const std::string& scope_prefix) {
  if (auto at = counters_.find(scope_prefix); at != counters_.end()) return &at->second;
  MYCOUCH_TRY(auto found, load<Counters>(opened_, opened_.families().counters, scope_prefix, "counters"));
  return &(counters_[scope_prefix] = found.value_or(Counters{}));
}

Result<std::optional<std::string>> Transaction::body(const std::string& body_key) {
  if (auto at = bodies_.find(body_key); at != bodies_.end()) return at->second;
  MYCOUCH_TRY(auto bytes, get(opened_, opened_.families().bodies, body_key));
  if (!bytes) return std::nullopt;
  return std::string(view(*bytes));
}

void Transaction::put_body(std::string body_key, std::string record) {
  bodies_[std::move(body_key)] = std::move(record);
}

void Transaction::erase_body(const std::string& body_key) {
  bodies_[body_key] = std::nullopt;
}

Result<AttachmentRecord*> Transaction::attachment(const std::string& key) {
  if (auto at = attachments_.find(key); at != attachments_.end()) return &at->second;
  MYCOUCH_TRY(auto found, load<AttachmentRecord>(opened_, opened_.families().attachments, key, "attachment"));
  return &(attachments_[key] = found.value_or(AttachmentRecord{}));
}

Result<void> Transaction::refer_to_attachment(std::string_view prefix, const base::Md5& digest,
                                              const TakenContent* content) {
  MYCOUCH_TRY(AttachmentRecord * record, attachment(attachment_key(prefix, digest, 0)));
  if (record->references == 0) {
    if (content == nullptr) return std::unexpected(corrupt("attachment references"));
    put_content(prefix, digest, *record, *content);
  } else if (content != nullptr && content->in_rows && record->content != content->name) {
    content->handed_over = true;
    batch_.Delete(opened_.families().catalogue, pending_key(content->name));
    drop_chunks(prefix, content->name, record->chunks());
  }
  ++record->references;
  return {};
}

void Transaction::put_content(std::string_view prefix, const base::Md5& digest, AttachmentRecord& record,
                              const TakenContent& content) {
  record.length = content.stored_length;
  record.content.reset();
  if (content.in_rows) {
    content.handed_over = true;
    record.content = content.name;
    batch_.Delete(opened_.families().catalogue, pending_key(content.name));
    return;
  }
  std::uint32_t chunk = 0;
  for (std::string_view left = content.bytes; !left.empty();) {
    std::string_view piece = left.substr(0, AttachmentRecord::kChunk);
    batch_.Put(opened_.families().attachments, attachment_key(prefix, digest, ++chunk), slice(piece));
    left.remove_prefix(piece.size());
  }
}

void Transaction::drop_chunks(std::string_view prefix, const base::Md5& name, std::uint32_t chunks) {
  for (std::uint32_t chunk = 1; chunk <= chunks; ++chunk) {
    batch_.Delete(opened_.families().attachments, attachment_key(prefix, name, chunk));
  }
}

Result<void> Transaction::release_attachment(std::string_view prefix, const base::Md5& digest) {
  MYCOUCH_TRY(AttachmentRecord * record, attachment(attachment_key(prefix, digest, 0)));
  if (record->references == 0) return std::unexpected(corrupt("attachment references"));
  if (--record->references > 0) return {};
  drop_chunks(prefix, record->content_or(digest), record->chunks());
  return {};
}

Result<const PartitionIndexes*> Transaction::indexes(const std::string& prefix) {
  if (auto at = indexes_.find(prefix); at != indexes_.end()) return at->second.get();
  IndexCache::Indexes found = known_indexes_.find(prefix);
  if (!found) {
    const std::uint64_t version = known_indexes_.version();
    MYCOUCH_TRY(auto bytes, get(opened_, opened_.families().indexes, index_prefix(prefix, 0)));
    auto read = PartitionIndexes::read(bytes ? view(*bytes) : std::string_view());
    if (!read) return std::unexpected(corrupt("indexes"));
    found = std::make_shared<PartitionIndexes>(*std::move(read));
    known_indexes_.put_read(prefix, found, version);
  }
  return (indexes_[prefix] = std::move(found)).get();
}

Result<PartitionIndexes*> Transaction::change_indexes(const std::shared_ptr<DatabaseRecord>& database,
                                                      const std::string& prefix) {
  MYCOUCH_TRY(const PartitionIndexes* before, indexes(prefix));
  auto changed = std::make_shared<PartitionIndexes>(*before);
  indexes_[prefix] = changed;
  changed_indexes_[prefix] = database;
  return changed.get();
}

void Transaction::put_index_row(const std::string& row_key, std::size_t key_length) {
  std::string value;
  base::append_varint(value, key_length);
  batch_.Put(opened_.families().indexes, row_key, value);
}

void Transaction::erase_index_row(const std::string& row_key) {
  batch_.Delete(opened_.families().indexes, row_key);
}

void Transaction::put_indexes() {
  const Families& families = opened_.families();
  for (const auto& [prefix, database] : changed_indexes_) {
    const PartitionIndexes& changed = *indexes_.at(prefix);
    batch_.Put(families.indexes, index_prefix(prefix, 0), changed.record.encode());
    if (changed.has_work()) {
      batch_.Put(families.catalogue, indexing_key(prefix), {});
    } else {
      batch_.Delete(families.catalogue, indexing_key(prefix));
    }
  }
}

void Transaction::publish_indexes() const {
  for (const auto& [prefix, database] : changed_indexes_) known_indexes_.put(prefix, indexes_.at(prefix));
}

Result<std::optional<LocalRecord>> Transaction::local(const std::string& local_key) {
  if (auto at = locals_.find(local_key); at != locals_.end()) return at->second;
  return load<LocalRecord>(opened_, opened_.families().local, local_key, "local document");
}

void Transaction::put_local(const std::string& local_key, std::optional<LocalRecord> record) {
  locals_[local_key] = std::move(record);
}

void Transaction::put_change(const std::string& change_key, const ChangeRecord& record) {
  batch_.Put(opened_.families().changes, change_key, record.encode());
}

void Transaction::erase_change(const std::string& change_key) {
  batch_.Delete(opened_.families().changes, change_key);
}

std::shared_ptr<DatabaseRecord> Transaction::database(const std::string& name) const {
  auto at = databases_.find(name);
  return at == databases_.end() ? catalogue_.find(name) : at->second;
}

void Transaction::create_database(std::shared_ptr<DatabaseRecord> record) {
  batch_.Put(opened_.families().catalogue, database_key(record->name), database_value(*record, {}));
  std::string name = record->name;
  databases_[name] = std::move(record);
}

void Transaction::remove_database(const std::shared_ptr<DatabaseRecord>& record) {
  batch_.Delete(opened_.families().catalogue, database_key(record->name));
  batch_.Put(opened_.families().catalogue, dead_key(record->number), {});
  databases_[record->name] = nullptr;
  removed_.push_back(record);
}

void Transaction::change_settings(const std::shared_ptr<DatabaseRecord>& record,
                                  const SettingsChange& change) {
  DatabaseSettings& settings = settings_.try_emplace(record, record->settings()).first->second;
  if (change.revs_limit) settings.revs_limit = *change.revs_limit;
  if (change.purged_infos_limit) settings.purged_infos_limit = *change.purged_infos_limit;
  if (change.security) settings.security = *change.security;
}

void Transaction::publish_databases(Catalogue& catalogue) const {
  for (const auto& [record, settings] : settings_) record->set_settings(settings);
  for (const auto& record : removed_) record->removed = true;
  for (const auto& [name, record] : databases_) {
    catalogue.remove(name);
    if (record) catalogue.add(record);
  }
}

void Transaction::changed(const std::shared_ptr<DatabaseRecord>& database, const std::string& id) {
  if (!database->observers.empty()) written_[database].ids.push_back(id);
}

void Transaction::touched(const std::shared_ptr<DatabaseRecord>& database, const std::string& scope,
                          std::string scope_prefix) {
  const bool first = touched_.insert(std::move(scope_prefix)).second;
  if (first && !database->observers.empty()) written_[database].scopes.push_back(scope);
}

void Transaction::log(const LogRecord& record) {
  std::vector<UnplacedLogRow>& rows = log_rows_[record.log];
  if (rows.empty() || rows.back().records == kMostRecordsInRow) rows.emplace_back();
  LogRow::append(rows.back().bytes, record);
  ++rows.back().records;
}

Result<void> Transaction::restore_log(const std::string& log, const std::vector<LogEntry>& records) {
  auto at = restored_logs_.find(log);
  if (at == restored_logs_.end()) {
    MYCOUCH_TRY(const LogPosition end, logs_.end(log));
    at = restored_logs_.emplace(log, RestoredLog{.end = end, .rows = {}}).first;
  }
  RestoredLog& restored = at->second;
  for (const LogEntry& record : records) {
    if (record.position < restored.end) continue;
    const bool follows = !restored.rows.empty() && restored.end == record.position &&
                         restored.rows.back().first.time == record.position.time &&
                         restored.rows.back().records < kMostRecordsInRow;
    if (!follows) restored.rows.push_back({.first = record.position, .bytes = {}});
    RestoredLog::Row& row = restored.rows.back();
    LogRow::append(row.bytes, {.log = log, .text = record.text, .topics = record.topics});
    ++row.records;
    restored.end = behind(record.position);
  }
  return {};
}

std::map<std::string, std::uint32_t> Transaction::logged() const {
  std::map<std::string, std::uint32_t> counts;
  for (const auto& [log, rows] : log_rows_) counts[log] += records_of(rows);
  for (const auto& [log, restored] : restored_logs_) counts[log] += records_of(restored.rows);
  return counts;
}

Result<void> Transaction::put_restored_log_rows() {
  for (const auto& [log, restored] : restored_logs_) {
    const std::string prefix = log_rows_prefix(log);
    for (const RestoredLog::Row& row : restored.rows) {
      batch_.Put(opened_.families().log, position_key(prefix, row.first), row.bytes);
    }
    MYCOUCH_CHECK(logs_.begin_behind(log, restored.end));
  }
  return {};
}

Result<void> Transaction::put_log_rows() {
  MYCOUCH_CHECK(put_restored_log_rows());
  for (const auto& [log, rows] : log_rows_) {
    MYCOUCH_TRY(LogPosition position, logs_.take_positions(log, records_of(rows)));
    const std::string prefix = log_rows_prefix(log);
    for (const UnplacedLogRow& row : rows) {
      batch_.Put(opened_.families().log, position_key(prefix, position), row.bytes);
      position.number += row.records;
    }
  }
  return {};
}

Result<rocksdb::WriteBatch*> Transaction::batch() {
  for (AtEnd& work : at_end_) MYCOUCH_CHECK(work(*this));
  for (AtEnd& work : at_last_) MYCOUCH_CHECK(work(*this));
  put_indexes();
  MYCOUCH_CHECK(put_log_rows());
  const Families& families = opened_.families();
  for (const auto& [record, settings] : settings_) {
    if (database(record->name) != record) continue;  // removed meanwhile
    batch_.Put(families.catalogue, database_key(record->name), database_value(*record, settings));
  }
  for (auto& [key, loaded] : entries_) {
    if (!loaded.changed) continue;
    if (loaded.entry.tree.empty()) {
      batch_.Delete(families.documents, key);
    } else {
      batch_.Put(families.documents, key, loaded.entry.encode());
    }
  }
  for (auto& [key, counters] : counters_) batch_.Put(families.counters, key, counters.encode());
  for (auto& [key, record] : bodies_) {
    if (record) {
      batch_.Put(families.bodies, key, *record);
    } else {
      batch_.Delete(families.bodies, key);
    }
  }
  for (auto& [key, record] : attachments_) {
    if (record.references > 0) {
      batch_.Put(families.attachments, key, record.encode());
    } else {
      batch_.Delete(families.attachments, key);
    }
  }
  for (auto& [key, record] : locals_) {
    if (record) {
      batch_.Put(families.local, key, record->encode());
    } else {
      batch_.Delete(families.local, key);
    }
  }
  return &batch_;
}

}  // namespace mycouch::store::rocks
