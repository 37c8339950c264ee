// The virtual table of users: /__users/{id}, and /__bootstrap.

#include "api/answers.h"
#include "api/handlers.h"

namespace mycouch::api {
namespace {

std::string user_id(ServerCall& call) {
  return tenancy::Tenancy::internal_user_id(*call.caller(), call.parameter("id"));
}

}  // namespace

Task<void> get_user(ServerCall& call) {
  if (asks_for_revisions(call.query())) {
    // A replicator names documents by their own ids.
    std::string id = call.parameter("id") == call.caller()->user_id ? call.caller()->user_id : user_id(call);
    MYCOUCH_CO_TRY(auto table,
                   co_await call.backend().tenancy.open_table(call.actor(), tenancy::Table::users));
    co_return co_await send_document(call, *table, std::move(id));
  }
  MYCOUCH_CO_TRY(std::string user, co_await call.backend().tenancy.user(call.actor(), user_id(call)));
  co_return co_await call.send_json(200, std::move(user));
}

Task<void> put_user(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object changes, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(auto written,
                 co_await call.backend().tenancy.put_user(call.actor(), user_id(call), std::move(changes)));
  co_return co_await send_written(call, written);
}

Task<void> delete_user(ServerCall& call) {
  MYCOUCH_CO_TRY(auto written, co_await call.backend().tenancy.delete_user(call.actor(), user_id(call)));
  co_return co_await send_written(call, written);
}

Task<void> post_bootstrap(ServerCall& call) {
  if (call.caller()->administrator) co_return fail(Errc::forbidden, "the administrator has no tenant");
  MYCOUCH_CO_TRY(tenancy::Bootstrap made, co_await call.backend().tenancy.bootstrap(call.actor()));
  json::Object answer{{"active_tenant_id", std::move(made.active_tenant_id)},
                      {"user_doc", std::move(made.user)},
                      {"tenant_doc", std::move(made.tenant)},
                      {"bootstrapped", made.bootstrapped}};
  co_return co_await call.send_json(200, json::write(answer));
}

}  // namespace mycouch::api
