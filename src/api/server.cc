// What concerns the server as a whole: /, /_up, /_session, /_uuids, /_all_dbs.

#include <algorithm>

#include "api/errors.h"
#include "api/handlers.h"
#include "api/query_values.h"
#include "base/random.h"
#include "json/writer.h"

namespace mycouch::api {
namespace {

// Clients compare it to know what they may ask for: the CouchDB whose API is served here.
constexpr std::string_view kCouchVersion = "3.5.0";
constexpr std::uint64_t kMostUuids = 1000;

// A database that only a pattern allows exists for a tenant once it holds something of the tenant's: its name
// may have been chosen by another.
Task<bool> holds_something(Backend& backend, const std::string& tenant, const std::string& name) {
  auto database = co_await backend.store.open(name, {.partition = tenant, .scope = tenant});
  if (!database) co_return false;
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await (*database)->info());
  co_return info.update_seq > 0;
}

Task<std::vector<std::string>> databases_of_user(Backend& backend, const tenancy::Actor& actor) {
  const auth::Application& application = *actor.principal->application;
  std::vector<std::string> names = named_databases(backend, application);
  std::string unused;
  auto access = co_await backend.tenancy.active_access(actor, &unused);
  if (!access) co_return names;
  MYCOUCH_CO_TRY(std::vector<std::string> all, co_await backend.store.list());
  for (std::string& name : all) {
    if (!serves(backend, application, name)) continue;
    MYCOUCH_CO_TRY(bool holds, co_await holds_something(backend, access->tenant, name));
    if (holds) names.push_back(std::move(name));
  }
  co_return names;
}

Task<std::vector<std::string>> databases_of_administrator(Backend& backend) {
  MYCOUCH_CO_TRY(std::vector<std::string> names, co_await backend.store.list());
  for (const auto& application : backend.issuers.applications())
    std::ranges::move(named_databases(backend, *application), std::back_inserter(names));
  co_return names;
}

Task<std::vector<std::string>> databases_of(Backend& backend, const tenancy::Actor& actor) {
  auto found = actor.principal->administrator ? co_await databases_of_administrator(backend)
                                              : co_await databases_of_user(backend, actor);
  MYCOUCH_CO_TRY(std::vector<std::string> names, std::move(found));
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  co_return names;
}

}  // namespace

Task<void> get_welcome(ServerCall& call) {
  Backend& backend = call.backend();
  std::string body = R"({"couchdb":"Welcome","version":)";
  json::append_string(body, kCouchVersion);
  body += R"(,"uuid":)";
  json::append_string(body, backend.store.uuid());
  body += R"(,"features":[],"vendor":{"name":"mycouch","version":)";
  json::append_string(body, backend.options.version);
  body += "}}";
  return call.send_json(200, std::move(body));
}

Task<void> get_up(ServerCall& call) {
  return call.send_json(200, R"({"status":"ok","seeds":{}})");
}

Task<void> get_session(ServerCall& call) {
  const auth::Principal* caller = call.caller();
  bool administrator = caller && caller->administrator;
  std::string body = R"({"ok":true,"userCtx":{"name":)";
  if (!caller) body += "null";
  if (caller) json::append_string(body, administrator ? caller->name : caller->user_id);
  body += administrator ? R"(,"roles":["_admin"]})" : R"(,"roles":[]})";
  body += R"(,"info":{"authentication_handlers":["default","jwt"])";
  if (caller) body += administrator ? R"(,"authenticated":"default")" : R"(,"authenticated":"jwt")";
  body += "}}";
  return call.send_json(200, std::move(body));
}

// CouchDB's replicator asks for a cookie wherever it has a name and a password, and sends these with each
// request where it is told 404. Any other answer ends its replication.
Task<void> post_session(ServerCall&) {
  co_return fail(Errc::not_found, "there are no cookie sessions: send the credentials with each request");
}

Task<void> get_uuids(ServerCall& call) {
  std::uint64_t count = 1;
  if (const std::string* text = call.query().find("count")) {
    auto asked = parse_digits(*text);
    if (!asked) co_return fail(Errc::bad_request, "count must be a positive integer");
    if (*asked > kMostUuids) co_return fail(Errc::bad_request, "count parameter too large");
    count = *asked;
  }
  std::string body = R"({"uuids":[)";
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    json::append_string(body, base::random_uuid());
  }
  http::Response response = json_response(200, body + "]}\n");
  response.headers.set("Cache-Control", "no-store");
  co_return co_await call.send(std::move(response));
}

Task<void> get_all_dbs(ServerCall& call) {
  MYCOUCH_CO_TRY(std::vector<std::string> names, co_await databases_of(call.backend(), call.actor()));
  json::Array list(names.begin(), names.end());
  co_return co_await call.send_json(200, json::write(json::Value(std::move(list))));
}

Task<void> get_active_tasks(ServerCall& call) {
  return call.send_json(200, "[]");
}

}  // namespace mycouch::api
