#include "app/importer.h"

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "json/value.h"
#include "sync/edits.h"
#include "tenancy/documents.h"
#include "tenancy/system_database.h"

namespace mycouch::app {
namespace {

// Documents and attachments in memory that are written as one batch, at about.
constexpr std::size_t kMaxGathered = std::size_t{32} << 20;

// An attachment of so many stored bytes waits in memory for its document.
constexpr std::size_t kKeptInMemory = std::size_t{64} << 10;

// An answer of _bulk_get: itself, `results`, a result, `docs`, an entry, `ok`, the document's members.
constexpr int kAnswerDepth = 6;

std::string text_member(const json::Outline& outline, const json::Node& object, std::string_view name) {
  const json::Node* member = outline.find(object, name);
  return member != nullptr && member->kind == json::Kind::string ? json::decode_string(member->text) : "";
}

LeftOutReason reason_for(const Error& error, std::string_view id) {
  switch (error.code) {
    case Errc::too_large:
      return LeftOutReason::too_large;
    case Errc::illegal_docid:
      return LeftOutReason::bad_name;
    case Errc::forbidden:
      return LeftOutReason::design_document;
    default:
      return doc::check_id(id) ? LeftOutReason::refused : LeftOutReason::bad_name;
  }
}

std::vector<SourceRevision> revisions_of(const std::vector<SourceRow>& rows) {
  std::vector<SourceRevision> revisions;
  for (const SourceRow& row : rows) {
    for (const std::string& rev : row.revs) revisions.push_back({row.id, rev});
  }
  return revisions;
}

// Takes the second half of what is too much at once.
template <class T>
std::vector<T> split_off_half(std::vector<T>& all) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::vector<T> half(std::make_move_iterator(middle), std::make_move_iterator(all.end()));
  all.erase(middle, all.end());
  return half;
}

std::size_t bytes_of(const doc::Edit& edit) {
  std::size_t bytes = edit.body.size();
  for (const doc::IncomingAttachment& attachment : edit.attachments) {
    if (attachment.data) bytes += attachment.data->size();
    const bool in_memory = attachment.stored && attachment.stored->stored_length <= kKeptInMemory;
    if (in_memory) bytes += attachment.stored->stored_length;
  }
  return bytes;
}

// One checkpoint for each source and way of importing it.
std::string checkpoint_id(const ImportPlan& plan) {
  const base::Sha256 digest = base::sha256(plan.source + "\n" + plan.tenant_field);
  return "import-" + base::to_hex(base::as_text(digest).substr(0, 16));
}

}  // namespace

Importer::Importer(store::Store& store, CouchSource& source, ImportPlan plan, Events events)
    : store_(store), source_(source), plan_(std::move(plan)), events_(std::move(events)) {}

Task<ImportCounts> Importer::run() {
  MYCOUCH_CO_CHECK(co_await source_.check());
  MYCOUCH_CO_CHECK(co_await prepare());
  MYCOUCH_CO_TRY(std::string since, co_await read_checkpoint());
  for (std::uint64_t done = 0;;) {
    MYCOUCH_CO_TRY(SourcePage page, co_await source_.changes(since, plan_.batch));
    events_.progress(done, done + page.rows.size() + page.pending);
    if (page.rows.empty()) co_return std::move(counts_);
    done += page.rows.size();
    MYCOUCH_CO_CHECK(co_await bring(std::move(page.rows)));
    MYCOUCH_CO_CHECK(co_await write_gathered());
    MYCOUCH_CO_CHECK(co_await write_checkpoint(page.last_seq));
    since = std::move(page.last_seq);
    events_.progress(done, done + page.pending);
  }
}

Task<void> Importer::prepare() {
  store_.set_scope_rule(plan_.system_database, tenancy::scopes_of);
  for (const std::string& name : {plan_.system_database, plan_.database}) {
    Result<void> created = co_await store_.create(name);
    if (!created && created.error().code != Errc::file_exists) co_return created;
  }
  co_return Result<void>();
}

// The sequence from which to go on.
Task<std::string> Importer::read_checkpoint() {
  if (plan_.from_start) co_return "0";
  MYCOUCH_CO_TRY(auto database, co_await store_.open(plan_.database, {}));
  Result<store::LocalDocument> checkpoint = co_await database->read_local(checkpoint_id(plan_));
  if (!checkpoint && checkpoint.error().code == Errc::not_found) co_return "0";
  if (!checkpoint) co_return std::unexpected(std::move(checkpoint).error());
  MYCOUCH_CO_TRY(const json::Value body, json::parse(checkpoint->body));
  co_return std::string(body.as_object()->string("last_seq").value_or("0"));
}

