// Users, tenants and who belongs to which: documents of the system database, and the rules around them.
//
// A user document is of the scope of that user; a tenant document is of the scopes of its members (internal
// user ids) and both are of the whole database's scope (empty). Membership is read from the tenant document
// at each request; a snapshot of each tenant's members is kept in memory and dropped when the store reports a
// write of that document, before the writer is answered: a removal has effect on the next request everywhere.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/task.h"
#include "json/value.h"
#include "store/store.h"
#include "tenancy/role.h"

namespace mycouch::tenancy {

/// The tenant that a request reaches, after its membership was checked.
struct Access {
  std::string tenant;  // internal id, "tenant_…"
  Role role = Role::viewer;
};

struct Bootstrap {
  std::string active_tenant_id;
  json::Object user;  // as stored, with _id and _rev
  json::Object tenant;
  bool bootstrapped = false;  // this call made them
};

/// Thread-safe; every call may fail with `unavailable`.
class Tenancy {
 public:
  Tenancy(store::Store& store, std::string system_database, const base::Clock& clock);
  ~Tenancy();

  /// Creates the system database where it lacks, and starts to observe it. Once, before anything else.
  Task<void> start();

  /// "tenant_x" for either form of a tenant in a URL; "user_x" for a user's (`_me` is the caller), always
  /// prefixed.
  static std::string internal_tenant_id(std::string_view in_url);
  static std::string internal_user_id(const auth::Principal& caller, std::string_view in_url);

  /// The tenant's view of a database that is named in the path. `forbidden` for a stranger, for a user who
  /// was deleted, and for one of another application whose id is the same; `not_found` for a tenant that does
  /// not exist or is deleted. The administrator reaches any.
  Task<Access> access(const auth::Principal& caller, std::string tenant_id);
  /// The caller's active tenant, by the token's claim or the profile (`tenant_source`); a first-time caller
  /// is set up. `token_refresh_required` when the claim is absent: the active tenant to ask for is then in
  /// `*active_tenant`.
  Task<Access> active_access(const auth::Principal& caller, std::string* active_tenant);

  /// Idempotent: the caller's user document and personal tenant exist afterwards, linked and active.
  Task<Bootstrap> bootstrap(const auth::Principal& caller);

  /// GET and PUT /__users/{id}, with the contract's rules and reasons. `put_user` returns the new revision.
  Task<json::Object> user(const auth::Principal& caller, std::string user_id);
  struct Written {
    std::string id;
    std::string rev;
  };
  Task<Written> put_user(const auth::Principal& caller, std::string user_id, json::Object changes);
  /// The current active tenant of a user, for the development issuer's fresh tokens; nothing before the
  /// bootstrap.
  Task<std::optional<std::string>> active_tenant_of(std::string user_id);

  /// GET /__tenants (by name), GET /__tenants/{id}, POST /__tenants.
  Task<std::vector<json::Object>> tenants(const auth::Principal& caller);
  Task<json::Object> tenant(const auth::Principal& caller, std::string tenant_id);
  Task<json::Object> create_tenant(const auth::Principal& caller, json::Object request);

  /// `waiter` is woken whenever something of the user's own scope in the system database changes: a feed then
  /// checks its access again.
  Task<store::Subscription> watch_memberships(const auth::Principal& caller,
                                              std::shared_ptr<base::Waiter> waiter);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mycouch::tenancy
