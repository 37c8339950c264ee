// One scope of one database: the seam below which storage differs.
//
// A Database is confined when it is opened: to one partition (the documents that can be named) and one scope
// of it (the sequence of changes that is read). For an application's database both are the tenant; for the
// administrator's plain database both are empty; in the system database the partition is the whole and the
// scope is a user's own. Nothing here takes a tenant as an argument: a handler that holds a Database has no
// way to name another tenant's data.
//
// Sequences count within the scope, from 1. Every call may fail with `unavailable` when the store cannot be
// reached or is full (nothing was half-written then), and with `not_found` when the database was deleted
// meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/task.h"
#include "base/waiter.h"
#include "doc/document.h"
#include "doc/index_definition.h"
#include "doc/rev_tree.h"
#include "json/value.h"

namespace mycouch::store {

struct DatabaseInfo {
  std::string name;
  std::string epoch;  // names this incarnation of the scope's sequence; [0-9a-z]+
  std::uint64_t update_seq = 0;
  std::uint64_t doc_count = 0;  // not deleted, in this scope
  std::uint64_t doc_del_count = 0;
  std::uint64_t active_size = 0;  // bytes of the live documents' bodies
  bool compact_running = false;
};

/// What the administrator may set of a database, for all of its scopes.
struct DatabaseSettings {
  std::uint32_t revs_limit = 1000;
  std::uint64_t purged_infos_limit = 1000;  // as it was set: purges leave nothing that could be limited
  std::string security{};                   // a JSON object's text, as it was set; empty: never
};

/// The members that are there are set.
struct SettingsChange {
  std::optional<std::uint32_t> revs_limit = std::nullopt;  // from 1
  std::optional<std::uint64_t> purged_infos_limit = std::nullopt;
  std::optional<std::string> security = std::nullopt;
};

struct ReadOptions {
  std::optional<doc::Revision> rev;  // nothing: the winner
  bool latest = false;               // take a leaf below `rev` instead
  bool revs = false;
  bool revs_info = false;
  bool conflicts = false;
  bool deleted_conflicts = false;
  bool local_seq = false;
  bool deleted = false;  // a deleted winner is read too
  /// How the document's JSON is to show its attachments; their contents are read apart.
  doc::AttachmentForm attachments = doc::AttachmentForm::stubs;
  bool encoding_info = false;
  /// Revisions that the reader holds: attachments that are not newer than the nearest one are stubs.
  std::vector<doc::Revision> atts_since = {};
  /// Of calls that read many documents: they end after the document that brings their answer to so many
  /// bytes.
  std::size_t max_bytes = std::size_t{4} << 20;
};

/// One leaf (or asked revision) of `open_revs` and `_bulk_get`: the document, or the revision that is
/// missing.
struct OpenRevision {
  doc::Revision revision;
  std::optional<doc::Document> document;
};

/// One entry of `_bulk_get`.
struct RevisionRequest {
  std::string id;
  std::optional<doc::Revision> rev;  // nothing: all leaves
};

enum class Durability : std::uint8_t {
  synced,  // acknowledged when it survives a loss of power
  relaxed  // acknowledged when it survives the end of the process
};

struct WriteOptions {
  bool new_edits = true;
  Durability durability = Durability::synced;
};

/// In the order of the edits. `error` is `conflict`, `missing_stub`, …: that edit changed nothing, the others
/// did.
struct WriteOutcome {
  std::string id;
  doc::Revision revision;  // the new one; with an error: unspecified
  std::optional<Error> error;
};

struct ChangesQuery {
  std::uint64_t since = 0;   // rows after this one; descending: ignored
  std::size_t limit = 1000;  // rows of a page; a page also ends at about `max_bytes`
  std::size_t max_bytes = 1 << 20;
  bool descending = false;
  std::uint64_t before = UINT64_MAX;  // descending: rows before this one
};

struct ChangeRow {
  std::uint64_t seq = 0;
  std::string id;
  bool deleted = false;               // of the winner; or the document has left this scope
  std::vector<doc::Revision> leaves;  // winner first; never empty
};

struct ChangesPage {
  std::vector<ChangeRow> rows;
  bool at_end = true;          // nothing further now
  std::uint64_t last_seq = 0;  // of the last row; at the end (ascending): the scope's update_seq
};

struct AllDocsQuery {
  std::string start;  // inclusive; ascending: from, descending: down from (empty: the end)
  std::optional<std::string> end;
  bool inclusive_end = true;
  bool descending = false;
  std::size_t skip = 0;
  std::size_t limit = 1000;  // rows of a page; with bodies a page also ends at about `max_bytes`
  std::size_t max_bytes = 1 << 20;
  bool include_docs = false;
  ReadOptions read{};  // for include_docs: conflicts, attachments
};

struct AllDocsRow {
  std::string id;
  doc::Revision revision;
  bool deleted = false;  // only in answers to keys
  std::optional<doc::Document> document;
};

struct AllDocsPage {
  std::vector<AllDocsRow> rows;
  bool at_end = true;
  std::size_t skipped = 0;  // documents that `skip` passed over
};

/// Rows of one index, in the order of its values, then of ids; descending: the other way round.
struct IndexQuery {
  std::shared_ptr<const doc::IndexDefinition> index;  // one of Database::indexes()
  json::Array low;    // values of the first fields: rows from these on; empty: from the first
  json::Array high;   // the same: rows up to these, and all that begin with them; empty: to the last
  std::string after;  // the position of a row: those behind it in the order of the query
  bool descending = false;
  std::size_t limit = 1000;  // rows of a page; a page also ends at about `max_bytes`
  std::size_t max_bytes = 1 << 20;
  ReadOptions read;
  /// How long to wait for an index that is still being built.
  std::chrono::milliseconds patience = std::chrono::seconds(10);
};

struct IndexRow {
  std::string position;  // any bytes; good for as long as the index's definition is the same
  doc::Document document;
};

struct IndexPage {
  std::vector<IndexRow> rows;
  bool at_end = true;
  bool built = true;  // false: the query's patience has ended before the index was; no rows then
};

struct LocalDocument {
  std::string body;           // JSON object's text, without `_id` and `_rev`
  std::uint64_t version = 0;  // the N of "0-N"
};

struct LocalRow {
  std::string id;  // without "_local/"
  LocalDocument document;
};

struct LocalPage {
  std::vector<LocalRow> rows;
  bool at_end = true;
};

/// The stored bytes of one attachment, as they were when it was opened, whatever becomes of the document.
/// One coroutine at a time.
class AttachmentReader {
 public:
  virtual ~AttachmentReader() = default;
  /// The bytes from `offset` on: at most `most`, at least one unless the end is reached.
  virtual Task<std::string> read(std::uint64_t offset, std::size_t most) = 0;
};

/// Content that comes.
struct NewContent {
  std::string content_type;
  /// Of the bytes that come. Those of a compressible type that are not encoded are stored compressed.
  doc::Encoding encoding = doc::Encoding::identity;
  /// Of encoded bytes: their length before encoding, where it is known.
  std::optional<std::uint64_t> decoded_length = {};
  /// Content of so many stored bytes waits in memory for its edit, which is cheaper for what is small.
  std::size_t kept_in_memory = std::size_t{64} << 10;
};

/// Takes in one attachment's content at constant memory. What was taken in is nobody's until an edit that
/// names it is written, and goes where none does: at once, or at the store's next start. One coroutine at a
/// time; after an error it is only destroyed.
class AttachmentWriter {
 public:
  virtual ~AttachmentWriter() = default;
  /// Returns when there is room for more. `unavailable` where the store is full.
  virtual Task<void> write(std::string piece) = 0;
  /// What an edit of this database names as the content (doc::IncomingAttachment::stored).
  virtual Task<std::shared_ptr<const doc::StoredContent>> finish() = 0;
};

/// Removes itself; a waiter is woken after each change of the scope, and when the database is deleted.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::move_only_function<void()> remove) : remove_(std::move(remove)) {}
  Subscription(Subscription&& other) noexcept : remove_(std::exchange(other.remove_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(remove_, other.remove_);
    return *this;
  }
  ~Subscription() {
    if (remove_) remove_();
  }

 private:
  std::move_only_function<void()> remove_;
};

class Database {
 public:
  virtual ~Database() = default;

