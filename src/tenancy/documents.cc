#include "tenancy/documents.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace mycouch::tenancy {
namespace {

constexpr std::size_t kMaxName = 200;           // characters
constexpr std::size_t kMaxEmail = 320;          // bytes: 64 of the local part, '@', 255 of the domain
constexpr std::size_t kMaxMetadata = 64 << 10;  // bytes of JSON

// What a user may change in the own document; all else must be sent as it is stored, or not at all.
constexpr std::array<std::string_view, 3> kUserMayChange{"name", "email", "active_tenant_id"};

template <class Range, class Item>
bool holds(const Range& range, const Item& item) {
  return std::ranges::find(range, item) != std::ranges::end(range);
}

std::string quoted(std::string_view name) {
  return "'" + std::string(name) + "'";
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<std::string> read_name(std::string_view field, const json::Value& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) return fail(Errc::bad_request, quoted(field) + " must be a string");
  if (count_characters(*text) > kMaxName) {
    return fail(Errc::bad_request, quoted(field) + " is longer than 200 characters");
  }
  if (has_control_character(*text)) {
    return fail(Errc::bad_request, quoted(field) + " must not contain control characters");
  }
  return *text;
}

Result<std::string> read_email(const json::Value& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) return fail(Errc::bad_request, "'email' must be a string");
  const bool plausible = text->empty() || (text->contains('@') && !text->contains(' '));
  if (!plausible || text->size() > kMaxEmail || has_control_character(*text)) {
    return fail(Errc::bad_request, "'email' is not an e-mail address");
  }
  return *text;
}

// "Jo's Workspace", by what the token tells of the user.
std::string workspace_name(const auth::Principal& caller) {
  std::string_view owner = caller.name;
  if (owner.empty()) owner = std::string_view(caller.email).substr(0, caller.email.find('@'));
  if (owner.empty() || count_characters(owner) > kMaxName / 2) return "Personal Workspace";
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

json::Value choose_active(const json::Object& user, const std::vector<json::Object>& tenants,
                          const std::string& personal) {
  std::optional<std::string_view> active = user.string("active_tenant_id");
  if (active && find_tenant(tenants, *active) != nullptr) return *active;
  if (find_tenant(tenants, personal) != nullptr || tenants.empty()) return personal;
  return id_of(tenants.front());
}

bool set_if_different(json::Object& object, std::string_view name, json::Value value) {
  const json::Value* current = object.find(name);
  if (current != nullptr && *current == value) return false;
  object.set(name, std::move(value));
  return true;
}

Result<void> check_parent(const json::Object& user, const json::Value* rev) {
  if (rev == nullptr) return {};
  if (rev->as_string() == nullptr) return fail(Errc::bad_request, "'_rev' must be a string");
  MYCOUCH_TRY([[maybe_unused]] auto parsed, doc::parse_revision(*rev->as_string()));
  if (*rev->as_string() != user.string("_rev")) return fail(Errc::conflict, "Document update conflict.");
  return {};
}

Result<void> check_unchanged(const json::Object& user, std::string_view name, const json::Value& value) {
  const json::Value* stored = user.find(name);
  if (stored == nullptr) return fail(Errc::bad_request, "unknown field " + quoted(name));
  if (*stored != value) return fail(Errc::bad_request, "the field " + quoted(name) + " cannot be changed");
  return {};
}

Result<json::Value> read_change(const json::Object& user, std::string_view name, const json::Value& value) {
  if (name == "name") return read_name(name, value);
  if (name == "email") return read_email(value);
  if (value.as_string() == nullptr) return fail(Errc::bad_request, "'active_tenant_id' must be a string");
  if (!lists_tenant(user, *value.as_string())) {
    return fail(Errc::forbidden, "you are not a member of the tenant in 'active_tenant_id'");
  }
  return value;
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

bool link_tenants(json::Object& user, const std::vector<json::Object>& tenants) {
  const std::string personal = personal_tenant_id(id_of(user));
  json::Array ids;
  json::Array memberships;
  for (const json::Object* tenant : in_listed_order(user, tenants)) {
    ids.emplace_back(id_of(*tenant));
    memberships.emplace_back(json::Object{{"tenantId", id_of(*tenant)},
                                          {"role", to_string(*role_in(*tenant, id_of(user)))},
                                          {"personal", id_of(*tenant) == personal},
                                          {"joinedAt", joined_at(*tenant, id_of(user))}});
  }
  bool changed = set_if_different(user, "personalTenantId", personal);
  changed |= set_if_different(user, "tenantIds", std::move(ids));
  changed |= set_if_different(user, "tenants", std::move(memberships));
  changed |= set_if_different(user, "active_tenant_id", choose_active(user, tenants, personal));
  return changed;
}

Result<void> merge_user_changes(json::Object& user, const json::Object& changes) {
  // A client that sends back a whole document that is stale has a conflict, not bad fields: `_rev` comes
  // first.
  MYCOUCH_CHECK(check_parent(user, changes.find("_rev")));
  json::Object merged = user;
  for (const auto& [name, value] : changes) {
    if (name == "_rev") continue;
    if (!holds(kUserMayChange, name)) {
      MYCOUCH_CHECK(check_unchanged(user, name, value));
      continue;
    }
    MYCOUCH_TRY(json::Value accepted, read_change(user, name, value));
    merged.set(name, std::move(accepted));
  }
  user = std::move(merged);
  return {};
}

Result<TenantRequest> read_tenant_request(const json::Object& request) {
  TenantRequest read;
  for (const auto& [name, value] : request) {
    if (name == "name") {
      MYCOUCH_TRY(read.name, read_name(name, value));
    } else if (name == "metadata") {
      if (value.as_object() == nullptr) return fail(Errc::bad_request, "'metadata' must be an object");
      read.metadata = *value.as_object();
    } else {
      return fail(Errc::bad_request, "unknown field " + quoted(name));
    }
  }
  if (std::ranges::all_of(read.name, [](char c) { return c == ' '; })) {
    return fail(Errc::bad_request, "a tenant needs a 'name'");
  }
  if (json::write(read.metadata).size() > kMaxMetadata) {
    return fail(Errc::bad_request, "'metadata' is larger than 64 KiB");
  }
  return read;
}

std::vector<std::string> scopes_of(std::string_view id, bool deleted, std::string_view body) {
  if (deleted) return {};
  const json::Value document = json::value_of(body);
  if (document.as_object() == nullptr || is_deleted(*document.as_object())) return {};
  if (id.starts_with(kUserPrefix)) return {std::string(id)};
  if (!id.starts_with(kTenantPrefix)) return {};
  const json::Value* members = document.as_object()->find("members");
  if (members == nullptr || members->as_object() == nullptr) return {};
  std::vector<std::string> scopes;
  for (const auto& [user_id, member] : *members->as_object()) scopes.push_back(user_id);
  return scopes;
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
  return edit;
}

}  // namespace mycouch::tenancy