Task<void> Importer::write_checkpoint(const std::string& last_seq) {
  const json::Object body{{"source", plan_.source},
                          {"tenant_field", plan_.tenant_field},
                          {"last_seq", last_seq},
                          {"updatedAt", base::to_rfc3339(base::system_clock().now())}};
  MYCOUCH_CO_TRY(auto database, co_await store_.open(plan_.database, {}));
  co_return co_await database->write_local(checkpoint_id(plan_), {.body = json::write(body), .version = 1});
}

// An answer that is too large, or that is no JSON by our rules, is asked for again in halves: so one document
// cannot keep the others out.
Task<void> Importer::bring(std::vector<SourceRow> rows) {
  Result<std::string> answer = co_await source_.revisions(revisions_of(rows), true);
  if (!answer && answer.error().code != Errc::too_large) co_return std::unexpected(std::move(answer).error());
  Result<Documents> documents = answer ? read_answer(*answer) : std::unexpected(answer.error());
  if (!documents && documents.error().code == Errc::unavailable) {
    co_return std::unexpected(std::move(documents).error());
  }
  if (!documents && rows.size() > 1) {
    std::vector<SourceRow> half = split_off_half(rows);
    MYCOUCH_CO_CHECK(co_await bring(std::move(rows)));
    co_return co_await bring(std::move(half));
  }
  if (!documents) {
    for (SourceRevision& revision : revisions_of(rows)) {
      const LeftOutReason reason = answer ? LeftOutReason::refused : LeftOutReason::too_large;
      events_.left_out({std::move(revision.id), std::move(revision.rev), reason, documents.error().reason});
    }
    co_return Result<void>();
  }
  if (!plan_.tenant_field.empty()) MYCOUCH_CO_CHECK(co_await name_former_tenants(*documents));
  for (auto& [tenant, edits] : place(*std::move(documents))) {
    MYCOUCH_CO_TRY(const bool may, co_await may_come(tenant, edits));
    if (!may) continue;
    MYCOUCH_CO_TRY(std::vector<doc::Edit> fresh, co_await without_known(tenant, std::move(edits)));
    MYCOUCH_CO_CHECK(co_await take_in(tenant, std::move(fresh)));
  }
  co_return Result<void>();
}

Result<Importer::Documents> Importer::read_answer(const std::string& answer) {
  MYCOUCH_TRY(const json::Outline outline, json::outline(answer, kAnswerDepth));
  const json::Node* results = outline.find(outline.root(), "results");
  if (results == nullptr)
    return fail(Errc::unavailable, "the source's answer to _bulk_get has an unknown form");
  Documents documents;
  for (const json::Node& result : outline.children(*results)) {
    const json::Node* docs = outline.find(result, "docs");
    if (docs == nullptr) continue;
    for (const json::Node& entry : outline.children(*docs)) {
      MYCOUCH_CHECK(read_revision(documents, outline, entry));
    }
  }
  return documents;
}

Result<void> Importer::read_revision(Documents& documents, const json::Outline& outline,
                                     const json::Node& node) {
  const json::Node* ok = outline.find(node, "ok");
  if (ok == nullptr) {
    const json::Node* error = outline.find(node, "error");
    if (error == nullptr) return {};
    events_.left_out({text_member(outline, *error, "id"), text_member(outline, *error, "rev"),
                      LeftOutReason::not_given, text_member(outline, *error, "reason")});
    return {};
  }
  const std::string id = text_member(outline, *ok, "_id");
  const bool whole = plan_.tenant_field.empty();
  const sync::WriteRules rules{.design_code = whole, .max_document_size = plan_.max_document_size};
  Result<doc::Edit> edit = sync::read_edit(outline, *ok, {}, false, rules);
  if (!edit) {
    events_.left_out(
        {id, text_member(outline, *ok, "_rev"), reason_for(edit.error(), id), edit.error().reason});
    return {};
  }
  std::string tenant;
  if (!whole) {
    MYCOUCH_TRY(tenant, tenancy::take_tenant(edit->body, plan_.tenant_field));
  }
  std::vector<tenancy::IncomingLeaf>& leaves = documents[edit->id].leaves;
  // With `latest`, two revisions that were asked for may have been replaced by one.
  const bool again = std::ranges::any_of(
      leaves, [&](const auto& other) { return other.edit.path.leaf() == edit->path.leaf(); });
  if (!again) leaves.push_back({*std::move(edit), std::move(tenant)});
  return {};
}

