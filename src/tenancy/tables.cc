// The virtual tables as databases that PouchDB can replicate.
//
// What is read of a table is a scope of the system database, and is left to the store. What is written goes
// document by document through the rules: an edit that a client makes here is a PUT or DELETE; one that it
// made elsewhere, perhaps on a revision that is stale by now, is merged. Its history is kept so that replicas
// agree:
//
// - An edit that descends from the current revision is stored as it is.
// - Any other is stored as a branch that ends in a tombstone, and what it changed is made again as the next
//   revision of the document. So there is one line of live revisions; the client that made the edit learns
//   that its own branch has ended, keeps no conflict, and an edit that is pushed twice is known.
// - An edit that changes nothing is everyone's to make who reads the document: so a client ends a branch of
// its
//   own that was refused.
// - A client's tombstone is a deletion by the rules of DELETE; what follows it is the soft-deleted document.

#include <algorithm>
#include <utility>

#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {
namespace {

using store::WriteOutcome;

// A refusal that concerns one document only: to a replicator everything else means that it shall try again.
Error as_denied(Error error) {
  if (error.code == Errc::bad_request || error.code == Errc::not_found) error.code = Errc::forbidden;
  return error;
}

json::Object object_of(const doc::Edit& edit) {
  json::Object object{{"_id", edit.id}};
  json::Value body = json::value_of(edit.body);
  for (json::Member& member : body.as_object()->members()) object.members().push_back(std::move(member));
  return object;
}

// The edit's branch with an end. Its own revision is known by that, and no leaf. Its ancestors are left out:
// whoever made it knows them, and nobody else needs to.
doc::Edit closed_branch(const doc::Edit& edit) {
  doc::Edit closed;
  closed.id = edit.id;
  closed.path = {.generation = edit.path.generation, .hashes = {edit.path.hashes.front()}};
  closed.deleted = true;
  if (edit.deleted) return closed;
  doc::Revision tombstone = doc::next_revision(edit.path.leaf(), true, closed.body, {});
  closed.path.generation = tombstone.generation;
  closed.path.hashes.insert(closed.path.hashes.begin(), std::move(tombstone.hash));
  return closed;
}

// What follows the client's own tombstone.
doc::Edit after(const doc::Edit& tombstone, doc::Edit next) {
  doc::Revision revision = doc::next_revision(tombstone.path.leaf(), false, next.body, {});
  next.parent.reset();
  next.path = tombstone.path;
  next.path.generation = revision.generation;
  next.path.hashes.insert(next.path.hashes.begin(), std::move(revision.hash));
  return next;
}

// More than a server keeps, and so more than a client can have learnt here.
constexpr std::uint32_t kLongestPath = 1000;
// Ancestors that are looked at for a body to compare with.
constexpr std::size_t kBasesTried = 50;

doc::Revision revision_at(const doc::RevPath& path, std::size_t i) {
  return {path.generation - static_cast<std::uint32_t>(i), path.hashes[i]};
}

bool same_but_for_time(Table table, json::Object edited, json::Object merged) {
  for (json::Object* object : {&edited, &merged}) {
    object->erase("_rev");
    if (table == Table::tenants) object->erase("updatedAt");
  }
  return edited == merged;
}

bool same_time(const json::Object& a, const json::Object& b) {
  return a.string("updatedAt") == b.string("updatedAt");
}

Result<void> check_known(Table table, const doc::Edit& edit) {
  if (!edit.id.starts_with(prefix_of(table))) {
    return fail(Errc::forbidden, table == Table::users ? "this is a table of users"
                                                       : "this is a table of tenants: POST makes one");
  }
  if (!edit.attachments.empty()) return fail(Errc::forbidden, "documents here have no attachments");
  return {};
}

}  // namespace

/// One replicated edit on its way into the current document.
class Tenancy::Replicated {
 public:
  Replicated(State& state, const Actor& actor, Table table, const doc::Edit& edit)
      : state_(state), actor_(actor), table_(table), edit_(edit) {}

