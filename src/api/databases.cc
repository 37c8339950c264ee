// Databases as a whole: /{db}, and what is asked or set for all of one.

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

void append_info(std::string& out, const store::DatabaseInfo& info) {
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

}  // namespace

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
                   "You tried to DELETE a database with a ?rev= parameter. "
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
  append_info(body, info);
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
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await call.database().info());
  co_return co_await call.send_json(200, std::to_string(info.revs_limit));
}

Task<void> get_security(DatabaseCall& call) {
  return call.send_json(200, R"({"members":{"roles":["_admin"]},"admins":{"roles":["_admin"]}})");
}

}  // namespace mycouch::api
