// GET /__tenants, and GET, POST, PUT, DELETE and restore of one tenant.

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/random.h"
#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {
namespace {

std::string rev_of(const json::Object& document) {
  return std::string(document.string("_rev").value_or(""));
}

// Whether it is too late to restore; a deletion without a time, as an administrator may have made it, can
// always be undone.
bool is_expired(const json::Object& tenant, std::chrono::milliseconds retention, base::WallTime now) {
  std::optional<std::string_view> text = tenant.string("deletedAt");
  std::optional<base::WallTime> deleted = text ? base::from_rfc3339(*text) : std::nullopt;
  return deleted && *deleted + retention < now;
}

}  // namespace

Result<void> soft_delete(TenantChange& change, const Actor& actor, std::string_view active_by_profile,
                         const std::string& now) {
  const std::string_view id = id_of(change.tenant);
  if (is_personal(change.tenant)) return fail(Errc::forbidden, "a personal tenant cannot be deleted");
  if (id == active_by_profile || actor.principal->active_tenant == id) {
    return fail(Errc::forbidden, "the active tenant cannot be deleted: switch to another one first");
  }
  change.tenant.set("deleted", true);
  change.tenant.set("deletedAt", now);
  change.relinked = members_of(change.tenant);
  return {};
}

Task<std::string> Tenancy::tenants(const Actor& actor) {
  MYCOUCH_CO_TRY(std::shared_ptr<const Settled> settled, co_await state_->settle(actor));
  co_return settled->tenants_json;
}

Task<json::Object> Tenancy::tenant(const auth::Principal& caller, std::string tenant_id) {
  if (!caller.administrator) MYCOUCH_CO_CHECK(co_await state_->checked_profile(caller));
  MYCOUCH_CO_TRY(std::optional<json::Object> tenant, co_await state_->system.read(std::move(tenant_id)));
  if (!tenant) co_return fail(Errc::not_found, "missing");
  if (!caller.administrator) {
    if (is_deleted(*tenant)) co_return fail(Errc::not_found, "deleted");
    if (!role_in(*tenant, caller.user_id)) co_return not_a_member();
  }
  co_return *std::move(tenant);
}

Task<json::Object> Tenancy::create_tenant(const Actor& actor, json::Object request) {
  Deed deed{.action = "tenant.create", .tenant = std::string(kTenantPrefix) + base::random_uuid()};
  auto create = [](State& state, const Actor& by, const Deed& done,
                   const json::Object& asked) -> Task<json::Object> {
    MYCOUCH_CO_TRY(std::shared_ptr<const Settled> user, co_await state.settle(by));
    MYCOUCH_CO_CHECK(check_room(*user));
    MYCOUCH_CO_TRY(TenantRequest read, read_tenant_request(asked));
    json::Object tenant = new_tenant(*by.principal, done.tenant, std::move(read.name),
                                     std::move(read.metadata), state.clock.now());
    MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock,
                   co_await state.locks.lock(by.principal->user_id));
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      co_await pause_before(attempt);
      std::vector<json::Object> documents{tenant};
      MYCOUCH_CO_CHECK(co_await state.relink(by.principal->user_id, tenant, documents));
      auto revs = co_await state.write(by, done, std::move(documents));
      if (revs) {
        set_revision(tenant, std::move(revs->front()));
        co_return tenant;
      }
      if (revs.error().code != Errc::conflict) co_return std::unexpected(std::move(revs).error());
    }
    co_return fail(Errc::unavailable, "too many changes of this user at once; try again");
  };
  co_return co_await state_->recorded(actor, deed, create(*state_, actor, deed, request));
}

Task<Tenancy::Written> Tenancy::put_tenant(const Actor& actor, std::string tenant_id, json::Object changes) {
  Deed deed{.action = "tenant.update", .tenant = std::move(tenant_id)};
  auto put = state_->change_tenant(actor, deed, Right::update, [&changes](TenantChange& change) {
    return merge_changes(Table::tenants, change.tenant, changes);
  });
  MYCOUCH_CO_TRY(json::Object tenant, co_await state_->recorded(actor, deed, std::move(put)));
  co_return Written{.id = deed.tenant, .rev = rev_of(tenant)};
}

Task<Tenancy::Written> Tenancy::delete_tenant(const Actor& actor, std::string tenant_id,
                                              std::optional<std::string> rev) {
  Deed deed{.action = "tenant.delete", .tenant = std::move(tenant_id)};
  auto remove = [](State& state, const Actor& by, const Deed& done,
                   const std::optional<std::string>& only_rev) -> Task<json::Object> {
    MYCOUCH_CO_TRY(auto profile, co_await state.checked_profile(*by.principal));
    const std::string active = profile == nullptr ? "" : profile->active_tenant;
    co_return co_await state.change_tenant(by, done, Right::remove,
                                           [&](TenantChange& change) -> Result<void> {
                                             if (only_rev && *only_rev != rev_of(change.tenant)) {
                                               return fail(Errc::conflict, "Document update conflict.");
                                             }
                                             return soft_delete(change, by, active, state.now());
                                           });
  };
  MYCOUCH_CO_TRY(json::Object tenant,
                 co_await state_->recorded(actor, deed, remove(*state_, actor, deed, rev)));
  co_return Written{.id = deed.tenant, .rev = rev_of(tenant)};
}

Task<json::Object> Tenancy::restore_tenant(const Actor& actor, std::string tenant_id) {
  Deed deed{.action = "tenant.restore", .tenant = std::move(tenant_id)};
  auto restore = state_->change_tenant(
      actor, deed, Right::restore, [this, &actor](TenantChange& change) -> Result<void> {
        if (!is_deleted(change.tenant)) return fail(Errc::bad_request, "the tenant is not deleted");
        if (!actor.principal->administrator &&
            is_expired(change.tenant, state_->options.retention, state_->clock.now())) {
          return fail(Errc::not_found, "deleted");
        }
        change.tenant.erase("deleted");
        change.tenant.erase("deletedAt");
        change.relinked = members_of(change.tenant);
        return {};
      });
  co_return co_await state_->recorded(actor, deed, std::move(restore));
}

}  // namespace mycouch::tenancy