  virtual Task<DatabaseInfo> info() = 0;

  /// `not_found`: "missing" or "deleted".
  virtual Task<doc::Document> read(std::string id, ReadOptions options) = 0;
  /// `open_revs`: all leaves, or those asked for. Empty for an id that never was.
  virtual Task<std::vector<OpenRevision>> read_all_leaves(std::string id, ReadOptions options) = 0;
  virtual Task<std::vector<OpenRevision>> read_revisions(std::string id, std::vector<doc::Revision> revisions,
                                                         ReadOptions options) = 0;
  /// In the order of the requests, and fewer than asked (but at least one) where `max_bytes` was reached.
  /// Each with at least one entry (without `rev` or with `latest`, more). An entry without a revision whose
  /// document is not there has generation 0.
  virtual Task<std::vector<std::vector<OpenRevision>>> read_many(std::vector<RevisionRequest> requests,
                                                                 ReadOptions options) = 0;

  /// One atomic batch: after a crash, all of it is there or nothing.
  virtual Task<std::vector<WriteOutcome>> write(std::vector<doc::Edit> edits, WriteOptions options) = 0;

  /// The winner and the other revisions of each id are compared with what is asked.
  struct RevisionsDiff {
    std::string id;
    std::vector<doc::Revision> missing;  // empty: nothing is
    std::vector<doc::Revision> possible_ancestors;
  };
  virtual Task<std::vector<RevisionsDiff>> revs_diff(
      std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked) = 0;

