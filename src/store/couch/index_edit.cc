#include "store/couch/index_edit.h"

#include <algorithm>

#include "store/change_record.h"

namespace mycouch::store::couch {

Result<IndexEdit::LoadedDocument*> IndexEdit::load(const std::string& partition, const std::string& id) {
  std::string key = document_key(partition_prefix(database_, partition), id);
  if (auto at = documents_.find(key); at != documents_.end()) return &at->second;
  MYCOUCH_TRY(auto found, files_.load<DocumentRecord>(files_.families().documents, key, "document"));
  LoadedDocument& loaded = documents_[std::move(key)];
  if (found) loaded.record = *std::move(found);
  return &loaded;
}

Result<CountersRecord*> IndexEdit::counters(const std::string& prefix) {
  if (auto at = counters_.find(prefix); at != counters_.end()) return &at->second;
  MYCOUCH_TRY(auto found, files_.load<CountersRecord>(files_.families().counters, prefix, "counters"));
  return &(counters_[prefix] = found.value_or(CountersRecord{}));
}

Result<void> IndexEdit::fold(const FoldedDocument& document) {
  MYCOUCH_TRY(LoadedDocument * loaded, load(document.partition, document.id));
  const Subject subject{document.partition, document.id, *loaded};
  DocumentRecord& record = loaded->record;
  const bool changed = record.leaves != document.leaves || record.deleted != document.deleted;
  bool moved = false;
  std::string row;
  for (auto at = document.scopes.begin(); at != document.scopes.end(); ++at) {
    if (std::find(document.scopes.begin(), at, *at) != at) continue;  // named twice
    const ScopePosition* position = record.position(*at);
    if (!changed && position != nullptr && !position->left_by) continue;
    if (row.empty()) row = ChangeRecord{document.deleted, document.leaves, document.id}.encode();
    MYCOUCH_CHECK(enter(subject, *at, document, row));
    moved = true;
  }
  for (ScopePosition& position : record.positions) {
    const bool belongs = std::ranges::find(document.scopes, position.scope) != document.scopes.end();
    if (belongs || position.left_by) continue;
    MYCOUCH_CHECK(leave(subject, position, document.leaves.front()));
    moved = true;
  }
  if (!moved) return {};
  record.deleted = document.deleted;
  record.leaves = document.leaves;
  loaded->changed = true;
  moved_ids_.insert(document.id);
  return {};
}

Result<void> IndexEdit::enter(const Subject& subject, const std::string& scope,
                              const FoldedDocument& document, const std::string& row) {
  const ScopeName name{subject.partition, scope};
  const std::string prefix = scope_prefix(database_, name);
  MYCOUCH_TRY(CountersRecord * counters, this->counters(prefix));
  ScopePosition* position = subject.loaded.record.position(scope);
  if (position == nullptr) {
    position = &subject.loaded.record.positions.emplace_back(ScopePosition{.scope = scope});
  } else {
    MYCOUCH_CHECK(take_out(subject, *position, prefix, *counters));
  }
  position->sequence = ++counters->update_seq;
  position->left_by.reset();
  ++(document.deleted ? counters->deleted : counters->documents);
  batch_.Put(files_.families().changes, change_key(prefix, position->sequence), row);
  if (is_partial(name) && !document.deleted) {
    batch_.Put(files_.families().members, document_key(prefix, subject.id), rocksdb::Slice());
  }
  moved_scopes_.insert(name);
  return {};
}

Result<void> IndexEdit::leave(const Subject& subject, ScopePosition& position, const doc::Revision& leaf) {
  const ScopeName name{subject.partition, position.scope};
  const std::string prefix = scope_prefix(database_, name);
  MYCOUCH_TRY(CountersRecord * counters, this->counters(prefix));
  MYCOUCH_CHECK(take_out(subject, position, prefix, *counters));
  position.sequence = ++counters->update_seq;
  position.left_by = leaf;
  ++counters->deleted;
  const ChangeRecord row{.deleted = true, .leaves = {leaf}, .id = subject.id};
  batch_.Put(files_.families().changes, change_key(prefix, position.sequence), row.encode());
  moved_scopes_.insert(name);
  return {};
}

Result<void> IndexEdit::take_out(const Subject& subject, const ScopePosition& position,
                                 const std::string& prefix, CountersRecord& counters) {
  const bool counted_deleted = position.left_by || subject.loaded.record.deleted;
  std::uint64_t& count = counted_deleted ? counters.deleted : counters.documents;
  if (count == 0) return std::unexpected(rocks::corrupt("counters"));
  --count;
  batch_.Delete(files_.families().changes, change_key(prefix, position.sequence));
  if (!counted_deleted && is_partial({subject.partition, position.scope})) {
    batch_.Delete(files_.families().members, document_key(prefix, subject.id));
  }
  return {};
}

Result<void> IndexEdit::purge(const std::string& partition, const std::string& id) {
  MYCOUCH_TRY(LoadedDocument * loaded, load(partition, id));
  if (loaded->record.leaves.empty()) return {};
  const Subject subject{partition, id, *loaded};
  for (const ScopePosition& position : loaded->record.positions) {
    const std::string prefix = scope_prefix(database_, {partition, position.scope});
    MYCOUCH_TRY(CountersRecord * counters, this->counters(prefix));
    MYCOUCH_CHECK(take_out(subject, position, prefix, *counters));
  }
  *loaded = {.record = {}, .changed = true};
  moved_ids_.insert(id);
  return {};
}

rocksdb::WriteBatch& IndexEdit::batch() {
  const IndexFamilies& families = files_.families();
  for (const auto& [key, loaded] : documents_) {
    if (!loaded.changed) continue;
    if (loaded.record.leaves.empty()) {
      batch_.Delete(families.documents, key);
    } else {
      batch_.Put(families.documents, key, loaded.record.encode());
    }
  }
  for (const auto& [prefix, counters] : counters_) {
    batch_.Put(families.counters, prefix, counters.encode());
  }
  return batch_;
}

Folded IndexEdit::folded() const {
  return {.ids = {moved_ids_.begin(), moved_ids_.end()},
          .scopes = {moved_scopes_.begin(), moved_scopes_.end()}};
}

}  // namespace mycouch::store::couch
