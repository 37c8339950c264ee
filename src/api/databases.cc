// Databases as a whole: /{db}, and what is asked or set for all of one.

#include <algorithm>

#include "api/answers.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "base/encoding.h"
#include "json/writer.h"
#include "sync/sequence.h"

namespace mycouch::api {
namespace {

bool is_own_database(ServerCall& call) {
  return serves(call.backend(), *call.caller()->application, call.parameter("db"));
}

constexpr const char* kOk = R"({"ok":true})";
constexpr std::string_view kDefaultSecurity =
    R"({"members":{"roles":["_admin"]},"admins":{"roles":["_admin"]}})";
constexpr std::size_t kMaxSecurity = 64 << 10;
constexpr std::int64_t kMaxRevsLimit = 1'000'000;

// The body of a PUT that is a number; -1 for any other.
Task<std::int64_t> read_limit(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string body, co_await call.read_body());
  MYCOUCH_CO_TRY(json::Value value, json::parse(body));
  co_return value.as_int().value_or(-1);
}

bool is_list_of_strings(const json::Value* value) {
  if (!value) return true;
  const json::Array* list = value->as_array();
  return list &&
         std::ranges::all_of(*list, [](const json::Value& one) { return one.as_string() != nullptr; });
}

Result<void> check_security(const json::Object& security) {
  for (std::string_view name : {"admins", "members"}) {
    const json::Value* group = security.find(name);
    if (!group) continue;
    const json::Object* lists = group->as_object();
    if (!lists || !is_list_of_strings(lists->find("names")) || !is_list_of_strings(lists->find("roles"))) {
      return fail(Errc::bad_request, "`" + std::string(name) + "` must hold lists of names and roles");
    }
  }
  return {};
}

}  // namespace

void append_information(std::string& out, const store::DatabaseInfo& info) {
  auto number = [&out](std::string_view name, std::uint64_t value) {
    out.append(name);
    json::append_number(out, value);
  };
  out += R"({"instance_start_time":"0","db_name":)";
  json::append_string(out, info.name);
  out += R"(,"purge_seq":)";
  sync::append_sequence(out, 0, info.epoch);
  out += R"(,"update_seq":)";
  sync::append_sequence(out, info.update_seq, info.epoch);
  number(R"(,"sizes":{"file":)", info.active_size);
  number(R"(,"external":)", info.active_size);
  number(R"(,"active":)", info.active_size);
  number(R"(},"props":{},"doc_del_count":)", info.doc_del_count);
  number(R"(,"doc_count":)", info.doc_count);
  out += R"(,"disk_format_version":8,"compact_running":)";
  out += info.compact_running ? "true" : "false";
  out += R"(,"cluster":{"q":1,"n":1,"w":1,"r":1}})";
}

// A user's databases come to be by themselves; PouchDB takes the 412 for success.
Task<void> put_database(ServerCall& call) {
  std::string name(call.parameter("db"));
  if (!call.caller()->administrator) {
    if (is_own_database(call)) {
      co_return fail(Errc::file_exists, "The database could not be created, the file already exists.");
    }
    co_return fail(Errc::forbidden, "only the administrator creates databases");
  }
  if (call.has_parameter("tenant"))
    co_return fail(Errc::forbidden, "a tenant's databases are those of its application");
  if (name.starts_with("__")) co_return store::check_database_name(name);
  MYCOUCH_CO_CHECK(co_await call.backend().store.create(name));
  http::Response response = json_response(201, "{\"ok\":true}\n");
  response.headers.add("Location", "/" + base::percent_encode(name));
  co_return co_await call.send(std::move(response));
}

