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

#include "base/task.h"
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
  std::string active_tenant;
};

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