  virtual Task<ChangesPage> changes(ChangesQuery query) = 0;
  /// Rows behind `seq`; exact up to a bound of the engine's, an upper bound beyond.
  virtual Task<std::uint64_t> pending(std::uint64_t seq) = 0;
  virtual Subscription subscribe(std::shared_ptr<base::Waiter> waiter) = 0;

  virtual Task<AllDocsPage> all_docs(AllDocsQuery query) = 0;
  /// One row for each id, in their order, and fewer than asked (but at least one) where `query.max_bytes` was
  /// reached; nothing for an id that never was.
  virtual Task<std::vector<std::optional<AllDocsRow>>> all_docs_by_id(std::vector<std::string> ids,
                                                                      AllDocsQuery query) = 0;

  /// Those that the partition's design documents describe (doc/index_definition.h), by design document and
  /// name. They hold the winners that are neither deleted nor design documents, and change with each write as
  /// one with it. A view of less than its partition has none.
  using Index = std::shared_ptr<const doc::IndexDefinition>;
  virtual Task<std::vector<Index>> indexes() = 0;
  /// `not_found` where there is no index of that name and definition, or it goes meanwhile.
  virtual Task<IndexPage> query_index(IndexQuery query) = 0;

  /// Local documents are not replicated and have no history; `id` is without "_local/".
  virtual Task<LocalDocument> read_local(std::string id) = 0;
  virtual Task<void> write_local(std::string id, LocalDocument document) = 0;
  virtual Task<void> remove_local(std::string id) = 0;
  /// In the order of their ids. The query's `start` and `end` are without "_local/" too; the bodies are
  /// always there.
  virtual Task<LocalPage> local_docs(AllDocsQuery query) = 0;

  /// An attachment of one revision (nothing: the winner); `not_found` where either is not there.
  struct AttachmentContent {
    doc::Attachment attachment;
    doc::Revision revision;
    std::unique_ptr<AttachmentReader> content;
  };
  virtual Task<AttachmentContent> read_attachment(std::string id, std::optional<doc::Revision> rev,
                                                  std::string name) = 0;
  /// The content of an attachment of a document that was read here; `not_found` where the last revision that
  /// had it has gone meanwhile.
  virtual Task<std::unique_ptr<AttachmentReader>> open_content(doc::Attachment attachment) = 0;

  /// Takes in content for an edit that will be written here.
  virtual Task<std::unique_ptr<AttachmentWriter>> take_content(NewContent about) = 0;

  /// Removes documents of the partition as if they had never been, whatever their revisions, as one atomic
  /// batch. Ids that are not there are passed over.
  virtual Task<void> purge(std::vector<std::string> ids) = 0;

  struct PurgeRequest {
    std::string id;
    std::vector<doc::Revision> revisions;
  };
  /// Removes leaves as if they had never been, as one atomic batch: those of each request that were removed.
  /// A revision that is no leaf stays; a document whose last leaf goes is gone.
  virtual Task<std::vector<std::vector<doc::Revision>>> purge_revisions(
      std::vector<PurgeRequest> requests) = 0;

  virtual Task<DatabaseSettings> settings() = 0;
  /// Of the whole database, whatever the view is confined to. A new limit of revisions takes effect as
  /// documents are written.
  virtual Task<void> change_settings(SettingsChange change) = 0;

  /// Starts to drop the bodies of revisions that are no leaves; `info` tells when it is done.
  virtual Task<void> compact() = 0;
};

}  // namespace mycouch::store