  Task<void> write();

 private:
  // Which revisions of the path are known here, as far as that matters.
  struct Ancestry {
    bool known = false;                // the edit itself is
    bool direct = false;               // the newest known ancestor is the current revision
    std::vector<doc::Revision> bases;  // known ancestors, newest first
  };
  Task<Ancestry> ancestry(const doc::Revision& current);
  Task<std::vector<doc::Edit>> merged(json::Object current, const Ancestry& ancestry);
  Task<json::Object> rebased(const json::Object& current, const Ancestry& ancestry);
  Task<json::Object> base_of(const Ancestry& ancestry);
  Task<void> check_deletion(json::Object& current, std::vector<json::Object>& users);
  Deed deed() const;

  State& state_;
  const Actor& actor_;
  Table table_;
  const doc::Edit& edit_;
};

Deed Tenancy::Replicated::deed() const {
  if (table_ == Table::users) return {.action = "user.update", .user = edit_.id};
  return {.action = edit_.deleted ? "tenant.delete" : "tenant.update", .tenant = edit_.id};
}

Task<Tenancy::Replicated::Ancestry> Tenancy::Replicated::ancestry(const doc::Revision& current) {
  if (edit_.path.hashes.size() > kLongestPath || edit_.path.generation > current.generation + kLongestPath) {
    co_return fail(Errc::forbidden, "the edit's history is longer than any that was made here");
  }
  std::vector<doc::Revision> path;
  path.reserve(edit_.path.hashes.size());
  for (std::size_t i = 0; i < edit_.path.hashes.size(); ++i) path.push_back(revision_at(edit_.path, i));
  MYCOUCH_CO_TRY(std::vector<doc::Revision> missing, co_await state_.system.missing(edit_.id, path));
  Ancestry found;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (std::ranges::find(missing, path[i]) != missing.end()) continue;
    if (i == 0) found.known = true;
    if (found.bases.empty()) found.direct = path[i] == current;
    found.bases.push_back(std::move(path[i]));
  }
  co_return found;
}

// The newest revision that the client knew and that is still here.
Task<json::Object> Tenancy::Replicated::base_of(const Ancestry& ancestry) {
  for (std::size_t i = 0; i < std::min(ancestry.bases.size(), kBasesTried); ++i) {
    MYCOUCH_CO_TRY(auto found, co_await state_.system.read_revision(edit_.id, ancestry.bases[i]));
    if (found) co_return *std::move(found);
  }
  co_return fail(Errc::forbidden, "the edit was made on a revision that is too old to be merged");
}

Task<void> Tenancy::Replicated::check_deletion(json::Object& current, std::vector<json::Object>& users) {
  if (table_ == Table::users) co_return fail(Errc::forbidden, "users cannot delete themselves");
  MYCOUCH_CO_CHECK(state_.check_right(actor_, current, Right::remove));
  MYCOUCH_CO_TRY(auto profile, co_await state_.checked_profile(*actor_.principal));
  TenantChange change{.tenant = current};
  MYCOUCH_CO_CHECK(
      soft_delete(change, actor_, profile == nullptr ? "" : profile->active_tenant, state_.now()));
  current = std::move(change.tenant);
  for (const std::string& user_id : change.relinked) {
    MYCOUCH_CO_CHECK(co_await state_.relink(user_id, current, users));
  }
  co_return Result<void>{};
}

// What the edit makes of the current document, for one who may read it.
Task<json::Object> Tenancy::Replicated::rebased(const json::Object& current, const Ancestry& ancestry) {
  if (table_ == Table::tenants) MYCOUCH_CO_CHECK(state_.check_right(actor_, current, Right::read));
  json::Object base = current;
  if (!ancestry.direct) {
    MYCOUCH_CO_TRY(base, co_await base_of(ancestry));
  }
  co_return rebase(table_, base, object_of(edit_), current);
}

