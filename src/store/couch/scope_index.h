// This gateway's copy of the scope index of databases that lie in a CouchDB.
//
// CouchDB has one sequence of changes for a whole database, and a client only ever reads one scope of it. So
// a gateway follows each database once and folds what it sees into this index, which keeps what the embedded
// engine keeps beside its documents: in each scope, each of its documents once, at its last change there,
// under numbers that count from 1. Feeds are read here and cost what their own scope has changed; the bodies
// stay upstream.
//
// The index is a cache that can be made again, and is no truth of its own: nothing is synced as it is
// written. `since` is written as one with the rows that it stands for, so that after the end of the process
// the follower goes on where it was; and after a loss of power, which may have taken sequences back that
// clients hold already, all epochs are new ones.
//
// Every call may block on the disk, and may fail with `unavailable` where that is full or fails (nothing was
// half-written then) and with `internal` where a record cannot be read. Writes go on about a second after a
// full disk has room again; after another fault of the disk, once the index is opened anew. Thread-safe:
// writers wait for each other, readers for nobody. Not destroyed before the last call has returned.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "doc/revision.h"
#include "store/database.h"

namespace mycouch::store::couch {

/// One document as the upstream feed shows it now.
struct FoldedDocument {
  std::string partition;              // empty: outside any tenant
  std::string id;                     // within the partition
  bool deleted = false;               // of the winner
  std::vector<doc::Revision> leaves;  // winner first; never empty
  std::vector<std::string> scopes;    // those it belongs to now
};

/// A scope of one partition; the one of the partition's own name is all of it.
struct ScopeName {
  std::string partition;
  std::string scope;
  auto operator<=>(const ScopeName&) const = default;
};

/// What a write has moved, each once and in order.
struct Folded {
  std::vector<std::string> ids;   // documents with a row that moved or went
  std::vector<ScopeName> scopes;  // whose sequence has moved on
};

/// Where a document stands in one scope.
struct Place {
  std::uint64_t seq = 0;
  bool left = false;   // it belonged to the scope, and does no more
  doc::Revision leaf;  // the winner; of one that left: the revision by which it left
  bool deleted = false;
  std::vector<doc::Revision> leaves;  // winner first; of one that left: `leaf` alone
};

/// Of one scope.
struct ScopeCounts {
  std::uint64_t update_seq = 0;
  std::uint64_t doc_count = 0;      // not deleted, and not left
  std::uint64_t doc_del_count = 0;  // deleted, or left
};

struct DatabaseState {
  std::string incarnation;  // the upstream's word for this life of the database; compared only
  std::string since;        // everything up to this upstream sequence is folded; "0" at first
  bool complete = false;    // has once been caught up with the upstream
  std::string epoch;        // of this incarnation of the index; [0-9a-z]+
  bool operator==(const DatabaseState&) const = default;
};

class ScopeIndex {
 public:
  struct Options {
    std::string directory{};  // empty: in memory, gone with the index
    std::size_t cache_bytes = std::size_t{64} << 20;
  };

  /// `unavailable` with the reason where the directory cannot be opened or another process holds it.
  static Result<std::unique_ptr<ScopeIndex>> open(Options options);
  ~ScopeIndex();
  ScopeIndex(const ScopeIndex&) = delete;
  ScopeIndex& operator=(const ScopeIndex&) = delete;

  /// Random, made with the directory: names this gateway's index. 32 hex digits.
  std::string uuid() const;

  /// Nothing for a database that is not in the index.
  Result<std::optional<DatabaseState>> state(const std::string& database);
  /// The database, empty and with a new epoch; what was there of that name goes.
  Result<void> begin(const std::string& database, std::string incarnation);
  /// Nothing happens where it is not there.
  Result<void> remove(const std::string& database);

  /// All rows, in their order, and the new `since` become one batch; `complete` stays set once it was.
  /// Idempotent: a document whose leaves, deletion and scopes are as they are known moves nothing.
  /// `not_found` for a database that is not there.
  Result<Folded> fold(const std::string& database, const std::vector<FoldedDocument>& rows, std::string since,
                      bool complete);
  /// Removes documents as if they had never been; the sequences do not go back. Ids that are not there are
  /// passed over. `not_found` as above.
  Result<Folded> purge(const std::string& database, const std::string& partition,
                       const std::vector<std::string>& ids);

  // Reads: `not_found` for a database that is not there. A scope that never had a document is empty.

  /// Of one scope's sequence: another one in each scope, so that none is taken for another's. [0-9a-z]+
  Result<std::string> epoch(const std::string& database, const ScopeName& scope);
  Result<ScopeCounts> counts(const std::string& database, const ScopeName& scope);
  /// See ChangesQuery and ChangesPage.
  Result<ChangesPage> changes(const std::string& database, const ScopeName& scope, const ChangesQuery& query);
  /// Rows behind `seq`; exact up to 10,000, an upper bound beyond.
  Result<std::uint64_t> pending(const std::string& database, const ScopeName& scope, std::uint64_t seq);
  /// Nothing for a document that never was in that scope.
  Result<std::optional<Place>> place(const std::string& database, const ScopeName& scope,
                                     const std::string& id);
  /// Of the scope's documents that are neither deleted nor left, those after `after` (empty: from the first),
  /// at most `limit`, in byte order.
  Result<std::vector<std::string>> ids(const std::string& database, const ScopeName& scope,
                                       const std::string& after, std::size_t limit);
  /// See Store::partitions.
  Result<std::vector<std::string>> partitions(const std::string& database, std::optional<std::string> after,
                                              std::size_t limit);

 private:
  class Core;
  explicit ScopeIndex(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

}  // namespace mycouch::store::couch
