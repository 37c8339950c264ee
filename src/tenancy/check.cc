#include "tenancy/check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "json/value.h"
#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

using Ids = std::set<std::string, std::less<>>;

constexpr std::size_t kPage = 500;

// The strings of a member that is a list of strings; nothing where it is none.
std::optional<std::vector<std::string>> strings_in(const json::Object& object, std::string_view name) {
  const json::Value* list = object.find(name);
  if (list == nullptr || list->as_array() == nullptr) return std::nullopt;
  std::vector<std::string> strings;
  for (const json::Value& item : *list->as_array()) {
    if (item.as_string() == nullptr) return std::nullopt;
    strings.push_back(*item.as_string());
  }
  return strings;
}

// The same strings, each once.
bool is_permutation(std::vector<std::string> list, std::vector<std::string> other) {
  std::ranges::sort(list);
  std::ranges::sort(other);
  return list == other && std::ranges::adjacent_find(list) == list.end();
}

// The role as the tenant document has it, known or not.
std::string_view role_text(const json::Object& tenant, std::string_view user_id) {
  const json::Value* member = tenant.find("members")->as_object()->find(user_id);
  return member->as_object() == nullptr ? "" : member->as_object()->string("role").value_or("");
}

struct Membership {
  std::string tenant_id;
  std::string role;
};

// What a user document says of its memberships; nothing where it is not of that form.
std::optional<std::vector<Membership>> listed_in(const json::Object& user) {
  const json::Value* list = user.find("tenants");
  if (list == nullptr || list->as_array() == nullptr) return std::nullopt;
  std::vector<Membership> listed;
  for (const json::Value& item : *list->as_array()) {
    if (item.as_object() == nullptr) return std::nullopt;
    listed.push_back({std::string(item.as_object()->string("tenantId").value_or("")),
                      std::string(item.as_object()->string("role").value_or(""))});
  }
  return listed;
}

std::vector<std::string> tenant_ids(const std::vector<Membership>& memberships) {
  std::vector<std::string> ids;
  ids.reserve(memberships.size());
  for (const Membership& membership : memberships) ids.push_back(membership.tenant_id);
  return ids;
}

class Checker {
 public:
  Checker(store::Store& store, std::string name, std::function<void(const Finding&)> report)
      : store_(store), name_(std::move(name)), report_(std::move(report)) {}

  Task<CheckSummary> run();

 private:
  struct Invitation {
    std::string id;
    std::string tenant_id;
    std::string used_by;
  };

  void violation(std::string text);
  void note(std::string text);

  Task<void> read_documents();
  void look_at(const doc::Document& document);
  void look_at_tenant(const json::Object& tenant);
  void look_at_owner(const json::Object& tenant, const std::vector<std::string>& members);
  void look_at_user(const json::Object& user);
  void look_at_personal_tenant(const json::Object& user, const std::vector<Membership>& memberships);
  void look_at_listed_tenants(const json::Object& user, const std::vector<Membership>& memberships);
  void look_at_active_tenant(const json::Object& user, const std::vector<Membership>& memberships);
  void look_at_invitation(const json::Object& invitation);

  // Of documents that may come after those that name them.
  void check_members_without_document();
  void check_invitations();

  Task<void> check_scope(std::string scope, const Ids& expected);
  Task<Ids> ids_in(std::string scope);

  store::Store& store_;
  const std::string name_;
  const std::function<void(const Finding&)> report_;
  CheckSummary summary_;
  Ids users_;
  Ids tenants_;
  std::map<std::string, std::vector<Membership>, std::less<>> memberships_;  // by user
  std::vector<Invitation> invitations_;
  std::map<std::string, Ids, std::less<>> scopes_;  // what each should hold
};

void Checker::violation(std::string text) {
  ++summary_.violations;
  report_({.kind = Finding::Kind::violation, .text = std::move(text)});
}

void Checker::note(std::string text) {
  ++summary_.notes;
  report_({.kind = Finding::Kind::note, .text = std::move(text)});
}

Task<CheckSummary> Checker::run() {
  MYCOUCH_CO_CHECK(co_await read_documents());
  check_members_without_document();
  check_invitations();
  summary_.scopes = scopes_.size();
  for (const auto& [scope, expected] : scopes_) MYCOUCH_CO_CHECK(co_await check_scope(scope, expected));
  co_return summary_;
}

