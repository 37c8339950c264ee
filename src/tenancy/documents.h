// The documents of users and tenants: how they are built, read and kept in line with each other. Pure
// functions.
//
// A tenant document says who its members are, and is the truth. A user document repeats the tenants that the
// user belongs to, for the client's convenience; `link_tenants` derives that part from the tenant documents.
// So the two documents of a new tenant need no transaction: the tenant is written first, and a user document
// that missed its second write is mended by the next reader.
//
// The members are listed in docs/http-api.md. Documents here carry `_id`, and `_rev` once they are stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/error.h"
#include "doc/document.h"
#include "json/value.h"
#include "tenancy/role.h"

namespace mycouch::tenancy {

inline constexpr std::string_view kUserPrefix = "user_";
inline constexpr std::string_view kTenantPrefix = "tenant_";

/// "tenant_abc_personal" for "user_abc".
std::string personal_tenant_id(std::string_view user_id);

/// The three that are created. `link_tenants` completes a new user.
json::Object new_user(const auth::Principal& caller, base::WallTime now);
json::Object new_personal_tenant(const auth::Principal& caller, base::WallTime now);
json::Object new_tenant(const auth::Principal& caller, std::string id, std::string name,
                        json::Object metadata, base::WallTime now);

/// Soft-deleted: there for the administrator only.
bool is_deleted(const json::Object& document);
std::string_view id_of(const json::Object& document);
/// The role of a user in a tenant document; nothing for a stranger, and in a deleted tenant.
std::optional<Role> role_in(const json::Object& tenant, std::string_view user_id);
/// Notes the revision under which the document was stored, where a reader of the document finds it.
void set_revision(json::Object& document, std::string rev);
/// Whether the user's document lists the tenant.
bool lists_tenant(const json::Object& user, std::string_view tenant_id);

/// Makes `tenants`, `tenantIds`, `personalTenantId` and `active_tenant_id` agree with the tenants that the
/// user belongs to; an active tenant that is none of them falls back to the personal one. Whether anything
/// changed.
bool link_tenants(json::Object& user, const std::vector<json::Object>& tenants);

/// Merges a client's PUT into the stored user: `bad_request` with the offending field, `conflict` for a stale
/// `_rev`, `forbidden` for a tenant that the user does not list. The times are not touched.
Result<void> merge_user_changes(json::Object& user, const json::Object& changes);

/// A client's POST of a tenant.
struct TenantRequest {
  std::string name;
  json::Object metadata;
};
Result<TenantRequest> read_tenant_request(const json::Object& request);

/// The scope rule of the system database: a user document is of that user's scope, a tenant document of its
/// members'. A soft-deleted one is of none, so its readers see it go.
std::vector<std::string> scopes_of(std::string_view id, bool deleted, std::string_view body);

/// Between a stored document and its object; the edit's parent is `_rev`.
json::Object object_of(const doc::Document& document);
Result<doc::Edit> edit_of(const json::Object& document);

}  // namespace mycouch::tenancy
