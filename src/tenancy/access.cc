// Which tenant a request reaches.

#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {
namespace {

std::unexpected<Error> refresh(std::string active, std::string* active_tenant) {
  *active_tenant = std::move(active);
  return fail(Errc::token_refresh_required,
              "the token lacks the active tenant; fetch a fresh token and try again");
}

}  // namespace

Task<std::shared_ptr<const Profile>> Tenancy::State::checked_profile(const auth::Principal& caller) {
  MYCOUCH_CO_TRY(std::shared_ptr<const Profile> profile, co_await memberships.profile(caller.user_id));
  if (profile != nullptr) MYCOUCH_CO_CHECK(check_user(*profile, caller));
  co_return profile;
}

Task<Access> Tenancy::State::access(const auth::Principal& caller, std::string tenant_id) {
  MYCOUCH_CO_TRY(std::shared_ptr<const Members> members, co_await memberships.members(tenant_id));
  if (members == nullptr) co_return fail(Errc::not_found, "missing");
  if (caller.administrator) co_return Access{.tenant = std::move(tenant_id), .role = Role::owner};
  if (members->deleted) co_return fail(Errc::not_found, "deleted");
  std::optional<Role> role = members->role_of(caller.user_id);
  if (!role) co_return not_a_member();
  co_return Access{.tenant = std::move(tenant_id), .role = *role};
}

Task<Access> Tenancy::access(const auth::Principal& caller, std::string tenant_id) {
  if (!caller.administrator) MYCOUCH_CO_CHECK(co_await state_->checked_profile(caller));
  co_return co_await state_->access(caller, std::move(tenant_id));
}

Task<Access> Tenancy::active_access(const Actor& actor, std::string* active_tenant) {
  const auth::Principal& caller = *actor.principal;
  if (caller.administrator) co_return fail(Errc::forbidden, "the administrator has no active tenant");
  MYCOUCH_CO_TRY(std::shared_ptr<const Profile> profile, co_await state_->checked_profile(caller));
  const bool by_claim = caller.application->tenant_source == auth::TenantSource::claim;

  if (by_claim && caller.active_tenant) {
    Result<Access> claimed = co_await state_->access(caller, *caller.active_tenant);
    if (claimed || claimed.error().code != Errc::not_found) co_return claimed;
    // The claim may name the personal tenant of a user who is unknown here, as after the data were lost.
    MYCOUCH_CO_CHECK(co_await state_->settle(actor));
    claimed = co_await state_->access(caller, *caller.active_tenant);
    if (!claimed && claimed.error().code == Errc::not_found) co_return not_a_member();
    co_return claimed;
  }

  if (profile != nullptr) {
    Result<Access> active = co_await state_->access(caller, profile->active_tenant);
    if (active && by_claim) co_return refresh(std::move(active->tenant), active_tenant);
    if (active) co_return active;
  }
  // A first-time caller, or one whose active tenant is gone.
  MYCOUCH_CO_TRY(Bootstrap settled, co_await bootstrap(actor));
  if (by_claim) co_return refresh(std::move(settled.active_tenant_id), active_tenant);
  co_return co_await state_->access(caller, std::move(settled.active_tenant_id));
}

Task<void> Tenancy::check_welcome(const auth::Principal& caller) {
  MYCOUCH_CO_CHECK(co_await state_->checked_profile(caller));
  co_return Result<void>();
}

Task<std::optional<std::string>> Tenancy::active_tenant_of(std::string user_id) {
  MYCOUCH_CO_TRY(std::shared_ptr<const Profile> profile, co_await state_->memberships.profile(user_id));
  if (profile == nullptr || profile->deleted) co_return std::nullopt;
  MYCOUCH_CO_TRY(std::shared_ptr<const Members> members,
                 co_await state_->memberships.members(profile->active_tenant));
  if (members == nullptr || members->deleted || !members->role_of(user_id)) co_return std::nullopt;
  co_return profile->active_tenant;
}

}  // namespace mycouch::tenancy
