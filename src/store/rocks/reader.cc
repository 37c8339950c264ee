#include "store/rocks/reader.h"

#include <algorithm>

#include "store/rocks/keys.h"

namespace mycouch::store::rocks {
namespace {

constexpr auto kNone = doc::RevTree::kNone;

// Up to so many rows, `pending` is counted.
constexpr std::uint64_t kCountedRows = 10'000;

// What a document weighs in an answer, about.
std::size_t bytes_of(const doc::Document& document) {
  return document.body.size();
}

// The generation of the newest of `asked` that is the node or an ancestor; 0 where none is.
std::uint32_t nearest(const doc::RevTree& tree, doc::RevTree::Index node,
                      const std::vector<doc::Revision>& asked) {
  if (asked.empty()) return 0;
  for (; node != kNone; node = tree[node].parent) {
    if (std::ranges::find(asked, tree[node].revision) != asked.end()) return tree[node].revision.generation;
  }
  return 0;
}

std::size_t bytes_of(const std::vector<OpenRevision>& revisions) {
  std::size_t bytes = 0;
  for (const OpenRevision& revision : revisions)
    bytes += revision.document ? bytes_of(*revision.document) : 0;
  return bytes;
}

std::unexpected<Error> missing() {
  return fail(Errc::not_found, "missing");
}

// To the first row of a query, of those whose ids stand behind `prefix`.
void seek(rocksdb::Iterator& rows, const std::string& prefix, const AllDocsQuery& query) {
  if (!query.descending) {
    rows.Seek(document_key(prefix, query.start));
  } else if (query.start.empty()) {
    rows.SeekToLast();
  } else {
    rows.SeekForPrev(document_key(prefix, query.start));
  }
}

bool is_behind(const std::string& id, const AllDocsQuery& query) {
  if (!query.end) return false;
  int order = query.descending ? query.end->compare(id) : id.compare(*query.end);
  return order > 0 || (order == 0 && !query.inclusive_end);
}

}  // namespace

Reader::Reader(OpenedDb& opened, const View& view, Tier tier) : opened_(opened), view_(view) {
  if (tier == Tier::memory) options_.read_tier = rocksdb::kBlockCacheTier;
}

void Reader::pin() {
  if (pinned()) return;
  snapshot_.emplace(&opened_.db());
  options_.snapshot = snapshot_->snapshot();
}

Error Reader::translate(const rocksdb::Status& status) {
  if (status.IsIncomplete()) {
    blocked_ = true;
    return {Errc::unavailable, "not in memory"};
  }
  return translated(status);
}

Result<std::optional<rocksdb::PinnableSlice>> Reader::get(rocksdb::ColumnFamilyHandle* family,
                                                          std::string_view key) {
  rocksdb::PinnableSlice value;
  rocksdb::Status status = opened_.db().Get(options_, family, slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(translate(status));
  return value;
}

template <class Record>
Result<std::optional<Record>> Reader::load(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                                           std::string_view kind) {
  MYCOUCH_TRY(auto bytes, get(family, key));
  if (!bytes) return std::nullopt;
  std::optional<Record> record = Record::decode(view(*bytes));
  if (!record) return std::unexpected(corrupt(kind));
  return record;
}

std::unique_ptr<rocksdb::Iterator> Reader::iterate(rocksdb::ColumnFamilyHandle* family,
                                                   std::string_view prefix) {
  lower_bound_ = prefix;
  upper_bound_ = end_of(prefix);
  lower_bound_slice_ = slice(lower_bound_);
  upper_bound_slice_ = slice(upper_bound_);
  rocksdb::ReadOptions options = options_;
  options.iterate_lower_bound = &lower_bound_slice_;
  options.iterate_upper_bound = &upper_bound_slice_;
  return std::unique_ptr<rocksdb::Iterator>(opened_.db().NewIterator(options, family));
}

Result<void> Reader::check(const rocksdb::Iterator& rows) {
  if (rows.status().ok()) return {};
  return std::unexpected(translate(rows.status()));
}

Result<std::optional<Entry>> Reader::entry(const std::string& id) {
  MYCOUCH_TRY(auto found,
              load<Entry>(opened_.families().documents, document_key(view_.target.prefix, id), "entry"));
  if (!found || found->tree.empty()) return std::nullopt;
  if (!view_.partial) return found;
  const ScopePosition* position = found->position(view_.scope);
  if (position == nullptr) return std::nullopt;
  if (!position->removed) return found;
  // The position and its row must be of one moment.
  if (!pinned()) {
    pin();
    return entry(id);
  }
  return entry_as_left(*found, *position);
}

Result<std::optional<Entry>> Reader::entry_as_left(const Entry& entry, const ScopePosition& position) {
  MYCOUCH_TRY(auto row, load<ChangeRecord>(opened_.families().changes,
                                           change_key(view_.scope_prefix, position.sequence), "change"));
  if (!row) return std::unexpected(corrupt("change"));
  const doc::Revision& tombstone = row->leaves.front();
  const Index node = entry.tree.find(tombstone);
  doc::RevPath path{tombstone.generation, {tombstone.hash}};
  if (node != kNone) path = entry.tree.path(node);
  Entry left;
  left.positions.push_back(position);
  left.tree.merge(path, true, left.next_body);
  left.inline_body = left.next_body++;
  BodyRecord{.attachments = {}, .json = "{}"}.encode(left.inline_record);
  return left;
}

Result<std::optional<BodyRecord>> Reader::body(const std::string& id, const Entry& entry, Index node) {
  std::uint32_t number = entry.tree[node].body;
  if (number == 0) return std::nullopt;
  if (number == entry.inline_body) {
    std::optional<BodyRecord> record = BodyRecord::decode(entry.inline_record);
    if (!record) return std::unexpected(corrupt("body"));
    return record;
  }
  return load<BodyRecord>(opened_.families().bodies, body_key(view_.target.prefix, id, number), "body");
}

Result<base::Md5> Reader::content_name(const base::Md5& digest) {
  MYCOUCH_TRY(auto record,
              load<AttachmentRecord>(opened_.families().attachments,
                                     attachment_key(view_.target.prefix, digest, 0), "attachment"));
  if (!record) return missing();
  return record->content_or(digest);
}

void Reader::describe_tree(doc::Document& document, const Entry& entry, Index node,
                           const ReadOptions& options) const {
  const doc::RevTree& tree = entry.tree;
  if (options.revs) {
    document.revisions = tree.path(node);
    // A branch is longer where another needs its older part.
    std::vector<doc::RevHash>& hashes = document.revisions.hashes;
    hashes.resize(std::min<std::size_t>(hashes.size(), view_.target.database->revs_limit()));
  }
  if (options.revs_info) {
    using State = doc::RevisionStatus::State;
    for (Index at = node; at != kNone; at = tree[at].parent) {
      State state = tree[at].body == 0 ? State::missing
                    : tree[at].deleted ? State::deleted
                                       : State::available;
      document.revs_info.push_back({tree[at].revision, state});
    }
  }
  if (options.conflicts || options.deleted_conflicts) {
    for (Index leaf : tree.leaves()) {
      if (leaf == node) continue;
      if (tree[leaf].deleted ? options.deleted_conflicts : options.conflicts) {
        (tree[leaf].deleted ? document.deleted_conflicts : document.conflicts).push_back(tree[leaf].revision);
      }
    }
  }
  if (options.local_seq) {
    if (const ScopePosition* position = entry.position(view_.scope)) {
      document.local_seq = std::to_string(position->sequence);
    }
  }
}

Result<std::optional<doc::Document>> Reader::build(const std::string& id, const Entry& entry, Index node,
                                                   const ReadOptions& options) {
  MYCOUCH_TRY(auto record, body(id, entry, node));
  if (!record) return std::nullopt;
  doc::Document document;
  document.id = id;
  document.revision = entry.tree[node].revision;
  document.deleted = entry.tree[node].deleted;
  document.body = std::move(record->json);
  document.attachments = std::move(record->attachments);
  document.attachment_form = options.attachments;
  document.encoding_info = options.encoding_info;
  document.contents_since = nearest(entry.tree, node, options.atts_since);
  describe_tree(document, entry, node, options);
  return document;
}

Result<DatabaseInfo> Reader::info() {
  MYCOUCH_TRY(auto counters, load<Counters>(opened_.families().counters, view_.scope_prefix, "counters"));
  DatabaseRecord& record = *view_.target.database;
  DatabaseInfo info{.name = record.name, .epoch = view_.epoch};
  if (counters) {
    info.update_seq = counters->update_seq;
    info.doc_count = counters->documents;
    info.doc_del_count = counters->deleted;
    info.active_size = counters->bytes;
  }
  std::lock_guard lock(record.compacting_mutex);
  info.compact_running = record.compacting.contains(view_.target.partition);
  return info;
}

Result<doc::Document> Reader::document(const std::string& id, const ReadOptions& options) {
  MYCOUCH_TRY(auto found, entry(id));
  if (!found) return missing();
  Index node = found->tree.winner();
  if (options.rev) {
    node = found->tree.find(*options.rev);
    if (node == kNone) return missing();
    if (options.latest) node = found->tree.leaves_below(node).front();
  } else if (found->tree.deleted() && !options.deleted) {
    return fail(Errc::not_found, "deleted");
  }
  MYCOUCH_TRY(auto document, build(id, *found, node, options));
  if (document) return *std::move(document);
  // The body may have been compacted away since the entry was read: then the entry now says so.
  if (pinned() || found->tree[node].body == 0) return missing();
  pin();
  return this->document(id, options);
}

Result<std::vector<OpenRevision>> Reader::open_nodes(const std::string& id, const Entry& entry,
                                                     const std::vector<Index>& nodes,
                                                     const ReadOptions& options) {
  std::vector<OpenRevision> opened;
  for (Index node : nodes) {
    MYCOUCH_TRY(auto document, build(id, entry, node, options));
    opened.push_back({entry.tree[node].revision, std::move(document)});
  }
  return opened;
}

Result<std::vector<OpenRevision>> Reader::all_leaves(const std::string& id, const ReadOptions& options) {
  pin();
  MYCOUCH_TRY(auto found, entry(id));
  if (!found) return std::vector<OpenRevision>();
  return open_nodes(id, *found, found->tree.leaves(), options);
}

Result<std::vector<OpenRevision>> Reader::revisions(const std::string& id,
                                                    const std::vector<doc::Revision>& asked,
                                                    const ReadOptions& options) {
  pin();
  MYCOUCH_TRY(auto found, entry(id));
  std::vector<OpenRevision> result;
  std::vector<Index> seen;
  for (auto at = asked.begin(); at != asked.end(); ++at) {
    const doc::Revision& revision = *at;
    if (std::find(asked.begin(), at, revision) != at) continue;  // answered once
    Index node = found ? found->tree.find(revision) : kNone;
    if (node == kNone) {
      result.push_back({revision, std::nullopt});
      continue;
    }
    std::vector<Index> nodes = options.latest ? found->tree.leaves_below(node) : std::vector<Index>{node};
    std::erase_if(nodes, [&seen](Index n) { return std::ranges::find(seen, n) != seen.end(); });
    seen.insert(seen.end(), nodes.begin(), nodes.end());
    MYCOUCH_TRY(auto opened, open_nodes(id, *found, nodes, options));
    std::ranges::move(opened, std::back_inserter(result));
  }
  return result;
}

Result<std::vector<std::vector<OpenRevision>>> Reader::many(const std::vector<RevisionRequest>& requests,
                                                            const ReadOptions& options) {
  pin();
  std::vector<std::vector<OpenRevision>> results;
  results.reserve(requests.size());
  std::size_t bytes = 0;
  for (const RevisionRequest& request : requests) {
    if (!results.empty()) bytes += bytes_of(results.back());
    if (bytes >= options.max_bytes) break;
    if (request.rev) {
      MYCOUCH_TRY(auto opened, revisions(request.id, {*request.rev}, options));
      results.push_back(std::move(opened));
      continue;
    }
    MYCOUCH_TRY(auto found, entry(request.id));
    if (!found) {
      results.push_back({OpenRevision{}});
      continue;
    }
    MYCOUCH_TRY(auto opened, open_nodes(request.id, *found, found->tree.leaves(), options));
    results.push_back(std::move(opened));
  }
  return results;
}

Result<std::vector<Database::RevisionsDiff>> Reader::revs_diff(
    const std::vector<std::pair<std::string, std::vector<doc::Revision>>>& asked) {
  std::vector<Database::RevisionsDiff> diffs;
  diffs.reserve(asked.size());
  for (const auto& [id, revisions] : asked) {
    MYCOUCH_TRY(auto found, entry(id));
    doc::RevTree none;
    const doc::RevTree& tree = found ? found->tree : none;
    Database::RevisionsDiff diff{.id = id, .missing = tree.missing(revisions), .possible_ancestors = {}};
    // As CouchDB lists them: in the order in which they were asked for only where there is no document.
    if (found) std::ranges::sort(diff.missing);
    diff.possible_ancestors = tree.possible_ancestors(diff.missing);
    diffs.push_back(std::move(diff));
  }
  return diffs;
}

Result<ChangesPage> Reader::changes(const ChangesQuery& query) {
  MYCOUCH_TRY(auto counters, load<Counters>(opened_.families().counters, view_.scope_prefix, "counters"));
  ChangesPage page;
  page.last_seq = query.since;
  std::uint64_t update_seq = counters ? counters->update_seq : 0;
  if (!query.descending && query.since >= update_seq) return page;  // an empty poll touches one key
  auto rows = iterate(opened_.families().changes, view_.scope_prefix);
  if (!query.descending) {
    rows->Seek(change_key(view_.scope_prefix, query.since + 1));
  } else if (query.before == UINT64_MAX) {
    rows->SeekToLast();
  } else {
    rows->SeekForPrev(change_key(view_.scope_prefix, query.before - 1));
  }
  std::size_t bytes = 0;
  for (; rows->Valid(); query.descending ? rows->Prev() : rows->Next()) {
    if (page.rows.size() == query.limit || bytes > query.max_bytes) {
      page.at_end = false;
      break;
    }
    std::optional<ChangeRecord> record = ChangeRecord::decode(view(rows->value()));
    if (!record) return std::unexpected(corrupt("change"));
    bytes += rows->value().size();
    page.last_seq = read_u64(view(rows->key()).substr(view_.scope_prefix.size()));
    page.rows.push_back({page.last_seq, std::move(record->id), record->deleted, std::move(record->leaves)});
  }
  MYCOUCH_CHECK(check(*rows));
  // Rows that a write moved while we read are behind what we saw: never answer less than the last row.
  if (page.at_end && !query.descending) page.last_seq = std::max(page.last_seq, update_seq);
  return page;
}

Result<std::uint64_t> Reader::pending(std::uint64_t seq) {
  MYCOUCH_TRY(auto counters, load<Counters>(opened_.families().counters, view_.scope_prefix, "counters"));
  if (!counters || seq >= counters->update_seq) return 0;
  std::uint64_t rows_in_all = counters->documents + counters->deleted;
  if (seq == 0) return rows_in_all;
  auto rows = iterate(opened_.families().changes, view_.scope_prefix);
  std::uint64_t count = 0;
  for (rows->Seek(change_key(view_.scope_prefix, seq + 1)); rows->Valid() && count < kCountedRows;
       rows->Next()) {
    ++count;
  }
  MYCOUCH_CHECK(check(*rows));
  return count < kCountedRows ? count : std::min(rows_in_all, counters->update_seq - seq);
}

Result<AllDocsRow> Reader::all_docs_row(const std::string& id, const Entry& entry,
                                        const AllDocsQuery& query) {
  Index winner = entry.tree.winner();
  AllDocsRow row{.id = id,
                 .revision = entry.tree[winner].revision,
                 .deleted = entry.tree[winner].deleted,
                 .document = std::nullopt};
  if (query.include_docs && !row.deleted) {
    MYCOUCH_TRY(row.document, build(id, entry, winner, query.read));
    if (!row.document) return std::unexpected(corrupt("body"));
  }
  return row;
}

Result<AllDocsPage> Reader::all_docs(const AllDocsQuery& query) {
  if (query.include_docs) pin();
  if (view_.partial) return all_docs_of_scope(query);
  const std::string& prefix = view_.target.prefix;
  auto rows = iterate(opened_.families().documents, prefix);
  seek(*rows, prefix, query);
  AllDocsPage page;
  std::size_t skipped = 0;
  std::size_t bytes = 0;
  for (; rows->Valid(); query.descending ? rows->Prev() : rows->Next()) {
    std::string id(view(rows->key()).substr(prefix.size()));
    if (is_behind(id, query)) break;
    std::optional<Entry> entry = Entry::decode(view(rows->value()));
    if (!entry) return std::unexpected(corrupt("entry"));
    if (entry->tree.empty() || entry->tree.deleted()) continue;
    if (skipped < query.skip) {
      ++skipped;
      continue;
    }
    if (page.rows.size() == query.limit || bytes > query.max_bytes) {
      page.at_end = false;
      break;
    }
    MYCOUCH_TRY(AllDocsRow row, all_docs_row(id, *entry, query));
    bytes += id.size() + (row.document ? bytes_of(*row.document) : 0);
    page.rows.push_back(std::move(row));
  }
  MYCOUCH_CHECK(check(*rows));
  page.skipped = skipped;
  return page;
}

// A scope that is less than its partition holds few documents: they are found by its changes.
Result<AllDocsPage> Reader::all_docs_of_scope(const AllDocsQuery& query) {
  std::vector<std::string> ids;
  auto rows = iterate(opened_.families().changes, view_.scope_prefix);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    std::optional<ChangeRecord> record = ChangeRecord::decode(view(rows->value()));
    if (!record) return std::unexpected(corrupt("change"));
    if (!record->deleted) ids.push_back(std::move(record->id));
  }
  MYCOUCH_CHECK(check(*rows));
  std::ranges::sort(ids);
  if (query.descending) std::ranges::reverse(ids);
  AllDocsPage page;
  std::size_t bytes = 0;
  for (const std::string& id : ids) {
    bool before_start = query.descending ? !query.start.empty() && id > query.start : id < query.start;
    if (before_start) continue;
    if (is_behind(id, query)) break;
    if (page.skipped < query.skip) {
      ++page.skipped;
      continue;
    }
    if (page.rows.size() == query.limit || bytes > query.max_bytes) {
      page.at_end = false;
      break;
    }
    MYCOUCH_TRY(auto found, entry(id));
    if (!found) continue;
    MYCOUCH_TRY(AllDocsRow row, all_docs_row(id, *found, query));
    bytes += id.size() + (row.document ? bytes_of(*row.document) : 0);
    page.rows.push_back(std::move(row));
  }
  return page;
}

Result<std::vector<std::optional<AllDocsRow>>> Reader::all_docs_by_id(const std::vector<std::string>& ids,
                                                                      const AllDocsQuery& query) {
  if (query.include_docs) pin();
  std::vector<std::optional<AllDocsRow>> rows;
  rows.reserve(ids.size());
  std::size_t bytes = 0;
  for (const std::string& id : ids) {
    if (bytes > query.max_bytes) break;
    MYCOUCH_TRY(auto found, entry(id));
    if (!found) {
      rows.emplace_back();
      continue;
    }
    MYCOUCH_TRY(AllDocsRow row, all_docs_row(id, *found, query));
    if (row.document) bytes += bytes_of(*row.document);
    rows.emplace_back(std::move(row));
  }
  return rows;
}

Result<LocalDocument> Reader::local(const std::string& id) {
  MYCOUCH_TRY(auto record, load<LocalRecord>(opened_.families().local, document_key(view_.scope_prefix, id),
                                             "local document"));
  if (!record) return missing();
  return LocalDocument{std::move(record->json), record->version};
}

Result<LocalPage> Reader::local_docs(const AllDocsQuery& query) {
  const std::string& prefix = view_.scope_prefix;
  auto rows = iterate(opened_.families().local, prefix);
  seek(*rows, prefix, query);
  LocalPage page;
  std::size_t skipped = 0;
  std::size_t bytes = 0;
  for (; rows->Valid(); query.descending ? rows->Prev() : rows->Next()) {
    std::string id(view(rows->key()).substr(prefix.size()));
    if (is_behind(id, query)) break;
    if (skipped < query.skip) {
      ++skipped;
      continue;
    }
    if (page.rows.size() == query.limit || bytes > query.max_bytes) {
      page.at_end = false;
      break;
    }
    std::optional<LocalRecord> record = LocalRecord::decode(view(rows->value()));
    if (!record) return std::unexpected(corrupt("local document"));
    bytes += id.size() + record->json.size();
    page.rows.push_back({std::move(id), LocalDocument{std::move(record->json), record->version}});
  }
  MYCOUCH_CHECK(check(*rows));
  return page;
}

Result<Reader::FoundAttachment> Reader::attachment(const std::string& id,
                                                   const std::optional<doc::Revision>& rev,
                                                   const std::string& name) {
  pin();
  ReadOptions options;
  options.rev = rev;
  MYCOUCH_TRY(doc::Document document, this->document(id, options));
  auto at = std::ranges::find(document.attachments, name, &doc::Attachment::name);
  if (at == document.attachments.end()) return fail(Errc::not_found, "Document is missing attachment");
  MYCOUCH_TRY(base::Md5 content, content_name(at->digest));
  return FoundAttachment{std::move(*at), std::move(document.revision), content};
}

Result<std::vector<std::string>> Reader::ids_after(const std::string& id, std::size_t limit) {
  const std::string& prefix = view_.target.prefix;
  auto rows = iterate(opened_.families().documents, prefix);
  std::vector<std::string> ids;
  for (rows->Seek(document_key(prefix, id)); rows->Valid() && ids.size() < limit; rows->Next()) {
    std::string found(view(rows->key()).substr(prefix.size()));
    if (found != id) ids.push_back(std::move(found));
  }
  MYCOUCH_CHECK(check(*rows));
  return ids;
}

}  // namespace mycouch::store::rocks
