#include "store/rocks/edits.h"

#include <algorithm>
#include <ranges>

#include "store/rocks/transaction.h"

namespace mycouch::store::rocks {
namespace {

using Index = doc::RevTree::Index;
constexpr Index kNone = doc::RevTree::kNone;

// Bodies of a branch's older revisions that are kept until they are compacted away; older ones go at once, so
// that a document which is edited for years does not grow with every edit.
constexpr std::size_t kKeptOldBodies = 20;
// The same of documents whose edits are merged here: see Store::keep_for_merging.
constexpr std::size_t kKeptForMerging = 1000;
constexpr std::size_t kKeptForMergingBytes = std::size_t{4} << 20;
constexpr std::size_t kKeptEndedBranches = 100;

// One edit of one document on its way into the transaction.
class DocumentEdit {
 public:
  DocumentEdit(Transaction& transaction, const Target& target, const std::string& id)
      : transaction_(transaction), target_(target), id_(id), document_key_(document_key(target.prefix, id)) {}

  Result<WriteOutcome> apply(const PreparedEdit& prepared, bool new_edits);
  Result<bool> can_follow(const doc::Edit& edit);
  Result<void> compact();
  Result<void> purge();
  Result<std::vector<doc::Revision>> purge_leaves(const std::vector<doc::Revision>& revisions);

 private:
  // What the rows and counters of the scopes know of a document.
  struct Counted {
    bool deleted = false;
    std::uint64_t bytes = 0;  // of the winner's body, where it is not deleted
  };

  Result<void> load();
  Counted counted() const;

  // The node that an edit made here is based on, and so its parent; kNone for a first revision.
  Result<Index> parent_of(const doc::Edit& edit) const;
  // The newest revision of the path that is stored here with a body: stubs refer to its attachments.
  Index base_of(const doc::RevPath& path) const;
  Result<std::vector<doc::Attachment>> attachments_of(const PreparedEdit& prepared, Index base,
                                                      std::uint32_t generation, bool new_edits);

  Result<BodyRecord> body_of(Index node);
  Result<void> store_body(Index node, const BodyRecord& record);
  Result<void> move_inline_body_out();
  Result<void> drop_body(std::uint32_t number);
  Result<void> drop_bodies(const std::vector<std::uint32_t>& numbers);
  std::vector<std::uint32_t> detach_old_bodies(Index leaf, std::size_t limit);
  std::size_t old_bodies_kept(const BodyRecord& newest) const;
  Result<void> deepen(Index node, const doc::RevPath& path);
  // After the tree has changed; nodes may stand elsewhere from then on.
  Result<void> settle(bool leaves_changed);

  Result<std::vector<std::string>> scopes();
  // A document that is edited many times in one transaction moves in its scopes once, at the end.
  void move_rows_at_end();
  Result<void> move_rows();
  Result<void> enter(const std::string& scope, const ChangeRecord& row, std::uint64_t bytes);
  Result<void> leave(const std::string& scope, const ChangeRecord& row);
  // The document's row is gone from a scope, and is not counted there any more.
  void take_out(const ScopePosition& position, const std::string& prefix, Counters& counters);
  Result<void> take_out_of_all_scopes();
  void empty_entry();
  Result<void> note_winner_bytes();

  // The row that the document has in an index.
  struct IndexRow {
    std::uint32_t index = 0;
    std::string key;
    bool operator==(const IndexRow&) const = default;
  };
  bool is_design() const { return id_.starts_with(doc::kDesignPrefix); }
  Result<std::vector<IndexRow>> index_rows();
  // Before the document's first change in a transaction, of which the last state counts.
  Result<void> move_index_rows_at_end();
  Result<void> move_index_rows(const std::vector<IndexRow>& former);
  Result<bool> has_room_for_indexes(const doc::Edit& edit);
  Result<void> read_indexes_of_design();

  std::string body_key_of(std::uint32_t number) const { return body_key(target_.prefix, id_, number); }

