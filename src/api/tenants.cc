// The virtual table of tenants: /__tenants and /__tenants/{id}.

#include "api/handlers.h"

namespace mycouch::api {

Task<void> get_tenants(ServerCall& call) {
  MYCOUCH_CO_TRY(std::vector<json::Object> tenants, co_await call.backend().tenancy.tenants(*call.caller()));
  json::Array list;
  for (json::Object& tenant : tenants) list.emplace_back(std::move(tenant));
  co_return co_await call.send_json(200, json::write(json::Value(std::move(list))));
}

Task<void> post_tenant(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object request, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(json::Object tenant,
                 co_await call.backend().tenancy.create_tenant(*call.caller(), std::move(request)));
  co_return co_await call.send_json(201, json::write(tenant));
}

Task<void> get_tenant(ServerCall& call) {
  std::string id = tenancy::Tenancy::internal_tenant_id(call.parameter("tenant"));
  MYCOUCH_CO_TRY(json::Object tenant, co_await call.backend().tenancy.tenant(*call.caller(), std::move(id)));
  co_return co_await call.send_json(200, json::write(tenant));
}

}  // namespace mycouch::api
