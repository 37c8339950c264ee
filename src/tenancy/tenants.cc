// GET /__tenants, GET /__tenants/{id} and POST /__tenants.

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {

Task<std::vector<json::Object>> Tenancy::tenants(const auth::Principal& caller) {
  MYCOUCH_CO_TRY(Settled settled, co_await state_->settle(caller));
  std::ranges::sort(settled.tenants, {}, [](const json::Object& tenant) {
    return std::pair(tenant.string("name").value_or(""), id_of(tenant));
  });
  co_return std::move(settled.tenants);
}

Task<json::Object> Tenancy::tenant(const auth::Principal& caller, std::string tenant_id) {
  if (!caller.administrator) MYCOUCH_CO_CHECK(co_await state_->checked_profile(caller));
  MYCOUCH_CO_TRY(std::optional<json::Object> tenant, co_await state_->system.read(std::move(tenant_id)));
  if (!tenant) co_return fail(Errc::not_found, "missing");
  if (!caller.administrator) {
    if (is_deleted(*tenant)) co_return fail(Errc::not_found, "deleted");
    if (!role_in(*tenant, caller.user_id))
      co_return fail(Errc::forbidden, "you are not a member of this tenant");
  }
  co_return *std::move(tenant);
}

Task<json::Object> Tenancy::create_tenant(const auth::Principal& caller, json::Object request) {
  MYCOUCH_CO_TRY([[maybe_unused]] Settled before, co_await state_->settle(caller));
  MYCOUCH_CO_TRY(TenantRequest read, read_tenant_request(request));
  json::Object tenant = new_tenant(caller, std::string(kTenantPrefix) + base::random_uuid(),
                                   std::move(read.name), std::move(read.metadata), state_->clock.now());
  MYCOUCH_CO_TRY(std::string rev, co_await state_->system.write(tenant));
  set_revision(tenant, std::move(rev));
  // The tenant stands. A user document that cannot be written now is mended by its next reader.
  if (Result<Settled> after = co_await state_->settle(caller); !after) {
    log::warning("a new tenant is not listed yet",
                 {{"tenant", id_of(tenant)}, {"reason", after.error().reason}});
  }
  co_return tenant;
}

}  // namespace mycouch::tenancy