// The edits that bring the change into the document: what the caller sends, or what stands for it. Each holds
// only while the current revision is the one that was read.
Task<std::vector<doc::Edit>> Tenancy::Replicated::merged(json::Object current, const Ancestry& ancestry) {
  const std::string active(current.string("active_tenant_id").value_or(""));
  std::vector<json::Object> others;
  json::Object next = current;
  bool changes = true;
  if (edit_.deleted) {
    MYCOUCH_CO_CHECK(co_await check_deletion(next, others));
  } else {
    MYCOUCH_CO_TRY(next, co_await rebased(current, ancestry));
    const json::Object sent = object_of(edit_);
    if (ancestry.direct && !same_but_for_time(table_, sent, next)) {
      co_return fail(Errc::forbidden, "the document has members that it may not have");
    }
    changes = next != current || (ancestry.direct && !same_time(sent, current));
    if (changes && table_ == Table::tenants) {
      MYCOUCH_CO_CHECK(state_.check_right(actor_, current, Right::update));
    }
    if (table_ == Table::users && next.string("active_tenant_id") != active) {
      MYCOUCH_CO_CHECK(co_await state_.append_notice(edit_.id, actor_.principal->application->id, others));
    }
  }

  std::vector<doc::Edit> edits;
  if (ancestry.direct && !edit_.deleted) {
    edits.push_back(edit_);
  } else {
    next.set("updatedAt", state_.now());
    MYCOUCH_CO_TRY(doc::Edit made, edit_of(next));
    if (ancestry.direct) made = after(edit_, std::move(made));
    if (changes) edits.push_back(std::move(made));
    if (!ancestry.direct) edits.push_back(closed_branch(edit_));
  }
  MYCOUCH_CO_TRY(const doc::Revision read, doc::parse_revision(current.string("_rev").value_or("")));
  for (doc::Edit& edit : edits) edit.parent = read;
  for (const json::Object& other : others) {
    MYCOUCH_CO_TRY(doc::Edit edit, edit_of(other));
    edits.push_back(std::move(edit));
  }
  co_return edits;
}

Task<void> Tenancy::Replicated::write() {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    co_await pause_before(attempt);
    MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock, co_await state_.locks.lock(edit_.id));
    MYCOUCH_CO_TRY(std::optional<json::Object> current, co_await state_.system.read(edit_.id));
    if (!current || is_deleted(*current)) co_return not_a_member();
    if (table_ == Table::tenants) MYCOUCH_CO_CHECK(state_.check_right(actor_, *current, Right::read));
    MYCOUCH_CO_TRY(const doc::Revision rev, doc::parse_revision(current->string("_rev").value_or("")));
    MYCOUCH_CO_TRY(const Ancestry found, co_await ancestry(rev));
    if (found.known) co_return Result<void>{};
    MYCOUCH_CO_TRY(std::vector<doc::Edit> edits, co_await merged(*std::move(current), found));
    auto written = co_await state_.write_edits(actor_, deed(), std::move(edits));
    if (written) co_return Result<void>{};
    if (written.error().code != Errc::conflict) co_return std::unexpected(std::move(written).error());
  }
  co_return fail(Errc::unavailable, "too many changes of this document at once; try again");
}

/// See the head of this file.
class Tenancy::TableDatabase final : public store::Database {
 public:
  TableDatabase(Tenancy& tenancy, Actor actor, Table table, std::unique_ptr<store::Database> rows)
      : tenancy_(tenancy), actor_(std::move(actor)), table_(table), rows_(std::move(rows)) {}

