// Reads of one confined view, on the calling thread. Included by .cc files only.
//
// A reader is made for one of two tiers. At the memory tier it never touches the disk: where a row is not in
// memory it gives up, `blocked()` is true, and the caller repeats the whole read at the disk tier on a thread
// that may wait.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <rocksdb/options.h>
#include <rocksdb/snapshot.h>

#include "store/database.h"
#include "store/rocks/edits.h"
#include "store/rocks/families.h"
#include "store/rocks/indexes.h"
#include "store/rocks/records.h"

namespace mycouch::store::rocks {

/// The names and key prefixes of one confined view.
struct View {
  Target target;
  std::string scope;
  std::string scope_prefix;  // key_prefix(database, scope)
  std::string
      epoch;  // of the scope's sequence: another one in each scope, so that none is taken for another's
  /// Whether the scope is less than the partition: then only entries with a position in the scope are seen.
  bool partial = false;
};

class Reader {
 public:
  enum class Tier { memory, disk };

  Reader(OpenedDb& opened, const View& view, Tier tier);

  bool blocked() const { return blocked_; }
  /// All rows are read as they were in the snapshot, which outlives the reader.
  void read_at(const rocksdb::Snapshot* snapshot) { options_.snapshot = snapshot; }

  Result<DatabaseInfo> info();
  Result<doc::Document> document(const std::string& id, const ReadOptions& options);
  Result<std::vector<OpenRevision>> all_leaves(const std::string& id, const ReadOptions& options);
  Result<std::vector<OpenRevision>> revisions(const std::string& id, const std::vector<doc::Revision>& asked,
                                              const ReadOptions& options);
  Result<std::vector<std::vector<OpenRevision>>> many(const std::vector<RevisionRequest>& requests,
                                                      const ReadOptions& options);
  Result<std::vector<Database::RevisionsDiff>> revs_diff(
      const std::vector<std::pair<std::string, std::vector<doc::Revision>>>& asked);
  Result<ChangesPage> changes(const ChangesQuery& query);
  Result<std::uint64_t> pending(std::uint64_t seq);
  Result<AllDocsPage> all_docs(const AllDocsQuery& query);
  Result<std::vector<std::optional<AllDocsRow>>> all_docs_by_id(const std::vector<std::string>& ids,
                                                                const AllDocsQuery& query);
  Result<LocalDocument> local(const std::string& id);
  Result<LocalPage> local_docs(const AllDocsQuery& query);
  /// Into the cache, where it is not there. A view of less than its partition has none.
  Result<IndexCache::Indexes> indexes(IndexCache& cache);
  /// A page of an index that is built.
  Result<IndexPage> index_page(const IndexQuery& query, std::uint32_t number);
  /// Of the partition's documents after `id`, in order, what an index holds of them; for building it.
  struct Indexed {
    std::string id;
    doc::Revision revision;  // the winner's
    std::uint64_t sequence;  // in its first scope: another one after each write
    std::string key;
  };
  struct IndexedBatch {
    std::vector<Indexed> rows;
    std::string last_id;  // that was looked at
    bool at_end = true;
  };
  Result<IndexedBatch> indexed_after(const std::string& id, const doc::IndexDefinition& index);
  struct FoundAttachment {
    doc::Attachment attachment;
    doc::Revision revision;
    base::Md5 content;  // its name
  };
  Result<FoundAttachment> attachment(const std::string& id, const std::optional<doc::Revision>& rev,
                                     const std::string& name);
  /// Of the content with this digest; `not_found` where there is none.
  Result<base::Md5> content_name(const base::Md5& digest);
  /// Ids of the partition's documents after `id`, at most `limit`, in order; for compaction.
  Result<std::vector<std::string>> ids_after(const std::string& id, std::size_t limit);

 private:
  using Index = doc::RevTree::Index;

  /// From here on all rows are read as they are now, so that those of one document fit together.
  void pin();
  bool pinned() const { return options_.snapshot != nullptr || opened_.is_still(); }

  Result<std::optional<rocksdb::PinnableSlice>> get(rocksdb::ColumnFamilyHandle* family,
                                                    std::string_view key);
  template <class Record>
  Result<std::optional<Record>> load(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                                     std::string_view kind);
  std::unique_ptr<rocksdb::Iterator> iterate(rocksdb::ColumnFamilyHandle* family, std::string_view prefix);
  Result<void> check(const rocksdb::Iterator& rows);
  Error translate(const rocksdb::Status& status);

  /// Empty where the document never was, or never was of this scope.
  Result<std::optional<Entry>> entry(const std::string& id);
  /// What readers of a scope see of a document that has left it: the revision by which it left, as a
  /// tombstone, with its ancestors. Nothing that came later.
  Result<std::optional<Entry>> entry_as_left(const Entry& entry, const ScopePosition& position);
  Result<std::optional<BodyRecord>> body(const std::string& id, const Entry& entry, Index node);
  /// Nothing where the revision's body is not there any more.
  Result<std::optional<doc::Document>> build(const std::string& id, const Entry& entry, Index node,
                                             const ReadOptions& options);
  void describe_tree(doc::Document& document, const Entry& entry, Index node,
                     const ReadOptions& options) const;
  Result<std::vector<OpenRevision>> open_nodes(const std::string& id, const Entry& entry,
                                               const std::vector<Index>& nodes, const ReadOptions& options);
  Result<AllDocsRow> all_docs_row(const std::string& id, const Entry& entry, const AllDocsQuery& query);
  Result<std::unique_ptr<rocksdb::Iterator>> seek_index(const IndexQuery& query, const std::string& prefix);
  Result<IndexRow> index_row(const rocksdb::Iterator& row, const std::string& prefix,
                             const ReadOptions& options);
  Result<std::optional<Indexed>> indexed(std::string id, std::string_view entry,
                                         const doc::IndexDefinition& index);
  Result<AllDocsPage> all_docs_of_scope(const AllDocsQuery& query);

  OpenedDb& opened_;
  const View& view_;
  rocksdb::ReadOptions options_;
  std::optional<rocksdb::ManagedSnapshot> snapshot_;
  std::string upper_bound_;
  rocksdb::Slice upper_bound_slice_;
  std::string lower_bound_;
  rocksdb::Slice lower_bound_slice_;
  bool blocked_ = false;
};

}  // namespace mycouch::store::rocks