Task<void> Checker::read_documents() {
  MYCOUCH_CO_TRY(auto database, co_await store_.open(name_, {}));
  store::AllDocsQuery query;
  query.limit = kPage;
  query.include_docs = true;
  query.read.conflicts = true;
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(store::AllDocsPage page, co_await database->all_docs(query));
    at_end = page.at_end;
    for (const store::AllDocsRow& row : page.rows) {
      if (row.document) look_at(*row.document);
    }
    if (!page.rows.empty()) query.start = page.rows.back().id + '\0';
  }
  co_return Result<void>();
}

void Checker::look_at(const doc::Document& document) {
  if (!document.conflicts.empty()) {
    violation(fmt::format("{} has conflicting revisions beside the current one: {}.", document.id,
                          document.conflicts.size()));
  }
  for (std::string& scope : scopes_of(document.id, document.deleted, document.body)) {
    scopes_[std::move(scope)].insert(document.id);
  }
  const json::Object object = object_of(document);
  if (document.id.starts_with(kTenantPrefix)) look_at_tenant(object);
  if (document.id.starts_with(kUserPrefix)) look_at_user(object);
  if (document.id.starts_with(kInvitationPrefix)) look_at_invitation(object);
}

void Checker::look_at_tenant(const json::Object& tenant) {
  const std::string id(id_of(tenant));
  ++summary_.tenants;
  tenants_.insert(id);
  scopes_.try_emplace(invitations_scope(id));
  const std::vector<std::string> members = names_in_members(tenant);
  for (const std::string& user_id : members) {
    const std::string_view role = role_text(tenant, user_id);
    if (!role_from(role))
      violation(fmt::format("{} has the member {} with the unknown role \"{}\".", id, user_id, role));
    if (!is_deleted(tenant)) memberships_[user_id].push_back({id, std::string(role)});
    scopes_.try_emplace(tenants_scope(user_id));
  }
  const auto listed = strings_in(tenant, "userIds");
  if (!listed || !is_permutation(*listed, members)) {
    violation(fmt::format("{} has other users in `userIds` than in `members`.", id));
  }
  look_at_owner(tenant, members);
}

void Checker::look_at_owner(const json::Object& tenant, const std::vector<std::string>& members) {
  const std::string id(id_of(tenant));
  std::vector<std::string> owners;
  for (const std::string& user_id : members) {
    if (role_text(tenant, user_id) == to_string(Role::owner)) owners.push_back(user_id);
  }
  const std::string owner(tenant.string("userId").value_or(""));
  if (owners.size() != 1) {
    violation(fmt::format("{} has {} owners among its members.", id, owners.size()));
  } else if (owners.front() != owner) {
    violation(fmt::format("{} is owned by {} as a member, and by {} in `userId`.", id, owners.front(),
                          owner.empty() ? "nobody" : owner));
  }
}

void Checker::look_at_user(const json::Object& user) {
  const std::string id(id_of(user));
  ++summary_.users;
  users_.insert(id);
  scopes_.try_emplace(id);
  scopes_.try_emplace(tenants_scope(id));
  const std::vector<Membership>& memberships = memberships_[id];
  look_at_personal_tenant(user, memberships);
  look_at_listed_tenants(user, memberships);
  look_at_active_tenant(user, memberships);
}

// An administrator may have taken it away: given it to another, removed the user from it, or deleted it.
void Checker::look_at_personal_tenant(const json::Object& user, const std::vector<Membership>& memberships) {
  const std::string id(id_of(user));
  const std::string personal = personal_tenant_id(id);
  if (user.string("personalTenantId") != personal) {
    violation(fmt::format("{} has a `personalTenantId` that is not {}.", id, personal));
  }
  if (!tenants_.contains(personal)) {
    violation(fmt::format("{} has no personal tenant: there is no {}.", id, personal));
  } else if (std::ranges::find(memberships, personal, &Membership::tenant_id) == memberships.end()) {
    note(fmt::format("{} does not belong to {}, its personal tenant: it was taken away.", id, personal));
  }
}

