// What the parts of Tenancy share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_mutex.h"
#include "tenancy/audit.h"
#include "tenancy/fields.h"
#include "tenancy/memberships.h"
#include "tenancy/role.h"
#include "tenancy/system_database.h"
#include "tenancy/tenancy.h"

namespace mycouch::tenancy {

/// A caller whose documents exist and agree with each other, as they were stored at one moment.
struct Settled {
  json::Object user;
  std::vector<json::Object> tenants;  // those the user belongs to, by name
  bool created = false;               // the user document was made just now
  std::string user_json;
  std::string tenants_json;
};

/// What is done, for the audit trail.
struct Deed {
  std::string_view action;
  std::string user{};  // concerned; internal ids
  std::string tenant{};
  std::string invitation{};
};

/// A change of one tenant, and of what must change with it.
struct TenantChange {
  json::Object tenant;
  std::vector<std::string> relinked{};  // users whose documents repeat what has changed
  std::vector<json::Object> others{};   // written along with it
};

struct Tenancy::State {
  State(store::Store& the_store, std::string system_database, const auth::Issuers& the_issuers,
        const base::Clock& the_clock, TenancyOptions the_options);

  /// The caller's profile, null where the user is not known yet; the errors of check_user.
  Task<std::shared_ptr<const Profile>> checked_profile(const auth::Principal& caller);
  /// Access to a tenant for a caller whose profile was checked.
  Task<Access> access(const auth::Principal& caller, std::string tenant_id);

  /// Creates what the caller lacks, and mends what does not agree; see bootstrap.cc.
  Task<std::shared_ptr<const Settled>> settle(const Actor& actor);

  /// Writes documents and the record of the deed as one batch; the new revisions. `conflict`.
  Task<std::vector<std::string>> write(const Actor& actor, const Deed& deed,
                                       std::vector<json::Object> documents);
  Task<std::vector<std::string>> write_edits(const Actor& actor, const Deed& deed,
                                             std::vector<doc::Edit> edits);

  /// Reads the tenant, checks that the actor has the right (of any member who has it; a deleted tenant is
  /// there for `restore` only), lets `change` alter it, and writes all of it; again where another writer was
  /// faster, so `change` must bear to be called more than once. The tenant as it is stored then.
  using ChangeTenant = std::function<Result<void>(TenantChange&)>;
  Task<json::Object> change_tenant(const Actor& actor, const Deed& deed, Right right, ChangeTenant change);
  /// The same with the tenant's lock held by the caller, and without a right (for one who becomes a member).
  /// Users are locked after tenants, in the order of their ids.
  Task<json::Object> change_locked_tenant(const Actor& actor, const Deed& deed, std::optional<Right> right,
                                          ChangeTenant change);
  Task<std::vector<base::KeyedMutex::Lock>> lock_users(std::vector<std::string> user_ids);
  /// `right` as for change_locked_tenant.
  Result<void> check_right(const Actor& actor, const json::Object& tenant, std::optional<Right> right) const;

  /// A user's document after one of its tenants has changed, with what the identity provider must be told;
  /// appended to `documents` where anything has changed.
  Task<void> relink(const std::string& user_id, const json::Object& tenant,
                    std::vector<json::Object>& documents);
  /// The notice of a user's active tenant, where the application has someone to tell.
  Task<void> append_notice(const std::string& user_id, std::string_view application_id,
                           std::vector<json::Object>& documents);
  /// With the `_rev` of the document of its id that is there, if any.
  Task<void> append_renewed(json::Object document, std::vector<json::Object>& documents);

  /// `work`, whose refusal is recorded: its success is recorded with what it writes.
  template <class T>
  Task<T> recorded(const Actor& actor, Deed deed, Task<T> work) {
    Result<T> outcome = co_await std::move(work);
    if (!outcome) co_await record_refusal(actor, deed, outcome.error());
    co_return outcome;
  }
  boost::asio::awaitable<void> record_refusal(const Actor& actor, const Deed& deed, const Error& error);

  void drop(const store::Store::Written& written);
  std::string now() const { return base::to_rfc3339(clock.now()); }

  store::Store& store;
  const std::string name;
  const auth::Issuers& issuers;
  const base::Clock& clock;
  const TenancyOptions options;
  SystemDatabase system;
  Audit audit;
  Memberships memberships;
  base::KeyedMutex locks;  // by the id of the tenant or user that is changed
  SnapshotCache<Settled> settled;

 private:
  Task<std::shared_ptr<const Settled>> settle_once(const Actor& actor);
};

/// What DELETE does: `forbidden` for a personal tenant and for the actor's active one, by the profile or the
/// token.
Result<void> soft_delete(TenantChange& change, const Actor& actor, std::string_view active_by_profile,
                         const std::string& now);

/// `forbidden` for one who belongs to as many tenants as one may: a user document lists them all.
Result<void> check_room(const Settled& user);

/// "user_x", or "admin:NAME".
std::string actor_name(const auth::Principal& caller);

std::unexpected<Error> not_a_member();

/// How often a change is tried again when another writer was faster.
inline constexpr int kAttempts = 16;
/// From the third on, each waits a little, and longer each time: writers on other servers, which no lock of
/// ours holds up, get out of each other's way.
boost::asio::awaitable<void> pause_before(int attempt);

}  // namespace mycouch::tenancy
