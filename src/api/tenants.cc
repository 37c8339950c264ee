// The virtual table of tenants: /__tenants and /__tenants/{id}.

#include <algorithm>
#include <array>

#include "api/answers.h"
#include "api/handlers.h"

namespace mycouch::api {
namespace {

constexpr std::array<std::string_view, 9> kRevisionOptions = {
    "rev", "open_revs", "revs", "revs_info", "conflicts", "deleted_conflicts", "local_seq", "meta", "latest"};

std::string tenant_id(ServerCall& call) {
  return tenancy::Tenancy::internal_tenant_id(call.parameter("tenant"));
}

}  // namespace

bool asks_for_revisions(const http::Query& query) {
  return std::ranges::any_of(kRevisionOptions,
                             [&query](std::string_view name) { return query.find(name) != nullptr; });
}

Task<void> send_written(Call& call, const tenancy::Tenancy::Written& written) {
  json::Object answer{
      {"ok", true}, {"id", written.id}, {"rev", written.rev}, {"_id", written.id}, {"_rev", written.rev}};
  return call.send_json(200, json::write(answer));
}

// A table is there without being created; PouchDB takes the 412 for success.
Task<void> put_table(ServerCall& call) {
  if (call.caller()->administrator) {
    co_return fail(Errc::forbidden, "the administrator replicates the system database instead");
  }
  co_return fail(Errc::file_exists, "The database could not be created, the file already exists.");
}

// With a slash at the end PouchDB asks for the table as a database; without, clients ask for the list.
Task<void> get_tenants(ServerCall& call) {
  if (call.request().raw_path().ends_with('/')) {
    MYCOUCH_CO_TRY(auto table,
                   co_await call.backend().tenancy.open_table(call.actor(), tenancy::Table::tenants));
    co_return co_await send_information(call, *table);
  }
  MYCOUCH_CO_TRY(std::string tenants, co_await call.backend().tenancy.tenants(call.actor()));
  co_return co_await call.send_json(200, std::move(tenants));
}

Task<void> post_tenant(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object request, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(json::Object tenant,
                 co_await call.backend().tenancy.create_tenant(call.actor(), std::move(request)));
  co_return co_await call.send_json(201, json::write(tenant));
}

Task<void> get_tenant(ServerCall& call) {
  if (asks_for_revisions(call.query())) {
    MYCOUCH_CO_TRY(auto table,
                   co_await call.backend().tenancy.open_table(call.actor(), tenancy::Table::tenants));
    co_return co_await send_document(call, *table, tenant_id(call));
  }
  MYCOUCH_CO_TRY(json::Object tenant,
                 co_await call.backend().tenancy.tenant(*call.caller(), tenant_id(call)));
  co_return co_await call.send_json(200, json::write(tenant));
}

Task<void> put_tenant(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object changes, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(auto written, co_await call.backend().tenancy.put_tenant(call.actor(), tenant_id(call),
                                                                          std::move(changes)));
  co_return co_await send_written(call, written);
}

Task<void> delete_tenant(ServerCall& call) {
  std::optional<std::string> rev;
  if (const std::string* text = call.query().find("rev")) rev = *text;
  MYCOUCH_CO_TRY(auto written, co_await call.backend().tenancy.delete_tenant(call.actor(), tenant_id(call),
                                                                             std::move(rev)));
  co_return co_await send_written(call, written);
}

Task<void> post_restore(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object tenant,
                 co_await call.backend().tenancy.restore_tenant(call.actor(), tenant_id(call)));
  co_return co_await call.send_json(200, json::write(tenant));
}

}  // namespace mycouch::api
