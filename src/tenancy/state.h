// What the parts of Tenancy share.
#pragma once

#include "tenancy/memberships.h"
#include "tenancy/system_database.h"
#include "tenancy/tenancy.h"

namespace mycouch::tenancy {

/// A caller whose documents exist and agree with each other.
struct Settled {
  json::Object user;
  std::vector<json::Object> tenants;  // those the user belongs to
  bool created = false;               // this call made the user document
};

struct Tenancy::State {
  State(store::Store& the_store, std::string system_database, const base::Clock& the_clock)
      : store(the_store),
        name(std::move(system_database)),
        clock(the_clock),
        system(the_store, name),
        memberships(system) {}

  /// The caller's profile, null where the user is not known yet; the errors of check_user.
  Task<std::shared_ptr<const Profile>> checked_profile(const auth::Principal& caller);
  /// Access to a tenant for a caller whose profile was checked.
  Task<Access> access(const auth::Principal& caller, std::string tenant_id);

  /// Creates what the caller lacks, and mends what an interrupted write left behind; see bootstrap.cc.
  Task<Settled> settle(const auth::Principal& caller);

  store::Store& store;
  std::string name;
  const base::Clock& clock;
  SystemDatabase system;
  Memberships memberships;

 private:
  Task<Settled> settle_once(const auth::Principal& caller);
  Task<bool> create_personal_tenant(const auth::Principal& caller, std::vector<json::Object>& tenants);
};

/// How often a change is tried again when another writer was faster.
inline constexpr int kAttempts = 16;

}  // namespace mycouch::tenancy