  Task<store::DatabaseInfo> info() override {
    MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await rows_->info());
    info.name = table_ == Table::users ? "__users" : "__tenants";
    co_return info;
  }

  Task<std::vector<WriteOutcome>> write(std::vector<doc::Edit> edits, store::WriteOptions options) override;

  Task<doc::Document> read(std::string id, store::ReadOptions options) override {
    return rows_->read(std::move(id), std::move(options));
  }
  Task<std::vector<store::OpenRevision>> read_all_leaves(std::string id,
                                                         store::ReadOptions options) override {
    return rows_->read_all_leaves(std::move(id), std::move(options));
  }
  Task<std::vector<store::OpenRevision>> read_revisions(std::string id, std::vector<doc::Revision> revisions,
                                                        store::ReadOptions options) override {
    return rows_->read_revisions(std::move(id), std::move(revisions), std::move(options));
  }
  Task<std::vector<std::vector<store::OpenRevision>>> read_many(std::vector<store::RevisionRequest> requests,
                                                                store::ReadOptions options) override {
    return rows_->read_many(std::move(requests), std::move(options));
  }
  Task<std::vector<RevisionsDiff>> revs_diff(
      std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked) override {
    return rows_->revs_diff(std::move(asked));
  }
  Task<store::ChangesPage> changes(store::ChangesQuery query) override { return rows_->changes(query); }
  Task<std::uint64_t> pending(std::uint64_t seq) override { return rows_->pending(seq); }
  store::Subscription subscribe(std::shared_ptr<base::Waiter> waiter) override {
    return rows_->subscribe(std::move(waiter));
  }
  Task<store::AllDocsPage> all_docs(store::AllDocsQuery query) override {
    return rows_->all_docs(std::move(query));
  }
  Task<std::vector<std::optional<store::AllDocsRow>>> all_docs_by_id(std::vector<std::string> ids,
                                                                     store::AllDocsQuery query) override {
    return rows_->all_docs_by_id(std::move(ids), std::move(query));
  }
  Task<std::vector<Index>> indexes() override { return rows_->indexes(); }
  Task<store::IndexPage> query_index(store::IndexQuery query) override {
    return rows_->query_index(std::move(query));
  }
  Task<store::LocalDocument> read_local(std::string id) override { return rows_->read_local(std::move(id)); }
  Task<void> write_local(std::string id, store::LocalDocument document) override {
    return rows_->write_local(std::move(id), std::move(document));
  }
  Task<void> remove_local(std::string id) override { return rows_->remove_local(std::move(id)); }
  Task<AttachmentContent> read_attachment(std::string id, std::optional<doc::Revision> rev,
                                          std::string name) override {
    return rows_->read_attachment(std::move(id), std::move(rev), std::move(name));
  }
  Task<std::unique_ptr<store::AttachmentReader>> open_content(doc::Attachment attachment) override {
    return rows_->open_content(std::move(attachment));
  }
  Task<std::unique_ptr<store::AttachmentWriter>> take_content(store::NewContent /*about*/) override {
    co_return fail(Errc::forbidden, "documents here have no attachments");
  }
  Task<void> compact() override { return rows_->compact(); }
  Task<void> purge(std::vector<std::string> /*ids*/) override {
    co_return fail(Errc::forbidden, "documents here are not purged");
  }
  Task<std::vector<std::vector<doc::Revision>>> purge_revisions(
      std::vector<PurgeRequest> /*requests*/) override {
    co_return fail(Errc::forbidden, "documents here are not purged");
  }
  Task<store::LocalPage> local_docs(store::AllDocsQuery query) override {
    return rows_->local_docs(std::move(query));
  }
  Task<store::DatabaseSettings> settings() override { return rows_->settings(); }
  Task<void> change_settings(store::SettingsChange /*change*/) override {
    co_return fail(Errc::forbidden, "there is nothing to set here");
  }

 private:
  Task<Written> write_here(const doc::Edit& edit);
  Task<void> write_replicated(const doc::Edit& edit);

  Tenancy& tenancy_;
  Actor actor_;
  Table table_;
  std::unique_ptr<store::Database> rows_;
};

