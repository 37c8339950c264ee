// One batch of changes to the scope index while it is made: what it has read and what it will write. Included
// by .cc files only.
//
// Rows that are read and changed (documents, counters) are kept decoded here, so that later changes of a
// batch see what earlier ones did, and go into the batch once, at the end. Where a call fails, the whole is
// given up.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include <rocksdb/write_batch.h>

#include "store/couch/index_files.h"
#include "store/couch/index_keys.h"
#include "store/couch/index_records.h"

namespace mycouch::store::couch {

/// Of one database. One at a time.
class IndexEdit {
 public:
  IndexEdit(IndexFiles& files, DatabaseNumber database) : files_(files), database_(database) {}

  /// The document stands in its scopes as `document` has it.
  Result<void> fold(const FoldedDocument& document);
  /// It goes from all of them, without a trace.
  Result<void> purge(const std::string& partition, const std::string& id);

  /// All rows; call once.
  rocksdb::WriteBatch& batch();
  Folded folded() const;

 private:
  struct LoadedDocument {
    DocumentRecord record;
    bool changed = false;
  };
  // The document that is being changed.
  struct Subject {
    const std::string& partition;
    const std::string& id;
    LoadedDocument& loaded;
  };

  Result<LoadedDocument*> load(const std::string& partition, const std::string& id);
  Result<CountersRecord*> counters(const std::string& prefix);

  /// The document's row becomes the last one of a scope.
  Result<void> enter(const Subject& subject, const std::string& scope, const FoldedDocument& document,
                     const std::string& row);
  /// The document is gone for the readers of a scope that it belonged to.
  Result<void> leave(const Subject& subject, ScopePosition& position, const doc::Revision& leaf);
  /// The row goes that the scope has, and is counted no more.
  Result<void> take_out(const Subject& subject, const ScopePosition& position, const std::string& prefix,
                        CountersRecord& counters);

  IndexFiles& files_;
  const DatabaseNumber database_;
  rocksdb::WriteBatch batch_;
  std::unordered_map<std::string, LoadedDocument> documents_;
  std::unordered_map<std::string, CountersRecord> counters_;  // all of them changed
  std::set<std::string> moved_ids_;
  std::set<ScopeName> moved_scopes_;
};

}  // namespace mycouch::store::couch
