// The documents of users and tenants: how they are built, read and kept in line with each other. Pure
// functions.
//
// A tenant document says who its members are, and is the truth. A user document repeats the tenants that the
// user belongs to, for the client's convenience; that part is derived from the tenant documents, and written
// together with them.
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
inline constexpr std::string_view kInvitationPrefix = "invitation_";
inline constexpr std::string_view kOutboxPrefix = "outbox_";
inline constexpr std::string_view kApplicationPrefix = "application_";

/// The status of an invitation that can be accepted.
inline constexpr std::string_view kPending = "pending";

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
/// The names in `members`, whatever stands behind them.
std::vector<std::string> names_in_members(const json::Object& tenant);
/// The ids of the members who have a role, also of a deleted tenant.
std::vector<std::string> members_of(const json::Object& tenant);
/// Whether the tenant is its owner's own, which cannot be deleted or given away.
bool is_personal(const json::Object& tenant);
/// Notes the revision under which the document was stored, where a reader of the document finds it.
void set_revision(json::Object& document, std::string rev);
/// Whether the user's document lists the tenant.
bool lists_tenant(const json::Object& user, std::string_view tenant_id);

/// Makes `tenants`, `tenantIds`, `personalTenantId` and `active_tenant_id` agree with the tenants that the
/// user belongs to; an active tenant that is none of them falls back to the personal one. Whether anything
/// changed.
bool link_tenants(json::Object& user, const std::vector<json::Object>& tenants);

/// The same after one tenant has changed: its membership is put in, brought up to date, or taken out.
bool link_tenant(json::Object& user, const json::Object& tenant);

/// The scopes of the system database. The names differ in what they begin with, so that no id makes one look
/// like another.
std::string tenants_scope(std::string_view user_id);  // the tenants that a user belongs to
/// The user whose document or tenants the scope holds; empty for any other scope.
std::string_view user_of_scope(std::string_view scope);
std::string invitations_scope(std::string_view tenant_id);  // the pending invitations of a tenant
std::string invitation_scope(std::string_view token_hash);  // the pending invitation with that token
inline constexpr std::string_view kOutboxScope = "outbox";  // see outbox.h
inline constexpr std::string_view kApplicationsScope = "applications";

/// Their rule: a user document is of the scope of its own id, a tenant document of those of its members, a
/// pending invitation of its tenant's and its token's. A soft-deleted one is of none, so its readers see it
/// go.
std::vector<std::string> scopes_of(std::string_view id, bool deleted, std::string_view body);

/// Between a stored document and its object; the edit's parent is `_rev`. `_deleted` makes it a tombstone.
json::Object object_of(const doc::Document& document);
Result<doc::Edit> edit_of(const json::Object& document);

}  // namespace mycouch::tenancy
