#include "tenancy/documents.h"

#include <algorithm>
#include <utility>

#include "tenancy/fields.h"

namespace mycouch::tenancy {
namespace {

constexpr std::string_view kTenantsOf = "tenants:";

template <class Range, class Item>
bool holds(const Range& range, const Item& item) {
  return std::ranges::find(range, item) != std::ranges::end(range);
}

// "Jo's Workspace", by what the token tells of the user.
std::string workspace_name(const auth::Principal& caller) {
  std::string_view owner = caller.name;
  if (owner.empty()) owner = std::string_view(caller.email).substr(0, caller.email.find('@'));
  if (owner.empty() || count_characters(owner) > kMaxNameCharacters / 2) return "Personal Workspace";
  return std::string(owner) + "'s Workspace";
}

std::string_view joined_at(const json::Object& tenant, std::string_view user_id) {
  const json::Value* members = tenant.find("members");
  const json::Value* member = members->as_object()->find(user_id);
  return member->as_object()->string("joinedAt").value_or("");
}

const json::Object* find_tenant(const std::vector<json::Object>& tenants, std::string_view id) {
  auto at = std::ranges::find(tenants, id, id_of);
  return at == tenants.end() ? nullptr : &*at;
}

// The tenants in the order in which the user document lists them already, then the others as they were
// joined.
std::vector<const json::Object*> in_listed_order(const json::Object& user,
                                                 const std::vector<json::Object>& tenants) {
  std::vector<const json::Object*> ordered;
  const json::Value* listed = user.find("tenantIds");
  if (listed != nullptr && listed->as_array() != nullptr) {
    for (const json::Value& id : *listed->as_array()) {
      const json::Object* tenant =
          id.as_string() == nullptr ? nullptr : find_tenant(tenants, *id.as_string());
      if (tenant != nullptr && !holds(ordered, tenant)) ordered.push_back(tenant);
    }
  }
  const auto first_new = static_cast<std::ptrdiff_t>(ordered.size());
  for (const json::Object& tenant : tenants) {
    if (!holds(ordered, &tenant)) ordered.push_back(&tenant);
  }
  std::ranges::sort(ordered.begin() + first_new, ordered.end(), {}, [&](const json::Object* tenant) {
    return std::pair(joined_at(*tenant, id_of(user)), id_of(*tenant));
  });
  return ordered;
}

bool set_if_different(json::Object& object, std::string_view name, json::Value value) {
  const json::Value* current = object.find(name);
  if (current != nullptr && *current == value) return false;
  object.set(name, std::move(value));
  return true;
}

// An active tenant that is none of the user's falls back to the personal one, or the first there is.
std::string choose_active(const json::Object& user, const json::Array& ids, const std::string& personal) {
  std::optional<std::string_view> active = user.string("active_tenant_id");
  if (active && holds(ids, json::Value(*active))) return std::string(*active);
  if (ids.empty() || holds(ids, json::Value(personal))) return personal;
  return *ids.front().as_string();
}

json::Value membership_of(const json::Object& user, const json::Object& tenant) {
  return json::Object{{"tenantId", id_of(tenant)},
                      {"role", to_string(*role_in(tenant, id_of(user)))},
                      {"personal", id_of(tenant) == personal_tenant_id(id_of(user))},
                      {"joinedAt", joined_at(tenant, id_of(user))}};
}

bool set_memberships(json::Object& user, json::Array memberships, const std::string& personal) {
  json::Array ids;
  for (const json::Value& membership : memberships) {
    if (membership.as_object() == nullptr) continue;
    ids.emplace_back(membership.as_object()->string("tenantId").value_or(""));
  }
  std::string active = choose_active(user, ids, personal);
  bool changed = set_if_different(user, "personalTenantId", personal);
  changed |= set_if_different(user, "tenantIds", std::move(ids));
  changed |= set_if_different(user, "tenants", std::move(memberships));
  changed |= set_if_different(user, "active_tenant_id", std::move(active));
  return changed;
}

}  // namespace

std::string personal_tenant_id(std::string_view user_id) {
  std::string id(kTenantPrefix);
  id += user_id.substr(kUserPrefix.size());
  id += "_personal";
  return id;
}

json::Object new_user(const auth::Principal& caller, base::WallTime now) {
  const std::string time = base::to_rfc3339(now);
  return {{"_id", caller.user_id},
          {"type", "user"},
          {"sub", caller.sub},
          {"iss", caller.application->issuer},
          {"email", caller.email},
          {"name", caller.name},
          {"personalTenantId", personal_tenant_id(caller.user_id)},
          {"tenantIds", json::Array()},
          {"tenants", json::Array()},
          {"active_tenant_id", personal_tenant_id(caller.user_id)},
          {"createdAt", time},
          {"updatedAt", time}};
}

json::Object new_personal_tenant(const auth::Principal& caller, base::WallTime now) {
  return new_tenant(caller, personal_tenant_id(caller.user_id), workspace_name(caller),
                    {{"isPersonal", true}, {"autoCreated", true}}, now);
}

json::Object new_tenant(const auth::Principal& caller, std::string id, std::string name,
                        json::Object metadata, base::WallTime now) {
  const std::string time = base::to_rfc3339(now);
  const json::Object owner{{"role", to_string(Role::owner)}, {"joinedAt", time}};
  return {{"_id", std::move(id)},
          {"type", "tenant"},
          {"name", std::move(name)},
          {"userId", caller.user_id},
          {"userIds", json::Array{caller.user_id}},
          {"members", json::Object{{caller.user_id, owner}}},
          {"applicationId", caller.application->id},
          {"metadata", std::move(metadata)},
          {"createdAt", time},
          {"updatedAt", time}};
}

bool is_deleted(const json::Object& document) {
  const json::Value* deleted = document.find("deleted");
  return deleted != nullptr && deleted->as_bool() != nullptr && *deleted->as_bool();
}

std::string_view id_of(const json::Object& document) {
  return document.string("_id").value_or("");
}

void set_revision(json::Object& document, std::string rev) {
  document.erase("_rev");
  std::vector<json::Member>& members = document.members();
  members.insert(members.begin() + 1, {"_rev", std::move(rev)});  // behind `_id`
}

std::optional<Role> role_in(const json::Object& tenant, std::string_view user_id) {
  if (is_deleted(tenant)) return std::nullopt;
  const json::Value* members = tenant.find("members");
  if (members == nullptr || members->as_object() == nullptr) return std::nullopt;
  const json::Value* member = members->as_object()->find(user_id);
  if (member == nullptr || member->as_object() == nullptr) return std::nullopt;
  return role_from(member->as_object()->string("role").value_or(""));
}

bool lists_tenant(const json::Object& user, std::string_view tenant_id) {
  const json::Value* listed = user.find("tenantIds");
  return listed != nullptr && listed->as_array() != nullptr &&
         holds(*listed->as_array(), json::Value(tenant_id));
}

std::vector<std::string> names_in_members(const json::Object& tenant) {
  std::vector<std::string> names;
  const json::Value* members = tenant.find("members");
  if (members == nullptr || members->as_object() == nullptr) return names;
  for (const json::Member& member : *members->as_object()) names.push_back(member.name);
  return names;
}

std::vector<std::string> members_of(const json::Object& tenant) {
  std::vector<std::string> ids = names_in_members(tenant);
  std::erase_if(ids, [&tenant](const std::string& id) {
    const json::Object* member = tenant.find("members")->as_object()->find(id)->as_object();
    return member == nullptr || !role_from(member->string("role").value_or(""));
  });
  return ids;
}

bool is_personal(const json::Object& tenant) {
  return tenant.string("userId") && id_of(tenant) == personal_tenant_id(*tenant.string("userId"));
}

bool link_tenants(json::Object& user, const std::vector<json::Object>& tenants) {
  json::Array memberships;
  for (const json::Object* tenant : in_listed_order(user, tenants)) {
    memberships.push_back(membership_of(user, *tenant));
  }
  return set_memberships(user, std::move(memberships), personal_tenant_id(id_of(user)));
}

bool link_tenant(json::Object& user, const json::Object& tenant) {
  const std::string personal = personal_tenant_id(id_of(user));
  const json::Value* listed = user.find("tenants");
  json::Array memberships;
  if (listed != nullptr && listed->as_array() != nullptr) memberships = *listed->as_array();
  auto same_tenant = [&](const json::Value& membership) {
    return membership.as_object() != nullptr && membership.as_object()->string("tenantId") == id_of(tenant);
  };
  auto at = std::ranges::find_if(memberships, same_tenant);
  if (role_in(tenant, id_of(user))) {
    json::Value linked = membership_of(user, tenant);
    if (at == memberships.end()) {
      memberships.push_back(std::move(linked));
    } else {
      *at = std::move(linked);
    }
  } else if (at != memberships.end()) {
    memberships.erase(at);
  }
  return set_memberships(user, std::move(memberships), personal);
}

std::string tenants_scope(std::string_view user_id) {
  return std::string(kTenantsOf).append(user_id);
}
std::string_view user_of_scope(std::string_view scope) {
  if (scope.starts_with(kUserPrefix)) return scope;
  return scope.starts_with(kTenantsOf) ? scope.substr(kTenantsOf.size()) : std::string_view();
}
std::string invitations_scope(std::string_view tenant_id) {
  return std::string("invitations:").append(tenant_id);
}
std::string invitation_scope(std::string_view token_hash) {
  return std::string("invitation:").append(token_hash);
}

std::vector<std::string> scopes_of(std::string_view id, bool deleted, std::string_view body) {
  if (deleted) return {};
  if (id.starts_with(kOutboxPrefix)) return {std::string(kOutboxScope)};
  if (id.starts_with(kApplicationPrefix)) return {std::string(kApplicationsScope)};
  const json::Value value = json::value_of(body);
  if (value.as_object() == nullptr || is_deleted(*value.as_object())) return {};
  const json::Object& document = *value.as_object();
  if (id.starts_with(kUserPrefix)) return {std::string(id)};
  if (id.starts_with(kTenantPrefix)) {
    std::vector<std::string> scopes;
    for (const std::string& user_id : members_of(document)) scopes.push_back(tenants_scope(user_id));
    return scopes;
  }
  if (id.starts_with(kInvitationPrefix) && document.string("status") == kPending) {
    return {invitations_scope(document.string("tenantId").value_or("")),
            invitation_scope(document.string("tokenHash").value_or(""))};
  }
  return {};
}

json::Object object_of(const doc::Document& document) {
  json::Object object{{"_id", document.id}, {"_rev", document.revision.text()}};
  json::Value body = json::value_of(document.body);
  for (json::Member& member : body.as_object()->members()) object.members().push_back(std::move(member));
  return object;
}

Result<doc::Edit> edit_of(const json::Object& document) {
  doc::Edit edit;
  edit.id = id_of(document);
  if (std::optional<std::string_view> rev = document.string("_rev")) {
    MYCOUCH_TRY(edit.parent, doc::parse_revision(*rev));
  }
  json::Object body;
  for (const json::Member& member : document) {
    if (!member.name.starts_with('_')) body.members().push_back(member);
  }
  edit.body = json::write(body);
  edit.deleted = document.contains("_deleted");
  return edit;
}

}  // namespace mycouch::tenancy
