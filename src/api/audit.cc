// The audit trail: /__audit.

#include "api/audit_query.h"
#include "api/handlers.h"

namespace mycouch::api {

Task<void> get_audit(ServerCall& call) {
  MYCOUCH_CO_TRY(tenancy::Audit::Query query, read_audit_query(call.query()));
  MYCOUCH_CO_TRY(tenancy::Audit::Page page, co_await call.backend().tenancy.audit().find(std::move(query)));
  json::Array records;
  for (json::Object& record : page.records) records.emplace_back(std::move(record));
  json::Object answer{{"records", std::move(records)}};
  if (page.next) answer.set("next", *std::move(page.next));
  co_return co_await call.send_json(200, json::write(answer));
}

}  // namespace mycouch::api
