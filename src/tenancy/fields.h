// What clients may change of users' and tenants' documents, field by field: the rules that hold on every way
// of writing one. Pure functions.
//
// A client never writes a document, it changes fields of one. What a PUT sends is merged into what is stored.
// A replicated edit is a whole document, made on a revision that may be stale: what it changed is its
// difference to that revision, and is made again on the current one, where it wins over what others changed
// of the same fields since. Everything else must be as it is stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/value.h"

namespace mycouch::tenancy {

/// The two virtual tables.
enum class Table : std::uint8_t { users, tenants };

std::string_view prefix_of(Table table);  // of its documents' ids: "user_", "tenant_"

inline constexpr std::size_t kMaxNameCharacters = 200;
std::size_t count_characters(std::string_view utf8);

/// Merges a client's PUT: `bad_request` with the offending field, `conflict` for a stale `_rev`, `forbidden`
/// for an active tenant that the user does not list. `name` and `email` are replaced, the members of
/// `metadata` one by one (null removes one). The stored document is changed as a whole or not at all; its
/// times are not touched.
Result<void> merge_changes(Table table, json::Object& stored, const json::Object& changes);

/// `current` with what changed between `base` and `edited`; the errors of merge_changes, but for `_rev`,
/// which is not looked at.
Result<json::Object> rebase(Table table, const json::Object& base, const json::Object& edited,
                            json::Object current);

/// A client's POST of a tenant.
struct TenantRequest {
  std::string name;
  json::Object metadata;
};
Result<TenantRequest> read_tenant_request(const json::Object& request);

/// `bad_request` for what is no e-mail address; empty is allowed.
Result<std::string> read_email(const json::Value& value);

std::unexpected<Error> unknown_field(std::string_view name);

}  // namespace mycouch::tenancy
