// The virtual table of users: /__users/{id}, and /__bootstrap.

#include "api/errors.h"
#include "api/handlers.h"
#include "json/writer.h"

namespace mycouch::api {
namespace {

std::string user_id(ServerCall& call) {
  return tenancy::Tenancy::internal_user_id(*call.caller(), call.parameter("id"));
}

}  // namespace

Task<void> get_user(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object user, co_await call.backend().tenancy.user(*call.caller(), user_id(call)));
  co_return co_await call.send_json(200, json::write(user));
}

Task<void> put_user(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object changes, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(auto written,
                 co_await call.backend().tenancy.put_user(*call.caller(), user_id(call), changes));
  // `_id` and `_rev` say it once more, for clients that keep what was answered.
  json::Object answer{
      {"ok", true}, {"id", written.id}, {"rev", written.rev}, {"_id", written.id}, {"_rev", written.rev}};
  co_return co_await call.send_json(200, json::write(answer));
}

Task<void> post_bootstrap(ServerCall& call) {
  if (call.caller()->administrator) co_return fail(Errc::forbidden, "the administrator has no tenant");
  MYCOUCH_CO_TRY(tenancy::Bootstrap made, co_await call.backend().tenancy.bootstrap(*call.caller()));
  json::Object answer{{"active_tenant_id", std::move(made.active_tenant_id)},
                      {"user_doc", std::move(made.user)},
                      {"tenant_doc", std::move(made.tenant)},
                      {"bootstrapped", made.bootstrapped}};
  co_return co_await call.send_json(200, json::write(answer));
}

}  // namespace mycouch::api
