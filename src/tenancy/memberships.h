// What every request asks of tenancy, answered from memory: who belongs to a tenant, and a user's active
// tenant.
//
// Snapshots are made from the documents when they are first asked for, and dropped when the store reports a
// write of the document, before the writer is answered (see snapshot_cache.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/task.h"
#include "json/value.h"
#include "tenancy/role.h"
#include "tenancy/snapshot_cache.h"
#include "tenancy/system_database.h"

namespace mycouch::tenancy {

struct Members {
  bool deleted = false;                            // the tenant is, softly
  std::map<std::string, Role, std::less<>> roles;  // by internal user id

  std::optional<Role> role_of(std::string_view user_id) const;
};

struct Profile {
  bool deleted = false;
  std::string sub;  // of the tokens of this user; empty where the document does not say
  std::string active_tenant;
};
Profile profile_in(const json::Object& user);
/// `forbidden` for a user who was deleted, and for a caller of another application. A prefix and a `sub` can
/// make the same id as others do ("b-" and "x", "" and "b-x"); as no two applications share a prefix, two
/// callers with the same id are of one application exactly when they have the same `sub`.
Result<void> check_user(const Profile& profile, const auth::Principal& caller);

/// Thread-safe. What is not in the store is asked for there each time.
class Memberships {
 public:
  explicit Memberships(SystemDatabase& system) : system_(system) {}

  /// Null where there is no such document; waits for the store only when there is no snapshot.
  Task<std::shared_ptr<const Members>> members(std::string tenant_id);
  Task<std::shared_ptr<const Profile>> profile(std::string user_id);

  /// To be called by the store's observer.
  void drop(const std::vector<std::string>& ids);

 private:
  SystemDatabase& system_;
  SnapshotCache<Members> members_{100'000};
  SnapshotCache<Profile> profiles_{100'000};
};

}  // namespace mycouch::tenancy
