#include "app/copier.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "app/canonical_json.h"
#include "app/run_each.h"
#include "json/value.h"
#include "json/writer.h"
#include "tenancy/audit.h"
#include "tenancy/documents.h"

namespace mycouch::app {
namespace {

// Under way at a time; each page's documents are in memory.
constexpr std::size_t kPartsAtOnce = 4;
constexpr std::size_t kPagesAtOnce = 4;
constexpr std::size_t kDocumentsOfPage = 500;
constexpr std::size_t kLogRecordsOfPage = 1000;
// Documents and attachments in memory that are written at once, at about.
constexpr std::size_t kMostGathered = std::size_t{8} << 20;
// An attachment of so many stored bytes waits in memory for its document.
constexpr std::size_t kKeptInMemory = std::size_t{64} << 10;
constexpr std::size_t kContentPiece = std::size_t{256} << 10;

const store::LocalRow* find(const std::vector<store::LocalRow>& rows, std::string_view id) {
  const auto at = std::ranges::lower_bound(rows, id, {}, &store::LocalRow::id);
  return at != rows.end() && at->id == id ? &*at : nullptr;
}

// Where the copy of a part stands, as its checkpoint says. 0 where that is of another source, or behind the
// source's end, as after a backup was restored there; or where there is none.
std::uint64_t since_of(const std::vector<store::LocalRow>& rows, const json::Object& source,
                       std::uint64_t end) {
  const store::LocalRow* row = find(rows, kCopyCheckpoint);
  const Result<json::Value> body = row != nullptr ? json::parse(row->document.body) : json::Value();
  const json::Object* checkpoint = body ? body->as_object() : nullptr;
  if (checkpoint == nullptr) return 0;
  for (const json::Member& member : source) {
    const json::Value* value = checkpoint->find(member.name);
    if (value == nullptr || *value != member.value) return 0;
  }
  const json::Value* last_seq = checkpoint->find("last_seq");
  const std::int64_t since = last_seq != nullptr ? last_seq->as_int().value_or(0) : 0;
  return since < 0 || static_cast<std::uint64_t>(since) > end ? 0 : static_cast<std::uint64_t>(since);
}

doc::Edit edit_of(const doc::Document& document) {
  doc::Edit edit;
  edit.id = document.id;
  edit.path = document.revisions;
  edit.deleted = document.deleted;
  edit.body = document.body;
  return edit;
}

std::size_t bytes_of(const doc::Edit& edit) {
  std::size_t bytes = edit.body.size();
  for (const doc::IncomingAttachment& attachment : edit.attachments) {
    if (attachment.stored) bytes += std::min<std::size_t>(attachment.stored->stored_length, kKeptInMemory);
  }
  return bytes;
}

Task<std::shared_ptr<const doc::StoredContent>> send_content(store::Database& from, store::Database& to,
                                                             const doc::Attachment& attachment) {
  MYCOUCH_CO_TRY(auto reader, co_await from.open_content(attachment));
  store::NewContent about{.content_type = attachment.content_type,
                          .encoding = attachment.encoding,
                          .kept_in_memory = kKeptInMemory};
  if (attachment.encoding != doc::Encoding::identity) about.decoded_length = attachment.length;
  MYCOUCH_CO_TRY(auto writer, co_await to.take_content(std::move(about)));
  for (std::uint64_t at = 0;;) {
    MYCOUCH_CO_TRY(std::string piece, co_await reader->read(at, kContentPiece));
    if (piece.empty()) co_return co_await writer->finish();
    at += piece.size();
    MYCOUCH_CO_CHECK(co_await writer->write(std::move(piece)));
  }
}

}  // namespace

// What is opened while one part is copied.
struct Copier::PartCopy {
  std::unique_ptr<Database> from;
  std::unique_ptr<Database> to;
  Database& checkpoints;  // of the target
  json::Object source;    // of what incarnation of the part the sequence is
  std::uint64_t since;
};

// Edits on their way to the target.
class Copier::Batch {
 public:
  void add(doc::Edit edit) {
    bytes_ += bytes_of(edit);
    edits_.push_back(std::move(edit));
  }
  bool is_full() const { return bytes_ >= kMostGathered; }
  std::vector<doc::Edit> take() {
    bytes_ = 0;
    return std::exchange(edits_, {});
  }

