#include "tenancy/state.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"
#include "base/waiter.h"
#include "tenancy/documents.h"
#include "tenancy/outbox.h"

namespace mycouch::tenancy {
namespace {

// A user's settled state is small; that of one with many or crowded tenants is made anew for each request.
constexpr std::size_t kMostSettled = 8192;
constexpr std::size_t kMostTenants = 1'000;

// What a caller names need be no id. A prefix of an application and a `sub` are 255 bytes at most, each.
std::string shortened(std::string_view id) {
  constexpr std::size_t kLongestId = 600;
  return std::string(id.size() <= kLongestId ? id : "");
}

AuditRecord record_of(const Actor& actor, const Deed& deed, std::string outcome) {
  return {.action = std::string(deed.action),
          .actor = actor_name(*actor.principal),
          .user = shortened(deed.user),
          .tenant = shortened(deed.tenant),
          .invitation = shortened(deed.invitation),
          .outcome = std::move(outcome),
          .request_id = actor.request_id,
          .address = actor.address};
}

bool is_refusal(Errc code) {
  return code != Errc::unavailable && code != Errc::internal && code != Errc::cancelled;
}

// The role that counts for a right: a deleted tenant has its members still, for whoever restores it.
std::optional<Role> role_for(const json::Object& tenant, const auth::Principal& caller, Right right) {
  if (caller.administrator) return Role::owner;
  if (right != Right::restore || !is_deleted(tenant)) return role_in(tenant, caller.user_id);
  json::Object undeleted = tenant;
  undeleted.erase("deleted");
  return role_in(undeleted, caller.user_id);
}

std::string_view refusal_of(Right right) {
  switch (right) {
    case Right::read:
      return "you are not a member of this tenant";
    case Right::write:
      return "a viewer may not write";
    case Right::leave:
      return "the owner cannot leave: transfer or delete the tenant";
    case Right::invite:
      return "only the owner or an admin can invite";
    case Right::set_roles:
      return "only the owner or an admin can change roles";
    case Right::remove_members:
      return "only the owner or an admin can remove a member";
    case Right::update:
      return "only the owner can update a tenant";
    case Right::transfer:
      return "only the owner can transfer a tenant";
    case Right::remove:
      return "only the owner can delete a tenant";
    case Right::restore:
      return "only the owner can restore a tenant";
  }
  std::unreachable();
}

}  // namespace

boost::asio::awaitable<void> pause_before(int attempt) {
  constexpr int kFirst = 2;
  constexpr int kLongest = 7;
  if (attempt < kFirst) co_return;
  const std::uint64_t most = std::uint64_t{4} << std::min(attempt, kLongest);
  auto waiter = base::Waiter::create(co_await boost::asio::this_coro::executor);
  co_await waiter->wait_until(std::chrono::steady_clock::now() +
                              std::chrono::milliseconds(base::random_below(most)));
}

std::string actor_name(const auth::Principal& caller) {
  return caller.administrator ? "admin:" + caller.name : caller.user_id;
}

Result<void> check_room(const Settled& user) {
  if (user.tenants.size() < kMostTenants) return {};
  return fail(Errc::forbidden, "you belong to as many tenants as one may");
}

std::unexpected<Error> not_a_member() {
  return fail(Errc::forbidden, "you are not a member of this tenant");
}

Tenancy::State::State(store::Store& the_store, std::string system_database, const auth::Issuers& the_issuers,
                      const base::Clock& the_clock, TenancyOptions the_options)
    : store(the_store),
      name(std::move(system_database)),
      issuers(the_issuers),
      clock(the_clock),
      options(the_options),
      system(the_store, name),
      audit(the_store, name),
      memberships(system),
      settled(kMostSettled) {}

Task<std::vector<std::string>> Tenancy::State::write(const Actor& actor, const Deed& deed,
                                                     std::vector<json::Object> documents) {
  std::vector<doc::Edit> edits;
  for (const json::Object& document : documents) {
    MYCOUCH_CO_TRY(doc::Edit edit, edit_of(document));
    edits.push_back(std::move(edit));
  }
  co_return co_await write_edits(actor, deed, std::move(edits));
}

Task<std::vector<std::string>> Tenancy::State::write_edits(const Actor& actor, const Deed& deed,
                                                           std::vector<doc::Edit> edits) {
  std::vector<store::DatabaseEdits> parts;
  parts.push_back({.database = name, .confinement = {}, .edits = std::move(edits)});
  base::fault_point(std::string(deed.action) + ".before_write");
  Result<std::vector<doc::Revision>> written =
      co_await store.write_together(std::move(parts), audit.record_of(record_of(actor, deed, "ok")));
  if (!written && written.error().code == Errc::not_found) {
    co_return fail(Errc::unavailable, "the system database was deleted");
  }
  if (!written) co_return std::unexpected(std::move(written).error());
  base::fault_point(std::string(deed.action) + ".after_write");
  std::vector<std::string> revs;
  revs.reserve(written->size());
  for (const doc::Revision& revision : *written) revs.push_back(revision.text());
  co_return revs;
}

boost::asio::awaitable<void> Tenancy::State::record_refusal(const Actor& actor, const Deed& deed,
                                                            const Error& error) {
  if (!is_refusal(error.code)) co_return;
  Result<void> recorded =
      co_await audit.append(record_of(actor, deed, std::string(mycouch::to_string(error.code))));
  if (recorded) co_return;
  log::error("a refusal is not in the audit trail",
             {{"request", actor.request_id}, {"reason", recorded.error().reason}});
}

Result<void> Tenancy::State::check_right(const Actor& actor, const json::Object& tenant,
                                         std::optional<Right> right) const {
  if (is_deleted(tenant) && right != Right::restore) return fail(Errc::not_found, "deleted");
  if (!right) return {};
  std::optional<Role> role = role_for(tenant, *actor.principal, *right);
  if (!role) return not_a_member();
  if (!may(*role, *right)) return fail(Errc::forbidden, std::string(refusal_of(*right)));
  return {};
}

Task<json::Object> Tenancy::State::change_tenant(const Actor& actor, const Deed& deed, Right right,
                                                 ChangeTenant change) {
  if (!actor.principal->administrator) MYCOUCH_CO_CHECK(co_await checked_profile(*actor.principal));
  MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock, co_await locks.lock(deed.tenant));
  co_return co_await change_locked_tenant(actor, deed, right, std::move(change));
}