// A document that was deleted by DELETE has a tombstone without members. The revision before it, where the
// source still has it, tells whose it was.
Task<void> Importer::name_former_tenants(Documents& documents) {
  std::vector<SourceRevision> parents;
  std::vector<std::pair<std::string, tenancy::IncomingLeaf*>> tombstones;
  for (auto& [id, document] : documents) {
    if (std::ranges::any_of(document.leaves, [](const auto& leaf) { return !leaf.tenant.empty(); })) continue;
    for (tenancy::IncomingLeaf& leaf : document.leaves) {
      const doc::RevPath& path = leaf.edit.path;
      if (!leaf.edit.deleted || path.hashes.size() < 2) continue;
      const std::string rev = doc::Revision{path.generation - 1, path.hashes[1]}.text();
      parents.push_back({id, rev});
      tombstones.emplace_back(std::string(id).append("\n").append(rev), &leaf);
    }
  }
  std::map<std::string, std::string> tenants;
  if (!parents.empty()) MYCOUCH_CO_CHECK(co_await ask_former_tenants(std::move(parents), tenants));
  for (auto& [parent, tombstone] : tombstones) {
    if (const auto found = tenants.find(parent); found != tenants.end()) tombstone->tenant = found->second;
  }
  co_return Result<void>();
}

// Those that are found, by id and revision.
Task<void> Importer::ask_former_tenants(std::vector<SourceRevision> parents,
                                        std::map<std::string, std::string>& tenants) {
  Result<std::string> answer = co_await source_.revisions(parents, false);
  if (!answer && answer.error().code != Errc::too_large) co_return std::unexpected(std::move(answer).error());
  Result<json::Outline> outline =
      answer ? json::outline(*answer, kAnswerDepth) : std::unexpected(answer.error());
  if (!outline && parents.size() > 1) {
    std::vector<SourceRevision> half = split_off_half(parents);
    MYCOUCH_CO_CHECK(co_await ask_former_tenants(std::move(parents), tenants));
    co_return co_await ask_former_tenants(std::move(half), tenants);
  }
  const json::Node* results = outline ? outline->find(outline->root(), "results") : nullptr;
  if (results == nullptr) co_return Result<void>();
  for (const json::Node& result : outline->children(*results)) {
    const json::Node* docs = outline->find(result, "docs");
    if (docs == nullptr) continue;
    for (const json::Node& entry : outline->children(*docs)) {
      const json::Node* ok = outline->find(entry, "ok");
      if (ok == nullptr) continue;
      std::string body(ok->text);
      MYCOUCH_CO_TRY(std::string tenant, tenancy::take_tenant(body, plan_.tenant_field));
      tenants[text_member(*outline, *ok, "_id") + "\n" + text_member(*outline, *ok, "_rev")] =
          std::move(tenant);
    }
  }
  co_return Result<void>();
}

Importer::EditsByTenant Importer::place(Documents documents) {
  EditsByTenant all;
  for (auto& [id, document] : documents) {
    if (plan_.tenant_field.empty()) {
      for (tenancy::IncomingLeaf& leaf : document.leaves) all[""].push_back(std::move(leaf.edit));
      continue;
    }
    tenancy::Placement placement = tenancy::place(std::move(document.leaves));
    for (auto& [tenant, edits] : placement.by_tenant)
      std::ranges::move(edits, std::back_inserter(all[tenant]));
    for (const doc::Edit& edit : placement.nowhere) {
      leave_out(edit, id.starts_with("_design/") ? LeftOutReason::design_document
                      : edit.deleted             ? LeftOutReason::deleted_without_tenant
                                                 : LeftOutReason::no_tenant);
    }
  }
  return all;
}

// Whether there is such a tenant; its revisions are left out otherwise.
Task<bool> Importer::may_come(const std::string& tenant, const std::vector<doc::Edit>& edits) {
  if (plan_.tenant_field.empty()) co_return true;
  MYCOUCH_CO_TRY(const TenantState state, co_await state_of(tenant));
  const bool may =
      state == TenantState::present || (state == TenantState::missing && plan_.allow_missing_tenants);
  if (may) {
    counts_.tenants.insert(tenant);
    co_return true;
  }
  const LeftOutReason reason =
      state == TenantState::deleted ? LeftOutReason::deleted_tenant : LeftOutReason::missing_tenant;
  for (const doc::Edit& edit : edits) leave_out(edit, reason, tenant);
  co_return false;
}

