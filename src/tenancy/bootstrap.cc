// Setting a user up: the personal tenant and the user document, however many requests ask for it at once and
// wherever the server is stopped in between.
//
// Both documents have ids that follow from the user's, and the tenant is written first. So a race ends in a
// conflict for all but one, who start over and find the documents; and whoever finds a tenant without its
// user, or a user who does not list a tenant that has him as a member, writes what is missing.

#include <algorithm>

#include "base/log.h"
#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {

// Whether a personal tenant belongs to the caller now; false for one that an administrator took away.
Task<bool> Tenancy::State::create_personal_tenant(const auth::Principal& caller,
                                                  std::vector<json::Object>& tenants) {
  const std::string id = personal_tenant_id(caller.user_id);
  if (std::ranges::find(tenants, id, id_of) != tenants.end()) co_return true;
  MYCOUCH_CO_TRY(std::optional<json::Object> existing, co_await system.read(id));
  if (existing) co_return false;
  json::Object tenant = new_personal_tenant(caller, clock.now());
  MYCOUCH_CO_TRY(std::string rev, co_await system.write(tenant));
  set_revision(tenant, std::move(rev));
  tenants.push_back(std::move(tenant));
  co_return true;
}

Task<Settled> Tenancy::State::settle_once(const auth::Principal& caller) {
  MYCOUCH_CO_TRY(std::optional<json::Object> user, co_await system.read(caller.user_id));
  if (user) MYCOUCH_CO_CHECK(check_user(profile_in(*user), caller));
  MYCOUCH_CO_TRY(std::vector<json::Object> tenants, co_await system.tenants_of(caller.user_id));
  MYCOUCH_CO_TRY(const bool has_personal, co_await create_personal_tenant(caller, tenants));
  if (!has_personal && tenants.empty()) co_return fail(Errc::forbidden, "you are not a member of any tenant");

  const bool create = !user;
  if (create) user = new_user(caller, clock.now());
  const bool linked = link_tenants(*user, tenants);
  if (create || linked) {
    user->set("updatedAt", base::to_rfc3339(clock.now()));
    MYCOUCH_CO_TRY(std::string rev, co_await system.write(*user));
    set_revision(*user, std::move(rev));
  }
  if (create) log::info("user set up", {{"user", caller.user_id}});
  co_return Settled{.user = *std::move(user), .tenants = std::move(tenants), .created = create};
}

Task<Settled> Tenancy::State::settle(const auth::Principal& caller) {
  if (caller.administrator) co_return fail(Errc::forbidden, "the administrator is not a user");
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Result<Settled> settled = co_await settle_once(caller);
    if (settled || settled.error().code != Errc::conflict) co_return settled;
  }
  co_return fail(Errc::unavailable, "too many changes of this user at once; try again");
}

Task<Bootstrap> Tenancy::bootstrap(const auth::Principal& caller) {
  MYCOUCH_CO_TRY(Settled settled, co_await state_->settle(caller));
  std::string active(settled.user.string("active_tenant_id").value_or(""));
  auto tenant = std::ranges::find(settled.tenants, active, id_of);  // there: link_tenants has seen to it
  co_return Bootstrap{.active_tenant_id = std::move(active),
                      .user = std::move(settled.user),
                      .tenant = std::move(*tenant),
                      .bootstrapped = settled.created};
}

}  // namespace mycouch::tenancy