 private:
  std::vector<doc::Edit> edits_;
  std::size_t bytes_ = 0;
};

Copier::Copier(store::Store& from, store::Store& to, Plan plan, OnProgress on_progress)
    : from_(from), to_(to), plan_(std::move(plan)), on_progress_(std::move(on_progress)) {}

Task<CopyCounts> Copier::run() {
  to_.set_scope_rule(plan_.system_database, tenancy::scopes_of);
  to_.keep_for_merging(plan_.system_database);
  MYCOUCH_CO_TRY(const std::vector<std::string> databases, co_await from_.list());
  for (const std::string& database : databases) {
    MYCOUCH_CO_TRY(const std::uint64_t documents, co_await count_documents(from_, database));
    total_ += documents;
  }
  for (const std::string& database : databases) {
    MYCOUCH_CO_CHECK(co_await make_database(database));
    MYCOUCH_CO_CHECK(co_await copy_database(database));
  }
  MYCOUCH_CO_CHECK(co_await copy_audit_trail());
  on_progress_(total_, total_);
  co_return counts_;
}

void Copier::advance(std::uint64_t documents) {
  done_ += documents;
  on_progress_(std::min(done_, total_), total_);
}

// Before its documents: the limit of revisions says what is kept of their histories.
Task<void> Copier::make_database(const std::string& database) {
  Result<void> created = co_await to_.create(database);
  if (!created && created.error().code != Errc::file_exists) co_return created;
  MYCOUCH_CO_TRY(auto from, co_await from_.open(database, {}));
  MYCOUCH_CO_TRY(auto to, co_await to_.open(database, {}));
  MYCOUCH_CO_TRY(store::DatabaseSettings theirs, co_await from->settings());
  MYCOUCH_CO_TRY(const store::DatabaseSettings ours, co_await to->settings());
  store::SettingsChange change;
  if (theirs.revs_limit != ours.revs_limit) change.revs_limit = theirs.revs_limit;
  if (theirs.purged_infos_limit != ours.purged_infos_limit) {
    change.purged_infos_limit = theirs.purged_infos_limit;
  }
  if (!theirs.security.empty() && !is_same_json(theirs.security, ours.security)) {
    change.security = std::move(theirs.security);
  }
  const bool changes = change.revs_limit || change.purged_infos_limit || change.security;
  if (changes) MYCOUCH_CO_CHECK(co_await to->change_settings(std::move(change)));
  if (created || changes) ++counts_.settings;
  co_return Result<void>();
}

Task<void> Copier::copy_database(const std::string& database) {
  StoreParts parts({&from_}, database);
  for (;;) {
    MYCOUCH_CO_TRY(const std::vector<StorePart> page, co_await parts.next());
    if (page.empty()) co_return Result<void>();
    MYCOUCH_CO_CHECK(co_await run_each(page.size(), kPartsAtOnce, [this, &database, &page](std::size_t i) {
      return copy_part(database, page[i]);
    }));
  }
}

Task<void> Copier::copy_part(const std::string& database, StorePart part) {
  const bool system = is_system(database);
  MYCOUCH_CO_TRY(auto from, co_await open_local_documents(from_, database, part.name, system));
  MYCOUCH_CO_TRY(auto to, co_await open_local_documents(to_, database, part.name, system));
  MYCOUCH_CO_TRY(const LocalRows theirs, co_await all_local_documents(*from));
  MYCOUCH_CO_TRY(const LocalRows ours, co_await all_local_documents(*to));
  if (part.documents) {
    MYCOUCH_CO_TRY(auto from_documents, co_await open_documents(from_, database, part.name));
    MYCOUCH_CO_TRY(auto to_documents, co_await open_documents(to_, database, part.name));
    MYCOUCH_CO_TRY(const store::DatabaseInfo info, co_await from_documents->info());
    json::Object source{{"source", from_.uuid()}, {"epoch", info.epoch}};
    const std::uint64_t since = plan_.from_start ? 0 : since_of(ours, source, info.update_seq);
    MYCOUCH_CO_TRY(const std::uint64_t pending, co_await from_documents->pending(since));
    const std::uint64_t documents = info.doc_count + info.doc_del_count;
    advance(documents - std::min(documents, pending));
    PartCopy copy{.from = std::move(from_documents),
                  .to = std::move(to_documents),
                  .checkpoints = *to,
                  .source = std::move(source),
                  .since = since};
    Result<void> copied = co_await copy_documents(copy);
    if (!copied) {
      co_return fail(copied.error().code, fmt::format("{} of \"{}\": {}", json::quoted(part.name), database,
                                                      copied.error().reason));
    }
  }
  co_return co_await copy_local_documents(*to, theirs, ours);
}

Task<void> Copier::copy_documents(PartCopy& part) {
  for (bool at_end = false; !at_end;) {
    std::vector<std::vector<store::ChangeRow>> pages;
    std::uint64_t last = part.since;
    while (!at_end && pages.size() < kPagesAtOnce) {
      MYCOUCH_CO_TRY(store::ChangesPage page,
                     co_await part.from->changes({.since = last, .limit = kDocumentsOfPage}));
      last = page.last_seq;
      at_end = page.at_end;
      if (!page.rows.empty()) pages.push_back(std::move(page.rows));
    }
    MYCOUCH_CO_CHECK(co_await run_each(pages.size(), kPagesAtOnce, [this, &part, &pages](std::size_t i) {
      return copy_rows(part, std::move(pages[i]));
    }));
    if (last == std::exchange(part.since, last)) continue;
    MYCOUCH_CO_CHECK(co_await write_checkpoint(part));
  }
  co_return Result<void>();
}

Task<void> Copier::write_checkpoint(const PartCopy& part) {
  json::Object body = part.source;
  body.set("last_seq", part.since);
  return part.checkpoints.write_local(std::string(kCopyCheckpoint),
                                      {.body = json::write(body), .version = 1});
}

Task<void> Copier::copy_rows(PartCopy& part, std::vector<store::ChangeRow> rows) {
  const std::size_t count = rows.size();
  std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked;
  asked.reserve(count);
  for (store::ChangeRow& row : rows) asked.emplace_back(std::move(row.id), std::move(row.leaves));
  MYCOUCH_CO_TRY(const auto diffs, co_await part.to->revs_diff(std::move(asked)));
  Lacking lacking;
  for (const Database::RevisionsDiff& diff : diffs) {
    if (!diff.missing.empty()) ++counts_.documents;
    for (const doc::Revision& revision : diff.missing) lacking.revisions.push_back({diff.id, revision});
    if (!diff.possible_ancestors.empty()) lacking.held[diff.id] = diff.possible_ancestors;
  }
  MYCOUCH_CO_CHECK(co_await send(part, std::move(lacking)));
  advance(count);
  co_return Result<void>();
}

Task<void> Copier::send(PartCopy& part, Lacking lacking) {
  std::vector<store::RevisionRequest>& revisions = lacking.revisions;
  Batch batch;
  while (!revisions.empty()) {
    MYCOUCH_CO_TRY(const auto answers, co_await part.from->read_many(revisions, {.rev = {}, .revs = true}));
    revisions.erase(revisions.begin(), revisions.begin() + static_cast<std::ptrdiff_t>(answers.size()));
    for (const std::vector<store::OpenRevision>& answer : answers) {
      for (const store::OpenRevision& opened : answer) {
        // A leaf that is not there has been followed by another, or purged, since its row was read.
        if (!opened.document) continue;
        doc::Edit edit = edit_of(*opened.document);
        MYCOUCH_CO_CHECK(co_await add_contents(part, *opened.document, lacking, edit));
        batch.add(std::move(edit));
        if (batch.is_full()) MYCOUCH_CO_CHECK(co_await write(part, batch));
      }
    }
  }
  co_return co_await write(part, batch);
}

// Content that an older revision has brought is not sent again.
Task<void> Copier::add_contents(PartCopy& part, const doc::Document& document, const Lacking& lacking,
                                doc::Edit& edit) {
  if (document.attachments.empty()) co_return Result<void>();
  MYCOUCH_CO_TRY(const auto held, co_await held_attachments(*part.to, document, lacking));
  for (const doc::Attachment& attachment : document.attachments) {
    doc::IncomingAttachment incoming{.name = attachment.name, .content_type = attachment.content_type};
    incoming.revpos = attachment.revpos;
    const bool is_held = std::ranges::any_of(held, [&attachment](const doc::Attachment& other) {
      return other.name == attachment.name && other.digest == attachment.digest &&
             other.content_type == attachment.content_type && other.revpos == attachment.revpos;
    });
    if (is_held) {
      incoming.digest = attachment.digest;
    } else {
      MYCOUCH_CO_TRY(incoming.stored, co_await send_content(*part.from, *part.to, attachment));
      ++counts_.attachments;
    }
    edit.attachments.push_back(std::move(incoming));
  }
  co_return Result<void>();
}

// Those of the ancestor that is a leaf of the target's: what a stub refers to there.
Task<std::vector<doc::Attachment>> Copier::held_attachments(Database& to, const doc::Document& document,
                                                            const Lacking& lacking) {
  const auto leaves = lacking.held.find(document.id);
  if (leaves == lacking.held.end()) co_return std::vector<doc::Attachment>();
  const doc::RevPath& path = document.revisions;
  for (std::size_t i = 1; i < path.hashes.size(); ++i) {
    const doc::Revision ancestor{path.generation - static_cast<std::uint32_t>(i), path.hashes[i]};
    if (std::ranges::find(leaves->second, ancestor) == leaves->second.end()) continue;
    MYCOUCH_CO_TRY(auto opened, co_await to.read_revisions(document.id, {ancestor}, {}));
    if (opened.empty() || !opened.front().document) break;
    co_return std::move(opened.front().document->attachments);
  }
  co_return std::vector<doc::Attachment>();
}

Task<void> Copier::write(PartCopy& part, Batch& batch) {
  std::vector<doc::Edit> edits = batch.take();
  if (edits.empty()) co_return Result<void>();
  const std::size_t count = edits.size();
  MYCOUCH_CO_TRY(const auto outcomes, co_await part.to->write(std::move(edits), {.new_edits = false}));
  for (const store::WriteOutcome& outcome : outcomes) {
    if (!outcome.error) continue;
    co_return fail(outcome.error->code,
                   fmt::format("the target refuses {} at {}: {}", json::quoted(outcome.id),
                               outcome.revision.text(), outcome.error->reason));
  }
  counts_.revisions += count;
  co_return Result<void>();
}

Task<void> Copier::copy_local_documents(Database& to, const LocalRows& theirs, const LocalRows& ours) {
  for (const store::LocalRow& row : theirs) {
    const store::LocalRow* own = find(ours, row.id);
    if (row.id == kCopyCheckpoint ||
        (own != nullptr && is_same_json(own->document.body, row.document.body))) {
      continue;
    }
    MYCOUCH_CO_CHECK(co_await to.write_local(row.id, row.document));
    ++counts_.local_documents;
  }
  for (const store::LocalRow& row : ours) {
    if (row.id == kCopyCheckpoint || find(theirs, row.id) != nullptr) continue;
    MYCOUCH_CO_CHECK(co_await to.remove_local(row.id));
    ++counts_.local_documents;
  }
  co_return Result<void>();
}

// The target's last record says where to go on.
Task<void> Copier::copy_audit_trail() {
  const std::string log = tenancy::audit_log(plan_.system_database);
  MYCOUCH_CO_TRY(const store::LogPage last,
                 co_await to_.read_log({.log = log, .descending = true, .limit = 1}));
  store::LogQuery query{.log = log, .limit = kLogRecordsOfPage};
  if (!last.entries.empty()) query.after = last.entries.front().position;
  for (;;) {
    MYCOUCH_CO_TRY(store::LogPage page, co_await from_.read_log(query));
    counts_.log_records += page.entries.size();
    if (!page.entries.empty()) {
      MYCOUCH_CO_CHECK(co_await to_.restore_log(log, std::move(page.entries)));
    }
    if (!page.next) co_return Result<void>();
    query.after = page.next;
  }
}

}  // namespace mycouch::app
