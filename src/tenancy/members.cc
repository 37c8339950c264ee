// Who belongs to a tenant: listing, roles, removal and leaving, transfer.

#include <utility>

#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {
namespace {

// Of a request that has one string member and nothing else.
Result<std::string> only_member(const json::Object& request, std::string_view name) {
  for (const auto& [found, value] : request) {
    if (found != name) return unknown_field(found);
  }
  std::optional<std::string_view> text = request.string(name);
  if (!text) return fail(Errc::bad_request, "'" + std::string(name) + "' must be a string");
  return std::string(*text);
}

json::Object* member_in(json::Object& tenant, std::string_view user_id) {
  json::Value* members = tenant.find("members");
  if (members == nullptr || members->as_object() == nullptr) return nullptr;
  json::Value* member = members->as_object()->find(user_id);
  return member == nullptr ? nullptr : member->as_object();
}

std::unexpected<Error> no_such_member() {
  return fail(Errc::not_found, "no such member");
}

Result<void> set_role_of(TenantChange& change, const std::string& user_id, Role role) {
  json::Object* member = member_in(change.tenant, user_id);
  if (member == nullptr) return no_such_member();
  if (change.tenant.string("userId") == user_id) {
    return fail(Errc::forbidden, "the owner's role cannot be changed: transfer the tenant instead");
  }
  if (role == Role::owner) {
    return fail(Errc::forbidden, "a tenant gets another owner by a transfer");
  }
  member->set("role", to_string(role));
  change.relinked = {user_id};
  return {};
}

Result<void> remove_from(TenantChange& change, const std::string& user_id) {
  if (member_in(change.tenant, user_id) == nullptr) return no_such_member();
  if (change.tenant.string("userId") == user_id) {
    return fail(Errc::forbidden, "the owner cannot be removed: transfer or delete the tenant instead");
  }
  change.tenant.find("members")->as_object()->erase(user_id);
  json::Array ids;
  for (std::string& id : members_of(change.tenant)) ids.emplace_back(std::move(id));
  change.tenant.set("userIds", std::move(ids));
  change.relinked = {user_id};
  return {};
}

Result<void> transfer_to(TenantChange& change, const std::string& user_id) {
  if (is_personal(change.tenant)) return fail(Errc::forbidden, "a personal tenant cannot be transferred");
  json::Object* next = member_in(change.tenant, user_id);
  if (next == nullptr) return no_such_member();
  const std::string owner(change.tenant.string("userId").value_or(""));
  if (owner == user_id) return fail(Errc::bad_request, "the member is the owner already");
  if (json::Object* before = member_in(change.tenant, owner)) before->set("role", to_string(Role::admin));
  next->set("role", to_string(Role::owner));
  change.tenant.set("userId", user_id);
  change.relinked = {owner, user_id};
  return {};
}

std::string rev_of(const json::Object& document) {
  return std::string(document.string("_rev").value_or(""));
}

Tenancy::Member member_of(const json::Object& tenant, std::string user_id,
                          const std::optional<json::Object>& user) {
  const json::Object& entry = *tenant.find("members")->as_object()->find(user_id)->as_object();
  const bool known = user && !is_deleted(*user);
  return {.id = std::move(user_id),
          .name = std::string(known ? user->string("name").value_or("") : ""),
          .email = std::string(known ? user->string("email").value_or("") : ""),
          .role = role_from(entry.string("role").value_or("")).value_or(Role::viewer),
          .joined_at = std::string(entry.string("joinedAt").value_or(""))};
}

}  // namespace

Task<std::vector<Tenancy::Member>> Tenancy::members(const Actor& actor, std::string tenant_id) {
  MYCOUCH_CO_TRY(json::Object tenant, co_await this->tenant(*actor.principal, std::move(tenant_id)));
  std::vector<std::string> ids = members_of(tenant);
  MYCOUCH_CO_TRY(auto users, co_await state_->system.read_many(ids));
  std::vector<Member> found;
  found.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    found.push_back(member_of(tenant, std::move(ids[i]), users[i]));
  }
  co_return found;
}

Task<Tenancy::Written> Tenancy::set_role(const Actor& actor, std::string tenant_id, std::string user_id,
                                         json::Object request) {
  Deed deed{.action = "member.role", .user = std::move(user_id), .tenant = std::move(tenant_id)};
  auto set = state_->change_tenant(
      actor, deed, Right::set_roles, [&deed, &request](TenantChange& change) -> Result<void> {
        MYCOUCH_TRY(const std::string name, only_member(request, "role"));
        std::optional<Role> role = role_from(name);
        if (!role) return fail(Errc::bad_request, "'role' must be admin, member or viewer");
        return set_role_of(change, deed.user, *role);
      });
  MYCOUCH_CO_TRY(json::Object tenant, co_await state_->recorded(actor, deed, std::move(set)));
  co_return Written{.id = deed.tenant, .rev = rev_of(tenant)};
}

Task<Tenancy::Written> Tenancy::remove_member(const Actor& actor, std::string tenant_id,
                                              std::string user_id) {
  const bool leaves = user_id == actor.principal->user_id;
  Deed deed{.action = leaves ? "member.leave" : "member.remove",
            .user = std::move(user_id),
            .tenant = std::move(tenant_id)};
  auto remove =
      state_->change_tenant(actor, deed, leaves ? Right::leave : Right::remove_members,
                            [&deed](TenantChange& change) { return remove_from(change, deed.user); });
  MYCOUCH_CO_TRY(json::Object tenant, co_await state_->recorded(actor, deed, std::move(remove)));
  co_return Written{.id = deed.tenant, .rev = rev_of(tenant)};
}

Task<json::Object> Tenancy::transfer(const Actor& actor, std::string tenant_id, json::Object request) {
  Deed deed{.action = "tenant.transfer", .tenant = std::move(tenant_id)};
  if (std::optional<std::string_view> user_id = request.string("userId")) deed.user = *user_id;
  auto transfer = [](State& state, const Actor& by, const Deed& done,
                     const json::Object& asked) -> Task<json::Object> {
    std::optional<json::Object> next;
    if (done.user.starts_with(kUserPrefix)) {
      MYCOUCH_CO_TRY(next, co_await state.system.read(done.user));
    }
    const bool gone = next && is_deleted(*next);
    co_return co_await state.change_tenant(
        by, done, Right::transfer, [&asked, gone](TenantChange& change) -> Result<void> {
          MYCOUCH_TRY(const std::string user_id, only_member(asked, "userId"));
          // A user who was deleted could neither come in nor give the tenant on.
          if (gone) return no_such_member();
          return transfer_to(change, user_id);
        });
  };
  co_return co_await state_->recorded(actor, deed, transfer(*state_, actor, deed, request));
}

}  // namespace mycouch::tenancy
