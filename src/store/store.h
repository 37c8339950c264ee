// The databases of one server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "store/database.h"
#include "store/log.h"

namespace mycouch::store {

/// What of a database is opened: see database.h.
struct Confinement {
  std::string partition;  // empty: the documents outside any tenant
  std::string scope;      // empty: all of the partition
};

/// A part of a change that spans databases, or documents that belong together.
struct DatabaseEdits {
  std::string database;
  Confinement confinement;
  /// Each made here, on its `parent`; or replicated, where it has a `path`: then a `parent` is the revision
  /// that must be a leaf still for the edit to be made.
  std::vector<doc::Edit> edits;
};

class Store {
 public:
  virtual ~Store() = default;

  /// Whether its data can be reached now, as far as is known without asking: `unavailable` with what stands
  /// in the way. Of no secret.
  virtual Result<void> health() const { return {}; }

  /// Stays the same for the life of the data: PouchDB's checkpoints depend on it. 32 hex digits.
  virtual std::string uuid() const = 0;

  /// `file_exists`; `illegal_database_name`.
  virtual Task<void> create(std::string name) = 0;
  /// Every partition of it goes; open Databases answer `not_found` from then on, and their waiters are woken.
  virtual Task<void> remove(std::string name) = 0;
  virtual Task<std::vector<std::string>> list() = 0;
  /// `not_found`.
  virtual Task<std::unique_ptr<Database>> open(std::string name, Confinement confinement) = 0;

  /// The partitions of a database that hold documents, be they all deleted, in the order of their names'
  /// bytes: those behind `after`, or from the first. What is outside any tenant is in the partition with the
  /// empty name. Fewer than `limit` only at the end. Costs what it names, however much each of them holds.
  /// `not_found`.
  virtual Task<std::vector<std::string>> partitions(std::string name, std::optional<std::string> after,
                                                    std::size_t limit) = 0;
  /// The same of the scopes that hold local documents.
  virtual Task<std::vector<std::string>> local_scopes(std::string name, std::optional<std::string> after,
                                                      std::size_t limit) = 0;

  /// All edits as one atomic, synced batch, or none: `conflict` where the parent of one is no leaf
  /// before the batch, `not_found` for a database. The new revisions, in the order of the edits. The
  /// record is of the same batch: it is there exactly if the edits are.
  virtual Task<std::vector<doc::Revision>> write_together(std::vector<DatabaseEdits> parts,
                                                          std::optional<LogRecord> record = {}) = 0;

  /// Acknowledged when the record survives the end of the process.
  virtual Task<void> append_log(LogRecord record) = 0;
  /// Puts in records that another store's read_log has given, under the positions that they had there, which
  /// ascend. A record that is not behind the log's last one is passed over, as one that has come before: so
  /// the same records may come again, and a log that was begun here is not mixed with another. Acknowledged
  /// as append_log does.
  virtual Task<void> restore_log(std::string log, std::vector<LogEntry> records) = 0;
  /// What is found costs what the page has looked at. A log that has no records is empty.
  virtual Task<LogPage> read_log(LogQuery query) = 0;
  /// Removes the records from before that time: how many. In batches, so that other writes get in between;
  /// those that are gone stay gone where it fails, or ends early because of `stop`.
  virtual Task<std::uint64_t> expire_log(std::string log, base::WallTime before) = 0;

  /// The scopes that a document of this database belongs to beside the whole (the empty scope), computed from
  /// its winning revision at each write; a scope that it belonged to and no longer does gets a removal row.
  /// Without a rule a document belongs to its partition's own scope. Pure; set before the first write, at
  /// every start.
  using ScopeRule =
      std::function<std::vector<std::string>(std::string_view id, bool deleted, std::string_view body)>;
  virtual void set_scope_rule(std::string name, ScopeRule rule) = 0;

  /// Edits of this database's documents are merged here, and not by their readers: so the bodies that they
  /// are merged against are kept for long, also by a compaction, and what they leave behind is not. Of a
  /// branch, the bodies of up to 1,000 old revisions are kept, as many as fit 4 MiB; and of the branches of a
  /// document that ended in a tombstone, the newest 100. Set as a scope rule is.
  virtual void keep_for_merging(std::string name) = 0;

  /// What a committed write has changed: documents, and scopes whose sequence has moved on.
  struct Written {
    std::vector<std::string> ids;
    std::vector<std::string> scopes;
  };
  /// Called after each committed write to the database's documents, before any of its writers is answered; on
  /// a thread of the store's, so it must be quick and not block. Observers are added before the server starts
  /// and stay.
  using Observer = std::function<void(const Written& written)>;
  virtual void observe(std::string name, Observer observer) = 0;

  /// Asks work in the background (compaction, sweeping, indexing) to end soon. Before the pool is joined,
  /// which waits for it.
  virtual void stop() = 0;

  /// What was acknowledged is on disk; nothing may be called afterwards. After the pool was joined.
  virtual void close() = 0;
};

/// CouchDB's rule: a lower-case letter, then lower-case letters, digits and _$()+-/; at most 238 bytes. Names
/// that begin with '_' are CouchDB's own: `_users` and `_replicator` are allowed.
Result<void> check_database_name(std::string_view name);

}  // namespace mycouch::store