Task<json::Object> Tenancy::State::change_locked_tenant(const Actor& actor, const Deed& deed,
                                                        std::optional<Right> right, ChangeTenant change) {
  std::vector<base::KeyedMutex::Lock> users;  // their turn is waited for once another writer was faster
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    co_await pause_before(attempt);
    MYCOUCH_CO_TRY(std::optional<json::Object> tenant, co_await system.read(deed.tenant));
    if (!tenant) co_return fail(Errc::not_found, "missing");
    MYCOUCH_CO_CHECK(check_right(actor, *tenant, right));
    TenantChange changed{.tenant = *std::move(tenant)};
    MYCOUCH_CO_CHECK(change(changed));
    changed.tenant.set("updatedAt", now());
    std::vector<json::Object> documents{changed.tenant};
    std::ranges::move(changed.others, std::back_inserter(documents));
    for (const std::string& user_id : changed.relinked) {
      MYCOUCH_CO_CHECK(co_await relink(user_id, changed.tenant, documents));
    }
    Result<std::vector<std::string>> revs = co_await write(actor, deed, std::move(documents));
    if (revs) {
      set_revision(changed.tenant, std::move(revs->front()));
      co_return std::move(changed.tenant);
    }
    if (revs.error().code != Errc::conflict) co_return std::unexpected(std::move(revs).error());
    if (attempt == 0) {
      MYCOUCH_CO_TRY(users, co_await lock_users(std::move(changed.relinked)));
    }
  }
  co_return fail(Errc::unavailable, "too many changes of this tenant at once; try again");
}

Task<std::vector<base::KeyedMutex::Lock>> Tenancy::State::lock_users(std::vector<std::string> user_ids) {
  std::ranges::sort(user_ids);
  user_ids.erase(std::ranges::unique(user_ids).begin(), user_ids.end());
  std::vector<base::KeyedMutex::Lock> held;
  for (std::string& user_id : user_ids) {
    MYCOUCH_CO_TRY(base::KeyedMutex::Lock lock, co_await locks.lock(std::move(user_id)));
    held.push_back(std::move(lock));
  }
  co_return held;
}

Task<void> Tenancy::State::relink(const std::string& user_id, const json::Object& tenant,
                                  std::vector<json::Object>& documents) {
  MYCOUCH_CO_TRY(std::optional<json::Object> user, co_await system.read(user_id));
  // One whom the administrator has added before the first sign-in is linked then.
  if (!user) co_return Result<void>{};
  const std::string active(user->string("active_tenant_id").value_or(""));
  if (!link_tenant(*user, tenant)) co_return Result<void>{};
  user->set("updatedAt", now());
  const bool switched = user->string("active_tenant_id") != active;
  documents.push_back(*std::move(user));
  if (!switched) co_return Result<void>{};
  co_return co_await append_notice(user_id, tenant.string("applicationId").value_or(""), documents);
}

Task<void> Tenancy::State::append_notice(const std::string& user_id, std::string_view application_id,
                                         std::vector<json::Object>& documents) {
  auto application = issuers.application(application_id);
  if (!application || application->clerk_secret_key.empty()) co_return Result<void>{};
  json::Object notice = active_tenant_notice(user_id, application->id, clock.now());
  co_return co_await append_renewed(std::move(notice), documents);
}

Task<void> Tenancy::State::append_renewed(json::Object document, std::vector<json::Object>& documents) {
  MYCOUCH_CO_TRY(std::optional<json::Object> pending, co_await system.read(std::string(id_of(document))));
  if (pending) set_revision(document, std::string(pending->string("_rev").value_or("")));
  documents.push_back(std::move(document));
  co_return Result<void>{};
}

void Tenancy::State::drop(const store::Store::Written& written) {
  memberships.drop(written.ids);
  for (const std::string& scope : written.scopes) {
    if (std::string_view user_id = user_of_scope(scope); !user_id.empty()) settled.drop(user_id);
  }
}

}  // namespace mycouch::tenancy
