// One group of commits while it is applied: what it has read and what it will write. Included by .cc files
// only.
//
// Later commits of a group see what earlier ones wrote, because rows that are read and changed (entries,
// counters, local documents, references of attachments, bodies) are kept decoded here and go into the batch
// once, at the end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <rocksdb/write_batch.h>

#include "store/rocks/catalogue.h"
#include "store/rocks/families.h"
#include "store/rocks/records.h"

namespace mycouch::store::rocks {

/// On the commit queue's thread only.
class Transaction {
 public:
  explicit Transaction(OpenedDb& opened) : opened_(opened) {}

  /// The document's entry, empty where there is none; changes to it are written once `entry_changed` is
  /// called. Valid as long as the transaction.
  Result<Entry*> entry(const std::string& document_key);
  void entry_changed(const std::string& document_key);

  Result<Counters*> counters(const std::string& scope_prefix);

  /// The body record under a key of the family "bodies"; nothing where there is none.
  Result<std::optional<std::string>> body(const std::string& body_key);
  void put_body(std::string body_key, std::string record);
  void erase_body(const std::string& body_key);

  /// Counts one reference more; with the first, the content is written.
  Result<void> refer_to_attachment(std::string_view prefix, const base::Md5& digest,
                                   const std::optional<std::string>& content);
  /// Counts one less; with the last, the content goes.
  Result<void> release_attachment(std::string_view prefix, const base::Md5& digest);
  Result<bool> holds_attachment(std::string_view prefix, const base::Md5& digest);

  Result<std::optional<LocalRecord>> local(const std::string& local_key);
  void put_local(const std::string& local_key, std::optional<LocalRecord> record);  // nothing: removed

  void put_change(const std::string& change_key, const ChangeRecord& record);
  void erase_change(const std::string& change_key);

  void put_catalogue(const std::string& key, const std::string& value);
  void erase_catalogue(const std::string& key);

  /// A document of this database and scope has changed: who waits is told once the group is written.
  void touched(std::string scope_prefix) { touched_.insert(std::move(scope_prefix)); }
  void changed(const std::shared_ptr<DatabaseRecord>& database, const std::string& id);

  const std::unordered_set<std::string>& touched_scopes() const { return touched_; }
  const std::unordered_map<std::shared_ptr<DatabaseRecord>, std::vector<std::string>>& changed_ids() const {
    return changed_;
  }

  /// All rows as one batch; call once.
  rocksdb::WriteBatch& batch();

 private:
  struct LoadedEntry {
    Entry entry;
    bool changed = false;
  };

  Result<AttachmentRecord*> attachment(const std::string& key);

  OpenedDb& opened_;
  rocksdb::WriteBatch batch_;
  std::unordered_map<std::string, LoadedEntry> entries_;
  std::unordered_map<std::string, Counters> counters_;
  std::unordered_map<std::string, std::optional<std::string>> bodies_;
  std::unordered_map<std::string, AttachmentRecord> attachments_;
  std::unordered_map<std::string, std::optional<LocalRecord>> locals_;
  std::unordered_set<std::string> touched_;
  std::unordered_map<std::shared_ptr<DatabaseRecord>, std::vector<std::string>> changed_;
};

}  // namespace mycouch::store::rocks
