// The members of a tenant: /__tenants/{tenant}/members, and its transfer to one of them.

#include "api/answers.h"
#include "api/handlers.h"

namespace mycouch::api {
namespace {

std::string tenant_id(ServerCall& call) {
  return tenancy::Tenancy::internal_tenant_id(call.parameter("tenant"));
}

std::string user_id(ServerCall& call) {
  return tenancy::Tenancy::internal_user_id(*call.caller(), call.parameter("user"));
}

}  // namespace

Task<void> get_members(ServerCall& call) {
  MYCOUCH_CO_TRY(auto members, co_await call.backend().tenancy.members(call.actor(), tenant_id(call)));
  json::Array list;
  for (const tenancy::Tenancy::Member& member : members) {
    list.emplace_back(json::Object{{"id", member.id},
                                   {"name", member.name},
                                   {"email", member.email},
                                   {"role", to_string(member.role)},
                                   {"joinedAt", member.joined_at}});
  }
  co_return co_await call.send_json(200, json::write(json::Value(std::move(list))));
}

Task<void> put_member(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object request, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(auto written, co_await call.backend().tenancy.set_role(call.actor(), tenant_id(call),
                                                                        user_id(call), std::move(request)));
  co_return co_await send_written(call, written);
}

Task<void> delete_member(ServerCall& call) {
  MYCOUCH_CO_TRY(auto written,
                 co_await call.backend().tenancy.remove_member(call.actor(), tenant_id(call), user_id(call)));
  co_return co_await send_written(call, written);
}

Task<void> post_transfer(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object request, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(json::Object tenant,
                 co_await call.backend().tenancy.transfer(call.actor(), tenant_id(call), std::move(request)));
  co_return co_await call.send_json(200, json::write(tenant));
}

}  // namespace mycouch::api
