#include "tenancy/memberships.h"

#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

Members members_in(const json::Object& tenant) {
  Members read{.deleted = is_deleted(tenant), .roles = {}};
  const json::Value* members = tenant.find("members");
  if (members == nullptr || members->as_object() == nullptr) return read;
  for (const auto& [user_id, member] : *members->as_object()) {
    if (std::optional<Role> role = role_in(tenant, user_id)) read.roles.emplace(user_id, *role);
  }
  return read;
}

// The snapshot of a document: `make` builds one from the document's object.
template <class Snapshot>
Task<std::shared_ptr<const Snapshot>> find_or_read(SnapshotCache<Snapshot>& cache, SystemDatabase& system,
                                                   std::string id, Snapshot (*make)(const json::Object&)) {
  if (auto snapshot = cache.find(id)) co_return snapshot;
  const std::uint64_t generation = cache.generation(id);
  MYCOUCH_CO_TRY(std::optional<json::Object> document, co_await system.read(id));
  if (!document) co_return nullptr;
  auto snapshot = std::make_shared<const Snapshot>(make(*document));
  cache.offer(std::move(id), snapshot, generation);
  co_return snapshot;
}

}  // namespace

Profile profile_in(const json::Object& user) {
  return {.deleted = is_deleted(user),
          .sub = std::string(user.string("sub").value_or("")),
          .active_tenant = std::string(user.string("active_tenant_id").value_or(""))};
}

Result<void> check_user(const Profile& profile, const auth::Principal& caller) {
  if (!profile.sub.empty() && profile.sub != caller.sub) {
    return fail(Errc::forbidden, "this user belongs to another application");
  }
  if (profile.deleted) return fail(Errc::forbidden, "this user was deleted");
  return {};
}

std::optional<Role> Members::role_of(std::string_view user_id) const {
  auto at = roles.find(user_id);
  return at == roles.end() ? std::nullopt : std::optional(at->second);
}

Task<std::shared_ptr<const Members>> Memberships::members(std::string tenant_id) {
  return find_or_read(members_, system_, std::move(tenant_id), members_in);
}

Task<std::shared_ptr<const Profile>> Memberships::profile(std::string user_id) {
  return find_or_read(profiles_, system_, std::move(user_id), profile_in);
}

void Memberships::drop(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    if (id.starts_with(kTenantPrefix)) members_.drop(id);
    if (id.starts_with(kUserPrefix)) profiles_.drop(id);
  }
}

}  // namespace mycouch::tenancy