  Transaction& transaction_;
  const Target& target_;
  const std::string& id_;
  std::string document_key_;
  Entry* entry_ = nullptr;
  Counted before_;
};

Result<void> DocumentEdit::load() {
  MYCOUCH_TRY(entry_, transaction_.entry(document_key_));
  before_ = counted();
  return {};
}

DocumentEdit::Counted DocumentEdit::counted() const {
  bool deleted = !entry_->tree.empty() && entry_->tree.deleted();
  return {.deleted = deleted, .bytes = deleted ? 0 : entry_->winner_bytes};
}

Result<Index> DocumentEdit::parent_of(const doc::Edit& edit) const {
  const doc::RevTree& tree = entry_->tree;
  auto conflict = [] { return fail(Errc::conflict, "Document update conflict."); };
  auto followed = [&tree](Index node) -> Result<Index> {
    // A replicator may have brought the last generation that there is.
    if (tree[node].revision.generation == UINT32_MAX) return fail(Errc::bad_request, "Invalid rev format");
    return node;
  };
  if (edit.parent) {
    // What is wholly deleted, or was never there, is made anew without a parent; a tombstone is followed
    // beside live branches only.
    if (tree.deleted()) return conflict();
    Index node = tree.find(*edit.parent);
    if (node == kNone || !tree.is_leaf(node)) return conflict();
    return followed(node);
  }
  if (tree.empty()) return kNone;
  // A document that was deleted may be made anew: the new revision follows the tombstone.
  if (!tree.deleted() || edit.deleted) return conflict();
  return followed(tree.winner());
}

Result<bool> DocumentEdit::can_follow(const doc::Edit& edit) {
  MYCOUCH_CHECK(load());
  Result<Index> parent = parent_of(edit);
  if (!parent && parent.error().code != Errc::conflict) return std::unexpected(std::move(parent).error());
  return parent.has_value();
}

Index DocumentEdit::base_of(const doc::RevPath& path) const {
  const doc::RevTree& tree = entry_->tree;
  for (std::size_t i = 0; i < path.hashes.size(); ++i) {
    Index node = tree.find({path.generation - static_cast<std::uint32_t>(i), path.hashes[i]});
    if (node == kNone) continue;
    while (node != kNone && tree[node].body == 0) node = tree[node].parent;
    return node;
  }
  return kNone;
}

// `revpos` counts only where another replica gave it; content that comes with an edit made here is of that
// edit, and so is one of generation 0, which CouchDB tells where it was not told itself: it would be older
// than anything that a replica asks for.
Result<std::vector<doc::Attachment>> DocumentEdit::attachments_of(const PreparedEdit& prepared, Index base,
                                                                  std::uint32_t generation, bool new_edits) {
  std::vector<doc::Attachment> attachments;
  std::optional<BodyRecord> older;
  for (std::size_t i = 0; i < prepared.edit.attachments.size(); ++i) {
    const doc::IncomingAttachment& incoming = prepared.edit.attachments[i];
    if (const TakenContent* content = prepared.contents[i].get()) {
      const std::uint32_t given = new_edits ? 0 : incoming.revpos.value_or(0);
      attachments.push_back({.name = incoming.name,
                             .content_type = incoming.content_type,
                             .digest = content->digest,
                             .length = content->length,
                             .stored_length = content->stored_length,
                             .revpos = given == 0 ? generation : given,
                             .encoding = content->encoding});
      continue;
    }
    if (!older) {
      if (base == kNone) {
        older.emplace();
      } else {
        MYCOUCH_TRY(older, body_of(base));
      }
    }
    auto stub = std::ranges::find(older->attachments, incoming.name, &doc::Attachment::name);
    if (stub == older->attachments.end() || incoming.revpos.value_or(stub->revpos) != stub->revpos) {
      return fail(Errc::missing_stub, "Invalid attachment stub in " + id_ + " for " + incoming.name);
    }
    attachments.push_back(*stub);
  }
  return attachments;
}

Result<BodyRecord> DocumentEdit::body_of(Index node) {
  std::uint32_t number = entry_->tree[node].body;
  if (number == 0) return BodyRecord{};
  std::optional<BodyRecord> record;
  if (number == entry_->inline_body) {
    record = BodyRecord::decode(entry_->inline_record);
  } else {
    MYCOUCH_TRY(auto bytes, transaction_.body(body_key_of(number)));
    if (bytes) record = BodyRecord::decode(*bytes);
  }
  if (!record) return std::unexpected(corrupt("body"));
  return *std::move(record);
}

Result<void> DocumentEdit::move_inline_body_out() {
  if (entry_->inline_body == 0) return {};
  transaction_.put_body(body_key_of(entry_->inline_body), std::move(entry_->inline_record));
  entry_->inline_body = 0;
  entry_->inline_record.clear();
  return {};
}

Result<void> DocumentEdit::store_body(Index node, const BodyRecord& record) {
  std::string bytes;
  record.encode(bytes);
  std::uint32_t number = entry_->tree[node].body;
  if (node != entry_->tree.winner()) {
    transaction_.put_body(body_key_of(number), std::move(bytes));
    return {};
  }
  MYCOUCH_CHECK(move_inline_body_out());
  if (bytes.size() <= Entry::kMaxInlineBody) {
    entry_->inline_body = number;
    entry_->inline_record = std::move(bytes);
  } else {
    transaction_.put_body(body_key_of(number), std::move(bytes));
  }
  return {};
}

Result<void> DocumentEdit::drop_body(std::uint32_t number) {
  std::optional<BodyRecord> record;
  if (number == entry_->inline_body) {
    record = BodyRecord::decode(entry_->inline_record);
    entry_->inline_body = 0;
    entry_->inline_record.clear();
  } else {
    MYCOUCH_TRY(auto bytes, transaction_.body(body_key_of(number)));
    if (bytes) record = BodyRecord::decode(*bytes);
    transaction_.erase_body(body_key_of(number));
  }
  if (!record) return std::unexpected(corrupt("body"));
  for (const doc::Attachment& attachment : record->attachments) {
    MYCOUCH_CHECK(transaction_.release_attachment(target_.prefix, attachment.digest));
  }
  return {};
}

Result<void> DocumentEdit::drop_bodies(const std::vector<std::uint32_t>& numbers) {
  for (std::uint32_t number : numbers) MYCOUCH_CHECK(drop_body(number));
  return {};
}

// Old bodies are taken to be as large as the newest one.
std::size_t DocumentEdit::old_bodies_kept(const BodyRecord& newest) const {
  if (!target_.database->keeps_for_merging) return kKeptOldBodies;
  const std::size_t size = std::max<std::size_t>(newest.json.size(), 1);
  return std::clamp(kKeptForMergingBytes / size, kKeptOldBodies, kKeptForMerging);
}

// Bodies on the branch of `leaf` beyond so many; the tree forgets them.
std::vector<std::uint32_t> DocumentEdit::detach_old_bodies(Index leaf, std::size_t limit) {
  std::vector<std::uint32_t> dropped;
  std::size_t kept = 0;
  for (Index node = entry_->tree[leaf].parent; node != kNone; node = entry_->tree[node].parent) {
    std::uint32_t& body = entry_->tree[node].body;
    if (body != 0 && ++kept > limit) dropped.push_back(std::exchange(body, 0));
  }
  return dropped;
}

Result<WriteOutcome> DocumentEdit::apply(const PreparedEdit& prepared, bool new_edits) {
  MYCOUCH_CHECK(load());
  WriteOutcome outcome{.id = id_, .revision = {}, .error = std::nullopt};
  doc::RevPath path = prepared.edit.path;
  Index base = kNone;
  if (new_edits) {
    Result<Index> parent = parent_of(prepared.edit);
    if (!parent) {
      outcome.error = std::move(parent).error();
      return outcome;
    }
    base = *parent;
  } else {
    outcome.revision = path.leaf();
    Index known = entry_->tree.find(outcome.revision);
    if (known != kNone && entry_->tree[known].stored) {
      MYCOUCH_CHECK(deepen(known, path));
      return outcome;
    }
    base = base_of(path);
  }
  if (new_edits) {
    MYCOUCH_TRY(const bool has_room, has_room_for_indexes(prepared.edit));
    if (!has_room) {
      outcome.error =
          Error{Errc::forbidden, "a database has at most " + std::to_string(doc::kMaxIndexes) + " indexes"};
      return outcome;
    }
  }
  std::optional<doc::Revision> parent;
  if (base != kNone) parent = entry_->tree[base].revision;
  const std::uint32_t generation = !new_edits ? path.generation : parent ? parent->generation + 1 : 1;
  Result<std::vector<doc::Attachment>> attachments = attachments_of(prepared, base, generation, new_edits);
  if (!attachments) {
    if (attachments.error().code != Errc::missing_stub)
      return std::unexpected(std::move(attachments).error());
    outcome.error = std::move(attachments).error();
    return outcome;
  }
  if (new_edits) {
    outcome.revision = doc::next_revision(parent, prepared.edit.deleted, prepared.edit.body, *attachments);
    path = {outcome.revision.generation, {outcome.revision.hash}};
    if (parent) path.hashes.push_back(parent->hash);
  }

  MYCOUCH_CHECK(move_index_rows_at_end());
  doc::RevTree& tree = entry_->tree;
  doc::RevTree::MergeOutcome merge = tree.merge(path, prepared.edit.deleted, entry_->next_body);
  Index node = merge.node;
  BodyRecord record{*std::move(attachments), prepared.edit.body};
  ++entry_->next_body;
  // The winner of before may have had its body inline; it may not be the winner any more.
  MYCOUCH_CHECK(store_body(node, record));
  for (std::size_t i = 0; i < record.attachments.size(); ++i) {
    MYCOUCH_CHECK(transaction_.refer_to_attachment(target_.prefix, record.attachments[i].digest,
                                                   prepared.contents[i].get()));
  }
  if (node == tree.winner()) {
    entry_->winner_bytes = record.json.size();
  } else {
    MYCOUCH_CHECK(note_winner_bytes());
  }
  MYCOUCH_CHECK(drop_bodies(detach_old_bodies(node, old_bodies_kept(record))));
  MYCOUCH_CHECK(settle(merge.merged != doc::RevTree::Merged::filled_in || merge.deepened));
  return outcome;
}

// A revision that is stored has come again, perhaps with ancestors of which it had been stemmed. They may
// join branches, so that a leaf is one no more. What stemming takes off again at once is no change.
Result<void> DocumentEdit::deepen(Index node, const doc::RevPath& path) {
  if (path.hashes.size() <= entry_->tree.path(node).hashes.size()) return {};
  doc::RevTree deeper = entry_->tree;
  deeper.merge(path, false, 0);
  doc::RevTree kept = deeper;
  kept.stem(target_.database->revs_limit());
  std::string before;
  std::string after;
  entry_->tree.encode(before);
  kept.encode(after);
  if (before == after) return {};
  MYCOUCH_CHECK(move_index_rows_at_end());
  entry_->tree = std::move(deeper);
  MYCOUCH_CHECK(note_winner_bytes());
  return settle(true);
}

Result<void> DocumentEdit::settle(bool leaves_changed) {
  MYCOUCH_CHECK(drop_bodies(entry_->tree.stem(target_.database->revs_limit())));
  if (target_.database->keeps_for_merging) {
    MYCOUCH_CHECK(drop_bodies(entry_->tree.drop_ended_branches(kKeptEndedBranches)));
  }
  if (leaves_changed || entry_->positions.empty()) move_rows_at_end();
  transaction_.entry_changed(document_key_);
  transaction_.changed(target_.database, id_);
  return read_indexes_of_design();
}

Result<std::vector<std::string>> DocumentEdit::scopes() {
  if (!target_.database->scope_rule) return std::vector<std::string>{target_.partition};
  MYCOUCH_TRY(BodyRecord winner, body_of(entry_->tree.winner()));
  std::vector<std::string> scopes = target_.database->scope_rule(id_, entry_->tree.deleted(), winner.json);
  scopes.emplace_back();
  return scopes;
}

void DocumentEdit::move_rows_at_end() {
  // The first edit of a transaction is the one that knows what stood before it.
  transaction_.at_end(
      document_key_,
      [&target = target_, &id = id_, before = before_](Transaction& transaction) -> Result<void> {
        DocumentEdit moved(transaction, target, id);
        MYCOUCH_CHECK(moved.load());
        moved.before_ = before;
        if (transaction.purged(moved.document_key_)) MYCOUCH_CHECK(moved.take_out_of_all_scopes());
        return moved.move_rows();
      });
}

Result<void> DocumentEdit::move_rows() {
  if (entry_->tree.empty()) return {};  // purged
  MYCOUCH_TRY(std::vector<std::string> now, scopes());
  ChangeRecord row{.deleted = entry_->tree.deleted(), .leaves = {}, .id = id_};
  for (Index leaf : entry_->tree.leaves()) row.leaves.push_back(entry_->tree[leaf].revision);
  std::uint64_t bytes = counted().bytes;
  for (const std::string& scope : now) MYCOUCH_CHECK(enter(scope, row, bytes));
  row.deleted = true;
  row.leaves.resize(1);
  for (const ScopePosition& position : std::vector(entry_->positions)) {
    bool left = std::ranges::find(now, position.scope) == now.end();
    if (left && !position.removed) MYCOUCH_CHECK(leave(position.scope, row));
  }
  return {};
}

// The document's row becomes the last one of a scope.
Result<void> DocumentEdit::enter(const std::string& scope, const ChangeRecord& row, std::uint64_t bytes) {
  std::string prefix = key_prefix(target_.database->number, scope);
  MYCOUCH_TRY(Counters * counters, transaction_.counters(prefix));
  ScopePosition* position = entry_->position(scope);
  if (position == nullptr) {
    position =
        &entry_->positions.emplace_back(ScopePosition{.scope = scope, .sequence = 0, .removed = false});
  } else {
    take_out(*position, prefix, *counters);
  }
  position->sequence = ++counters->update_seq;
  position->removed = false;
  ++(row.deleted ? counters->deleted : counters->documents);
  counters->bytes += bytes;
  transaction_.put_change(change_key(prefix, position->sequence), row);
  transaction_.touched(target_.database, scope, std::move(prefix));
  return {};
}

// The document is gone for the readers of a scope that it belonged to.
Result<void> DocumentEdit::leave(const std::string& scope, const ChangeRecord& row) {
  std::string prefix = key_prefix(target_.database->number, scope);
  MYCOUCH_TRY(Counters * counters, transaction_.counters(prefix));
  ScopePosition* position = entry_->position(scope);
  transaction_.erase_change(change_key(prefix, position->sequence));
  --(before_.deleted ? counters->deleted : counters->documents);
  ++counters->deleted;
  counters->bytes -= before_.bytes;
  position->sequence = ++counters->update_seq;
  position->removed = true;
  transaction_.put_change(change_key(prefix, position->sequence), row);
  transaction_.touched(target_.database, scope, std::move(prefix));
  return {};
}

void DocumentEdit::take_out(const ScopePosition& position, const std::string& prefix, Counters& counters) {
  transaction_.erase_change(change_key(prefix, position.sequence));
  const bool counted_deleted = position.removed || before_.deleted;
  --(counted_deleted ? counters.deleted : counters.documents);
  if (!position.removed) counters.bytes -= before_.bytes;
}

Result<void> DocumentEdit::take_out_of_all_scopes() {
  for (const ScopePosition& position : entry_->positions) {
    std::string prefix = key_prefix(target_.database->number, position.scope);
    MYCOUCH_TRY(Counters * counters, transaction_.counters(prefix));
    take_out(position, prefix, *counters);
  }
  entry_->positions.clear();
  before_ = {};
  return {};
}

Result<bool> DocumentEdit::has_room_for_indexes(const doc::Edit& edit) {
  if (!is_design() || edit.deleted) return true;
  MYCOUCH_TRY(const PartitionIndexes* indexes, transaction_.indexes(target_.prefix));
  return indexes->has_room(id_, doc::read_indexes(id_, edit.body).size());
}

// With the edit, so that those that follow in the transaction know how many indexes there are.
Result<void> DocumentEdit::read_indexes_of_design() {
  if (!is_design()) return {};
  std::vector<doc::IndexDefinition> definitions;
  if (!entry_->tree.deleted()) {
    MYCOUCH_TRY(BodyRecord winner, body_of(entry_->tree.winner()));
    definitions = doc::read_indexes(id_, winner.json);
  }
  MYCOUCH_TRY(const PartitionIndexes* before, transaction_.indexes(target_.prefix));
  PartitionIndexes after = *before;
  if (!after.set_design(id_, std::move(definitions))) return {};
  MYCOUCH_TRY(PartitionIndexes * changed, transaction_.change_indexes(target_.database, target_.prefix));
  *changed = std::move(after);
  return {};
}

Result<std::vector<DocumentEdit::IndexRow>> DocumentEdit::index_rows() {
  std::vector<IndexRow> rows;
  if (entry_->tree.deleted()) return rows;
  MYCOUCH_TRY(const PartitionIndexes* indexes, transaction_.indexes(target_.prefix));
  const Index winner = entry_->tree.winner();
  MYCOUCH_TRY(BodyRecord record, body_of(winner));
  const json::Value document = doc::as_value({.id = id_,
                                              .revision = entry_->tree[winner].revision,
                                              .body = std::move(record.json),
                                              .attachments = std::move(record.attachments)});
  for (std::size_t i = 0; i < indexes->definitions.size(); ++i) {
    auto key = doc::index_key(*indexes->definitions[i], document);
    if (key) rows.push_back({indexes->record.indexes[i].number, *std::move(key)});
  }
  return rows;
}

// An index that comes to be in this transaction is filled by the work in the background, which reads what the
// transaction has left.
Result<void> DocumentEdit::move_index_rows_at_end() {
  if (!transaction_.first_change(document_key_) || is_design()) return {};
  MYCOUCH_TRY(const PartitionIndexes* indexes, transaction_.indexes(target_.prefix));
  if (indexes->definitions.empty()) return {};
  MYCOUCH_TRY(std::vector<IndexRow> former, index_rows());
  transaction_.at_last(
      [&target = target_, &id = id_, former = std::move(former)](Transaction& transaction) -> Result<void> {
        DocumentEdit moved(transaction, target, id);
        MYCOUCH_CHECK(moved.load());
        return moved.move_index_rows(former);
      });
  return {};
}

Result<void> DocumentEdit::move_index_rows(const std::vector<IndexRow>& former) {
  MYCOUCH_TRY(std::vector<IndexRow> now, index_rows());
  for (const IndexRow& row : former) {
    if (std::ranges::find(now, row) != now.end()) continue;
    transaction_.erase_index_row(index_row_key(target_.prefix, row.index, row.key, id_));
  }
  for (const IndexRow& row : now) {
    transaction_.put_index_row(index_row_key(target_.prefix, row.index, row.key, id_), row.key.size());
  }
  return {};
}

Result<void> DocumentEdit::compact() {
  if (target_.database->keeps_for_merging) return {};
  MYCOUCH_CHECK(load());
  doc::RevTree& tree = entry_->tree;
  std::vector<Index> leaves = tree.leaves();
  std::vector<std::uint32_t> dropped;
  for (Index node = 0; node < tree.nodes().size(); ++node) {
    if (tree[node].body != 0 && std::ranges::find(leaves, node) == leaves.end()) {
      dropped.push_back(std::exchange(tree[node].body, 0));
    }
  }
  if (dropped.empty()) return {};
  MYCOUCH_CHECK(drop_bodies(dropped));
  transaction_.entry_changed(document_key_);
  return {};
}

Result<void> DocumentEdit::purge() {
  MYCOUCH_CHECK(load());
  if (entry_->tree.empty()) return {};
  MYCOUCH_CHECK(move_index_rows_at_end());
  move_rows_at_end();
  for (const doc::RevTree::Node& node : entry_->tree.nodes()) {
    if (node.body != 0) MYCOUCH_CHECK(drop_body(node.body));
  }
  empty_entry();
  transaction_.changed(target_.database, id_);
  return read_indexes_of_design();
}

Result<std::vector<doc::Revision>> DocumentEdit::purge_leaves(const std::vector<doc::Revision>& revisions) {
  MYCOUCH_CHECK(load());
  if (entry_->tree.empty()) return std::vector<doc::Revision>{};
  MYCOUCH_CHECK(move_index_rows_at_end());
  doc::RevTree::Removed removed = entry_->tree.remove_leaves(revisions);
  if (removed.leaves.empty()) return removed.leaves;
  move_rows_at_end();
  MYCOUCH_CHECK(drop_bodies(removed.bodies));
  if (entry_->tree.empty()) {
    empty_entry();
  } else {
    MYCOUCH_CHECK(note_winner_bytes());
    transaction_.entry_changed(document_key_);
  }
  transaction_.changed(target_.database, id_);
  MYCOUCH_CHECK(read_indexes_of_design());
  return std::move(removed.leaves);
}

// The positions are needed until the rows are taken out, at the end.
void DocumentEdit::empty_entry() {
  Entry emptied;
  emptied.positions = std::move(entry_->positions);
  *entry_ = std::move(emptied);
  transaction_.entry_purged(document_key_);
}

Result<void> DocumentEdit::note_winner_bytes() {
  MYCOUCH_TRY(BodyRecord winner, body_of(entry_->tree.winner()));
  entry_->winner_bytes = winner.json.size();
  return {};
}

}  // namespace

Target make_target(std::shared_ptr<DatabaseRecord> database, std::string partition) {
  std::string prefix = key_prefix(database->number, partition);
  return {.database = std::move(database), .partition = std::move(partition), .prefix = std::move(prefix)};
}

PreparedEdit prepare(doc::Edit edit) {
  PreparedEdit prepared{std::move(edit), {}};
  for (doc::IncomingAttachment& attachment : prepared.edit.attachments) {
    auto& content = prepared.contents.emplace_back();
    if (attachment.data) {
      content = take_inline(*attachment.data, attachment.content_type);
      attachment.data.reset();
    } else {
      content = std::dynamic_pointer_cast<const TakenContent>(std::move(attachment.stored));
    }
  }
  return prepared;
}

Result<bool> can_apply(Transaction& transaction, const Target& target, const doc::Edit& edit) {
  return DocumentEdit(transaction, target, edit.id).can_follow(edit);
}

Result<WriteOutcome> apply_edit(Transaction& transaction, const Target& target, const PreparedEdit& prepared,
                                bool new_edits) {
  return DocumentEdit(transaction, target, prepared.edit.id).apply(prepared, new_edits);
}

Result<void> compact_document(Transaction& transaction, const Target& target, const std::string& id) {
  return DocumentEdit(transaction, target, id).compact();
}

Result<void> purge_document(Transaction& transaction, const Target& target, const std::string& id) {
  return DocumentEdit(transaction, target, id).purge();
}

Result<std::vector<doc::Revision>> purge_leaves(Transaction& transaction, const Target& target,
                                                const std::string& id,
                                                const std::vector<doc::Revision>& revisions) {
  return DocumentEdit(transaction, target, id).purge_leaves(revisions);
}

}  // namespace mycouch::store::rocks