Task<void> delete_database(ServerCall& call) {
  if (call.query().find("rev")) {
    co_return fail(Errc::bad_request,
                   "You tried to DELETE a database with a ?=rev parameter. "
                   "Did you mean to DELETE a document instead?");
  }
  if (!call.caller()->administrator || call.has_parameter("tenant")) {
    co_return fail(Errc::forbidden, "only the administrator deletes databases");
  }
  std::string name(call.parameter("db"));
  if (name == call.backend().options.system_database) {
    co_return fail(Errc::forbidden, "the system database cannot be deleted");
  }
  auto removed = co_await call.backend().store.remove(std::move(name));
  if (!removed && removed.error().code == Errc::not_found)
    co_return fail(Errc::not_found, "Database does not exist.");
  MYCOUCH_CO_CHECK(std::move(removed));
  co_return co_await call.send_json(200, R"({"ok":true})");
}

Task<void> get_database(DatabaseCall& call) {
  return send_information(call, call.database());
}

Task<void> send_information(Call& call, store::Database& database) {
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await database.info());
  std::string body;
  body.reserve(512);
  append_information(body, info);
  co_return co_await call.send_json(200, std::move(body));
}

// Every acknowledged write is on disk already.
Task<void> post_ensure_full_commit(DatabaseCall& call) {
  MYCOUCH_CO_CHECK(co_await call.read_json());
  co_return co_await call.send_json(201, R"({"ok":true,"instance_start_time":"0"})");
}

Task<void> post_compact(DatabaseCall& call) {
  MYCOUCH_CO_CHECK(co_await call.read_json());
  MYCOUCH_CO_CHECK(co_await call.database().compact());
  co_return co_await call.send_json(202, R"({"ok":true})");
}

// There are no views whose files could be left over.
Task<void> post_view_cleanup(DatabaseCall& call) {
  return call.send_json(202, R"({"ok":true})");
}

Task<void> get_revs_limit(DatabaseCall& call) {
  MYCOUCH_CO_TRY(store::DatabaseSettings settings, co_await call.database().settings());
  co_return co_await call.send_json(200, std::to_string(settings.revs_limit));
}

Task<void> put_revs_limit(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::int64_t limit, co_await read_limit(call));
  if (limit < 1 || limit > kMaxRevsLimit) {
    co_return fail(Errc::bad_request, "`revs_limit` must be positive integer");
  }
  store::SettingsChange change{.revs_limit = static_cast<std::uint32_t>(limit)};
  MYCOUCH_CO_CHECK(co_await call.database().change_settings(std::move(change)));
  co_return co_await call.send_json(200, kOk);
}

Task<void> get_purged_infos_limit(DatabaseCall& call) {
  MYCOUCH_CO_TRY(store::DatabaseSettings settings, co_await call.database().settings());
  co_return co_await call.send_json(200, std::to_string(settings.purged_infos_limit));
}

Task<void> put_purged_infos_limit(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::int64_t limit, co_await read_limit(call));
  if (limit < 1) co_return fail(Errc::bad_request, "`purged_infos_limit` must be positive integer");
  store::SettingsChange change{.purged_infos_limit = static_cast<std::uint64_t>(limit)};
  MYCOUCH_CO_CHECK(co_await call.database().change_settings(std::move(change)));
  co_return co_await call.send_json(200, kOk);
}

// What the administrator has stored is the administrator's to see: it may name others' users.
Task<void> get_security(DatabaseCall& call) {
  std::string security;
  if (call.admission().administrator()) {
    MYCOUCH_CO_TRY(store::DatabaseSettings settings, co_await call.database().settings());
    security = std::move(settings.security);
  }
  if (security.empty()) security = kDefaultSecurity;
  co_return co_await call.send_json(200, std::move(security));
}

// It is kept for tools that copy it from database to database, and decides nothing.
Task<void> put_security(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string body, co_await call.read_body());
  MYCOUCH_CO_TRY(json::Value value, json::parse(body));
  const json::Object* object = value.as_object();
  if (!object) co_return fail(Errc::bad_request, "Request body must be a JSON object");
  MYCOUCH_CO_CHECK(check_security(*object));
  store::SettingsChange change{.security = json::write(*object)};
  if (change.security->size() > kMaxSecurity)
    co_return fail(Errc::too_large, "the security object is too large");
  MYCOUCH_CO_CHECK(co_await call.database().change_settings(std::move(change)));
  co_return co_await call.send_json(200, kOk);
}

}  // namespace mycouch::api