Task<Importer::TenantState> Importer::state_of(const std::string& tenant) {
  if (const auto known = tenants_.find(tenant); known != tenants_.end()) co_return known->second;
  tenancy::SystemDatabase system(store_, plan_.system_database);
  MYCOUCH_CO_TRY(const auto document, co_await system.read(tenant));
  const TenantState state = !document                        ? TenantState::missing
                            : tenancy::is_deleted(*document) ? TenantState::deleted
                                                             : TenantState::present;
  tenants_.emplace(tenant, state);
  co_return state;
}

Task<std::vector<doc::Edit>> Importer::without_known(const std::string& tenant,
                                                     std::vector<doc::Edit> edits) {
  MYCOUCH_CO_TRY(auto database, co_await store_.open(plan_.database, confinement_of(tenant)));
  std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked;
  asked.reserve(edits.size());
  for (const doc::Edit& edit : edits) asked.push_back({edit.id, {edit.path.leaf()}});
  MYCOUCH_CO_TRY(const auto diffs, co_await database->revs_diff(std::move(asked)));
  std::vector<doc::Edit> fresh;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (diffs[i].missing.empty()) {
      ++counts_.known_revisions;
    } else {
      fresh.push_back(std::move(edits[i]));
    }
  }
  co_return fresh;
}

Task<void> Importer::take_in(const std::string& tenant, std::vector<doc::Edit> edits) {
  for (doc::Edit& edit : edits) {
    MYCOUCH_CO_TRY(const bool complete, co_await fetch_attachments(tenant, edit));
    if (!complete) continue;
    gathered_bytes_ += bytes_of(edit);
    gathered_[tenant].push_back(std::move(edit));
    if (gathered_bytes_ >= kMaxGathered) MYCOUCH_CO_CHECK(co_await write_gathered());
  }
  co_return Result<void>();
}

// False where one could not be had; the revision is left out then.
Task<bool> Importer::fetch_attachments(const std::string& tenant, doc::Edit& edit) {
  if (edit.attachments.empty()) co_return true;
  MYCOUCH_CO_TRY(auto database, co_await store_.open(plan_.database, confinement_of(tenant)));
  for (doc::IncomingAttachment& attachment : edit.attachments) {
    if (attachment.data) continue;
    auto open = [&database, type = attachment.content_type] {
      return database->take_content({.content_type = type, .kept_in_memory = kKeptInMemory});
    };
    auto content = co_await source_.attachment({edit.id, edit.path.leaf().text()}, attachment.name,
                                               plan_.max_attachment, open);
    if (!content && content.error().code != Errc::too_large && content.error().code != Errc::not_found) {
      co_return std::unexpected(std::move(content).error());
    }
    if (!content) {
      leave_out(edit,
                content.error().code == Errc::too_large ? LeftOutReason::too_large : LeftOutReason::not_given,
                "attachment " + attachment.name);
      co_return false;
    }
    attachment.stored = *std::move(content);
    attachment.digest.reset();  // of what the source has stored, which may be compressed
  }
  co_return true;
}

Task<void> Importer::write_gathered() {
  std::vector<store::DatabaseEdits> parts;
  for (auto& [tenant, edits] : std::exchange(gathered_, {})) {
    for (const doc::Edit& edit : edits) {
      const std::pair<std::string, std::string> document(tenant, edit.id);
      if (document != std::exchange(last_counted_, document)) ++counts_.documents;
      counts_.attachments += edit.attachments.size();
    }
    counts_.revisions += edits.size();
    parts.push_back({plan_.database, confinement_of(tenant), std::move(edits)});
  }
  gathered_bytes_ = 0;
  if (parts.empty()) co_return Result<void>();
  MYCOUCH_CO_TRY([[maybe_unused]] const auto written, co_await store_.write_together(std::move(parts)));
  co_return Result<void>();
}

void Importer::leave_out(const doc::Edit& edit, LeftOutReason reason, std::string detail) {
  events_.left_out({edit.id, edit.path.leaf().text(), reason, std::move(detail)});
}

store::Confinement Importer::confinement_of(const std::string& tenant) const {
  return {.partition = tenant, .scope = tenant};
}

}  // namespace mycouch::app