void Checker::look_at_listed_tenants(const json::Object& user, const std::vector<Membership>& memberships) {
  const std::string id(id_of(user));
  const auto listed = listed_in(user);
  const auto listed_ids = strings_in(user, "tenantIds");
  if (!listed || !listed_ids || !is_permutation(*listed_ids, tenant_ids(*listed))) {
    violation(fmt::format("{} has other tenants in `tenantIds` than in `tenants`.", id));
    return;
  }
  for (const Membership& each : *listed) {
    const auto held = std::ranges::find(memberships, each.tenant_id, &Membership::tenant_id);
    if (held == memberships.end()) {
      violation(fmt::format("{} lists {}, which does not hold that user.", id, each.tenant_id));
    } else if (held->role != each.role) {
      violation(fmt::format("{} lists {} with the role \"{}\", which is \"{}\" there.", id, each.tenant_id,
                            each.role, held->role));
    }
  }
  for (const Membership& each : memberships) {
    if (std::ranges::find(*listed_ids, each.tenant_id) == listed_ids->end()) {
      violation(fmt::format("{} does not list {}, which holds that user.", id, each.tenant_id));
    }
  }
}

void Checker::look_at_active_tenant(const json::Object& user, const std::vector<Membership>& memberships) {
  const std::string active(user.string("active_tenant_id").value_or(""));
  if (memberships.empty() ||
      std::ranges::find(memberships, active, &Membership::tenant_id) != memberships.end()) {
    return;
  }
  violation(fmt::format("{} has the active tenant {}, which does not hold that user.", id_of(user),
                        active.empty() ? "\"\"" : active));
}

void Checker::look_at_invitation(const json::Object& invitation) {
  ++summary_.invitations;
  invitations_.push_back({std::string(id_of(invitation)),
                          std::string(invitation.string("tenantId").value_or("")),
                          std::string(invitation.string("usedBy").value_or(""))});
  if (invitation.string("status") == "used" && invitations_.back().used_by.empty()) {
    violation(fmt::format("{} is used, and does not say by whom.", invitations_.back().id));
  }
}

void Checker::check_members_without_document() {
  for (const auto& [user_id, memberships] : memberships_) {
    if (users_.contains(user_id)) continue;
    for (const Membership& membership : memberships) {
      note(fmt::format("{} has the member {}, who has no document: nobody has signed in under that id.",
                       membership.tenant_id, user_id));
    }
  }
}

void Checker::check_invitations() {
  for (const Invitation& invitation : invitations_) {
    if (!tenants_.contains(invitation.tenant_id)) {
      violation(fmt::format("{} is for {}, which does not exist.", invitation.id,
                            invitation.tenant_id.empty() ? "\"\"" : invitation.tenant_id));
    }
    if (!invitation.used_by.empty() && !users_.contains(invitation.used_by)) {
      violation(fmt::format("{} was used by {}, who does not exist.", invitation.id, invitation.used_by));
    }
  }
}

Task<void> Checker::check_scope(std::string scope, const Ids& expected) {
  MYCOUCH_CO_TRY(const Ids indexed, co_await ids_in(scope));
  for (const std::string& id : indexed) {
    if (expected.contains(id)) continue;
    violation(fmt::format("The scope {} holds {}, which is not of it.", scope, id));
  }
  for (const std::string& id : expected) {
    if (indexed.contains(id)) continue;
    violation(fmt::format("The scope {} does not hold {}, which is of it.", scope, id));
  }
  co_return Result<void>();
}

Task<Ids> Checker::ids_in(std::string scope) {
  MYCOUCH_CO_TRY(auto database,
                 co_await store_.open(name_, store::Confinement{.partition = "", .scope = std::move(scope)}));
  Ids ids;
  store::ChangesQuery query;
  query.limit = kPage;
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(store::ChangesPage page, co_await database->changes(query));
    at_end = page.at_end;
    query.since = page.last_seq;
    for (store::ChangeRow& row : page.rows) {
      if (!row.deleted) ids.insert(std::move(row.id));
    }
  }
  co_return ids;
}

}  // namespace

Task<CheckSummary> check_system_database(store::Store& store, std::string system_database,
                                         std::function<void(const Finding&)> report) {
  Checker checker(store, std::move(system_database), std::move(report));
  co_return co_await checker.run();
}

}  // namespace mycouch::tenancy