// As PUT and DELETE of the document; the parent, which they may leave out, is asked for here.
Task<Tenancy::Written> Tenancy::TableDatabase::write_here(const doc::Edit& edit) {
  MYCOUCH_CO_CHECK(check_known(table_, edit));
  json::Object changes = object_of(edit);
  const bool users = table_ == Table::users;
  if (edit.deleted && users) co_return co_await tenancy_.delete_user(actor_, edit.id);
  if (!edit.parent) {
    Result<doc::Document> there = co_await rows_->read(edit.id, {});
    if (there) co_return fail(Errc::conflict, "Document update conflict.");
    co_return fail(Errc::forbidden, "documents of this table are made by the server");
  }
  changes.set("_rev", edit.parent->text());
  if (users) co_return co_await tenancy_.put_user(actor_, edit.id, std::move(changes));
  if (!edit.deleted) co_return co_await tenancy_.put_tenant(actor_, edit.id, std::move(changes));
  co_return co_await tenancy_.delete_tenant(actor_, edit.id, edit.parent->text());
}

Task<void> Tenancy::TableDatabase::write_replicated(const doc::Edit& edit) {
  std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked;
  asked.emplace_back(edit.id, std::vector<doc::Revision>{edit.path.leaf()});
  MYCOUCH_CO_TRY(auto diffs, co_await rows_->revs_diff(std::move(asked)));
  if (diffs.front().missing.empty()) co_return Result<void>{};

  Deed deed{.action = table_ == Table::users ? "user.update" : "tenant.update"};
  (table_ == Table::users ? deed.user : deed.tenant) = edit.id;
  auto replicate = [](TableDatabase& table, const doc::Edit& replicated) -> Task<void> {
    MYCOUCH_CO_CHECK(check_known(table.table_, replicated));
    if (table.table_ == Table::users && replicated.id != table.actor_.principal->user_id) {
      co_return fail(Errc::forbidden, "a user document can be changed by that user only");
    }
    co_return co_await Replicated(*table.tenancy_.state_, table.actor_, table.table_, replicated).write();
  };
  auto written = co_await tenancy_.state_->recorded(actor_, deed, replicate(*this, edit));
  if (!written) co_return std::unexpected(as_denied(std::move(written).error()));
  co_return Result<void>{};
}

// One document's failure leaves the others alone; a store that cannot be reached fails all.
Task<std::vector<WriteOutcome>> Tenancy::TableDatabase::write(std::vector<doc::Edit> edits,
                                                              store::WriteOptions options) {
  std::vector<WriteOutcome> outcomes;
  for (const doc::Edit& edit : edits) {
    WriteOutcome& outcome = outcomes.emplace_back(WriteOutcome{.id = edit.id, .revision = {}, .error = {}});
    std::optional<Error> error;
    if (options.new_edits) {
      Result<Written> written = co_await write_here(edit);
      if (written) {
        MYCOUCH_CO_TRY(outcome.revision, doc::parse_revision(written->rev));
      } else {
        error = std::move(written).error();
      }
    } else {
      outcome.revision = edit.path.leaf();
      Result<void> written = co_await write_replicated(edit);
      if (!written) error = std::move(written).error();
    }
    if (error && (error->code == Errc::unavailable || error->code == Errc::internal)) {
      co_return std::unexpected(*std::move(error));
    }
    outcome.error = std::move(error);
  }
  co_return outcomes;
}

Task<std::unique_ptr<store::Database>> Tenancy::open_table(Actor actor, Table table) {
  if (actor.principal->administrator) {
    co_return fail(Errc::forbidden, "the administrator replicates the system database instead");
  }
  MYCOUCH_CO_CHECK(co_await state_->settle(actor));
  const std::string& user_id = actor.principal->user_id;
  MYCOUCH_CO_TRY(auto rows,
                 co_await state_->system.open(table == Table::users ? user_id : tenants_scope(user_id)));
  co_return std::make_unique<TableDatabase>(*this, std::move(actor), table, std::move(rows));
}

}  // namespace mycouch::tenancy
