#include "api/audit_query.h"

#include <string>
#include <utility>

#include "api/query_values.h"
#include "json/writer.h"

namespace mycouch::api {
namespace {

constexpr std::size_t kMostRecords = 1'000;

Result<base::WallTime> read_time(std::string_view name, const std::string& text) {
  if (auto time = base::from_rfc3339(text)) return *time;
  return fail(Errc::query_parse_error, "Invalid value for `" + std::string(name) + "`: " +
                                           json::quoted(text) + " is no time such as 2025-12-10T15:30:00Z");
}

Result<std::size_t> read_limit(const std::string& text) {
  MYCOUCH_TRY(const std::uint64_t limit, parse_count(text));
  if (limit >= 1 && limit <= kMostRecords) return limit;
  return fail(Errc::query_parse_error,
              "Invalid value for `limit`: it is from 1 to " + std::to_string(kMostRecords));
}

Result<std::string> read_user(const std::string& text) {
  if (text.starts_with("user_") || text.starts_with("admin:")) return text;
  return fail(Errc::query_parse_error,
              "Invalid value for `user`: an id such as user_abc, or admin: and the administrator's name");
}

Result<std::string> read_tenant(const std::string& text) {
  if (text.starts_with("tenant_")) return text;
  return fail(Errc::query_parse_error, "Invalid value for `tenant`: an id such as tenant_abc");
}

Result<void> read_option(const std::string& name, const std::string& text, tenancy::Audit::Query& into) {
  if (name == "from") {
    MYCOUCH_TRY(into.from, read_time(name, text));
  } else if (name == "to") {
    MYCOUCH_TRY(into.to, read_time(name, text));
  } else if (name == "user") {
    MYCOUCH_TRY(into.user, read_user(text));
  } else if (name == "tenant") {
    MYCOUCH_TRY(into.tenant, read_tenant(text));
  } else if (name == "action") {
    into.action = text;
  } else if (name == "limit") {
    MYCOUCH_TRY(into.limit, read_limit(text));
  } else if (name == "descending") {
    MYCOUCH_TRY(into.descending, parse_boolean(text));
  } else if (name == "after") {
    into.after = text;
  } else {
    return fail(Errc::query_parse_error, "Unknown option " + json::quoted(name));
  }
  return {};
}

}  // namespace

Result<tenancy::Audit::Query> read_audit_query(const http::Query& query) {
  tenancy::Audit::Query read;
  for (const auto& [name, text] : query) MYCOUCH_CHECK(read_option(name, text, read));
  return read;
}

}  // namespace mycouch::api
