// What concerns the server as a whole: /, /_up, /_session, /_uuids, /_all_dbs, /_dbs_info.

#include <algorithm>

#include "api/all_docs_query.h"
#include "api/answers.h"
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

// Of the names, in their order, those that the options of a listing select. A key that is no string comes
// before every name.
std::vector<std::string> selected(std::vector<std::string> names, const sync::AllDocsOptions& options) {
  auto order = [](const std::string& name, const json::Value& key) {
    const std::string* text = key.as_string();
    return text ? name.compare(*text) : 1;
  };
  if (options.keys) {
    std::erase_if(names, [&](const std::string& name) {
      return std::ranges::find(*options.keys, json::Value(name)) == options.keys->end();
    });
  }
  std::erase_if(names, [&](const std::string& name) {
    const std::optional<json::Value>& low = options.descending ? options.end : options.start;
    const std::optional<json::Value>& high = options.descending ? options.start : options.end;
    if ((low && order(name, *low) < 0) || (high && order(name, *high) > 0)) return true;
    return !options.inclusive_end && options.end && order(name, *options.end) == 0;
  });
  if (options.descending) std::ranges::reverse(names);
  names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(
                                                 std::min<std::uint64_t>(options.skip, names.size())));
  if (options.limit && names.size() > *options.limit) names.resize(*options.limit);
  return names;
}

Task<void> append_database(ServerCall& call, std::string name, std::string& out) {
  out += R"({"key":)";
  json::append_string(out, name);
  std::string unused;
  AdmissionRequest request{.database = std::move(name), .tenant = {}, .writes = false};
  MYCOUCH_CO_TRY(Admission admission,
                 co_await Admission::open(call.backend(), call.actor(), std::move(request), &unused));
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await admission.database().info());
  out += R"(,"info":)";
  append_information(out, info);
  out += '}';
  co_return Result<void>{};
}

constexpr std::size_t kMostDatabasesAsked = 100;  // CouchDB's

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
  Result<void> health = call.backend().store.health();
  if (!health) co_return std::unexpected(std::move(health).error());
  co_return co_await call.send_json(200, R"({"status":"ok","seeds":{}})");
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
  response.headers.set("Cache-Control", "no-cache");
  co_return co_await call.send(std::move(response));
}

Task<void> get_all_dbs(ServerCall& call) {
  MYCOUCH_CO_TRY(sync::AllDocsOptions options, parse_all_docs_query(call.query(), nullptr));
  MYCOUCH_CO_TRY(std::vector<std::string> names, co_await databases_of(call.backend(), call.actor()));
  names = selected(std::move(names), options);
  json::Array list(names.begin(), names.end());
  co_return co_await call.send_json(200, json::write(json::Value(std::move(list))));
}

Task<void> get_dbs_info(ServerCall& call) {
  MYCOUCH_CO_TRY(sync::AllDocsOptions options, parse_all_docs_query(call.query(), nullptr));
  MYCOUCH_CO_TRY(std::vector<std::string> names, co_await databases_of(call.backend(), call.actor()));
  ResponseStream stream(call, json_response(200, {}));
  stream.text() += '[';
  bool first = true;
  for (std::string& name : selected(std::move(names), options)) {
    std::string entry;
    auto appended = co_await append_database(call, std::move(name), entry);
    if (!appended && appended.error().code == Errc::not_found) continue;  // deleted meanwhile
    MYCOUCH_CO_CHECK(std::move(appended));
    if (!std::exchange(first, false)) stream.text() += ',';
    stream.text() += entry;
    if (stream.full()) MYCOUCH_CO_CHECK(co_await stream.flush());
  }
  stream.text() += "]\n";
  co_return co_await stream.finish();
}

Task<void> post_dbs_info(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  const json::Value* member = body.find("keys");
  if (!member) co_return fail(Errc::bad_request, "`keys` member must exist.");
  const json::Array* keys = member->as_array();
  if (!keys) co_return fail(Errc::bad_request, "`keys` member must be an array.");
  if (keys->size() > kMostDatabasesAsked) co_return fail(Errc::bad_request, "too_many_keys");
  MYCOUCH_CO_TRY(std::vector<std::string> names, co_await databases_of(call.backend(), call.actor()));
  std::string answer = "[";
  for (const json::Value& key : *keys) {
    if (answer.size() > 1) answer += ',';
    std::string entry;
    const std::string* name = key.as_string();
    if (name && std::ranges::binary_search(names, *name) && co_await append_database(call, *name, entry)) {
      answer += entry;
    } else {
      answer += R"({"key":)" + json::write(key) + R"(,"error":"not_found"})";
    }
  }
  co_return co_await call.send_json(200, answer + "]");
}

Task<void> get_active_tasks(ServerCall& call) {
  return call.send_json(200, "[]");
}

}  // namespace mycouch::api
