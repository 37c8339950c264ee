// One group of commits while it is applied: what it has read and what it will write. Included by .cc files
// only.
//
// Later commits of a group see what earlier ones wrote, because rows that are read and changed (entries,
// counters, local documents, references of attachments, bodies) are kept decoded here and go into the batch
// once, at the end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <rocksdb/write_batch.h>

#include "store/rocks/catalogue.h"
#include "store/rocks/contents.h"
#include "store/rocks/families.h"
#include "store/rocks/indexes.h"
#include "store/rocks/logs.h"
#include "store/rocks/records.h"

namespace mycouch::store::rocks {

/// On the commit queue's thread only.
class Transaction {
 public:
  Transaction(OpenedDb& opened, const Catalogue& catalogue, Logs& logs, IndexCache& known_indexes)
      : opened_(opened), catalogue_(catalogue), logs_(logs), known_indexes_(known_indexes) {}

  /// The document's entry, empty where there is none; changes to it are written once `entry_changed` is
  /// called. Valid as long as the transaction.
  Result<Entry*> entry(const std::string& document_key);
  void entry_changed(const std::string& document_key);
  /// The entry was emptied: it goes, unless a later edit of the group makes the document anew.
  void entry_purged(const std::string& document_key);
  bool purged(const std::string& document_key) const;
  /// `work` is done for this document once all commits of the group have been applied, in the order of the
  /// first calls; only a document's first call counts. What it refers to outlives the transaction.
  using AtEnd = std::function<Result<void>(Transaction&)>;
  void at_end(const std::string& document_key, AtEnd work);
  /// True once for each document: whoever is told changes it first, and sees it as it was before the group.
  bool first_change(const std::string& document_key);
  /// `work` is done after all of what is done `at_end`.
  void at_last(AtEnd work) { at_last_.push_back(std::move(work)); }
  /// The document's entry before this group.
  Result<std::optional<Entry>> committed_entry(const std::string& document_key);

  Result<Counters*> counters(const std::string& scope_prefix);

  /// The body record under a key of the family "bodies"; nothing where there is none.
  Result<std::optional<std::string>> body(const std::string& body_key);
  void put_body(std::string body_key, std::string record);
  void erase_body(const std::string& body_key);

  /// Counts one reference more; with the first, `content` becomes what lies under the digest. A content that
  /// came although there was one is dropped. Null where the digest is known to have one.
  Result<void> refer_to_attachment(std::string_view prefix, const base::Md5& digest,
                                   const TakenContent* content);
  /// Counts one less; with the last, the content goes.
  Result<void> release_attachment(std::string_view prefix, const base::Md5& digest);

  /// The partition's indexes as this group leaves them so far. Valid until they are changed.
  Result<const PartitionIndexes*> indexes(const std::string& prefix);
  /// The same to be changed, and written.
  Result<PartitionIndexes*> change_indexes(const std::shared_ptr<DatabaseRecord>& database,
                                           const std::string& prefix);
  void put_index_row(const std::string& row_key, std::size_t key_length);
  void erase_index_row(const std::string& row_key);
  /// Once the group is written: everyone sees the indexes that it has changed.
  void publish_indexes() const;
  /// Partitions whose indexes the group has changed: key prefix and database.
  const std::map<std::string, std::shared_ptr<DatabaseRecord>>& changed_indexes() const {
    return changed_indexes_;
  }

  Result<std::optional<LocalRecord>> local(const std::string& local_key);
  void put_local(const std::string& local_key, std::optional<LocalRecord> record);  // nothing: removed

  void put_change(const std::string& change_key, const ChangeRecord& record);
  void erase_change(const std::string& change_key);

  /// The record gets its position in `batch`.
  void log(const LogRecord& record);
  /// See Store. What is passed over is decided by what is in the store, and by what came in this transaction.
  Result<void> restore_log(const std::string& log, const std::vector<LogEntry>& records);
  /// How many records of which log.
  std::map<std::string, std::uint32_t> logged() const;

  /// The database of that name as this group leaves it, or null.
  std::shared_ptr<DatabaseRecord> database(const std::string& name) const;
  void create_database(std::shared_ptr<DatabaseRecord> record);
  /// Its rows are left to be swept.
  void remove_database(const std::shared_ptr<DatabaseRecord>& record);
  void change_settings(const std::shared_ptr<DatabaseRecord>& record, const SettingsChange& change);
  /// Once the group is written: what it created, removed and set takes effect for everyone.
  void publish_databases(Catalogue& catalogue) const;

  /// A document of this database and scope has changed: who waits and who observes is told once the group is
  /// written.
  void touched(const std::shared_ptr<DatabaseRecord>& database, const std::string& scope,
               std::string scope_prefix);
  void changed(const std::shared_ptr<DatabaseRecord>& database, const std::string& id);

  const std::unordered_set<std::string>& touched_scopes() const { return touched_; }
  /// Of the databases that are observed.
  const std::unordered_map<std::shared_ptr<DatabaseRecord>, Store::Written>& written() const {
    return written_;
  }

  /// All rows as one batch; call once.
  Result<rocksdb::WriteBatch*> batch();

 private:
  struct LoadedEntry {
    Entry entry;
    bool changed = false;
    bool purged = false;
    bool has_work = false;
    bool seen_before_change = false;
  };

  struct UnplacedLogRow {
    std::string bytes;
    std::uint32_t records = 0;
  };

  struct RestoredLog {
    struct Row {
      LogPosition first;
      std::string bytes;
      std::uint32_t records = 0;
    };
    LogPosition end;  // behind the last record
    std::vector<Row> rows;
  };

  Result<AttachmentRecord*> attachment(const std::string& key);
  void put_content(std::string_view prefix, const base::Md5& digest, AttachmentRecord& record,
                   const TakenContent& content);
  void drop_chunks(std::string_view prefix, const base::Md5& name, std::uint32_t chunks);
  Result<void> put_log_rows();
  Result<void> put_restored_log_rows();
  void put_indexes();

  OpenedDb& opened_;
  const Catalogue& catalogue_;
  Logs& logs_;
  IndexCache& known_indexes_;
  rocksdb::WriteBatch batch_;
  std::unordered_map<std::string, LoadedEntry> entries_;
  std::vector<AtEnd> at_end_;
  std::vector<AtEnd> at_last_;
  std::unordered_map<std::string, IndexCache::Indexes> indexes_;  // of partitions that were asked for
  std::map<std::string, std::shared_ptr<DatabaseRecord>> changed_indexes_;
  std::unordered_map<std::string, Counters> counters_;
  std::unordered_map<std::string, std::optional<std::string>> bodies_;
  std::unordered_map<std::string, AttachmentRecord> attachments_;
  std::unordered_map<std::string, std::optional<LocalRecord>> locals_;
  std::unordered_map<std::string, std::shared_ptr<DatabaseRecord>> databases_;  // null: removed
  std::vector<std::shared_ptr<DatabaseRecord>> removed_;
  std::unordered_map<std::shared_ptr<DatabaseRecord>, DatabaseSettings> settings_;
  std::map<std::string, std::vector<UnplacedLogRow>> log_rows_;  // never empty
  std::map<std::string, RestoredLog> restored_logs_;
  std::unordered_set<std::string> touched_;
  std::unordered_map<std::shared_ptr<DatabaseRecord>, Store::Written> written_;
};

}  // namespace mycouch::store::rocks
