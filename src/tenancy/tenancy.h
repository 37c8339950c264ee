// Users, tenants and who belongs to which: documents of the system database, and the rules around them.
//
// A user document is of a scope of that user's own, a tenant document of one of each of its members (see
// documents.h), and both are of the whole database's scope (empty). Membership is read from the tenant
// document at each request; a snapshot of each tenant's members is kept in memory and dropped when the store
// reports a write of that document, before the writer is answered: a removal has effect on the next request
// everywhere.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/issuers.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/task.h"
#include "json/value.h"
#include "store/store.h"
#include "tenancy/actor.h"
#include "tenancy/audit.h"
#include "tenancy/fields.h"
#include "tenancy/role.h"

namespace mycouch::tenancy {

class InvitationDelivery;

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

struct TenancyOptions {
  /// How long a deleted tenant can be restored.
  std::chrono::milliseconds retention = std::chrono::days(30);
  /// Is told of each invitation, token and all, when it is made: for development. Null: nobody is.
  InvitationDelivery* invitations = nullptr;
};

/// Thread-safe; every call may fail with `unavailable`. What changes something takes an Actor and leaves a
/// record in the audit trail, also where it is refused; each change is one atomic write. Ids of users and
/// tenants are internal ones. Errors are `bad_request`, `conflict`, `forbidden` and `not_found`, with the
/// contract's reasons.
class Tenancy {
 public:
  Tenancy(store::Store& store, std::string system_database, const auth::Issuers& issuers,
          const base::Clock& clock, TenancyOptions options = {});
  ~Tenancy();

  /// Creates the databases that lack, and starts to observe the system database. Once, before anything else.
  Task<void> start();
  Audit& audit();

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
  Task<Access> active_access(const Actor& actor, std::string* active_tenant);

  /// Idempotent: the caller's user document and personal tenant exist afterwards, linked and active.
  Task<Bootstrap> bootstrap(const Actor& actor);

  struct Written {
    std::string id;
    std::string rev;
  };

  /// GET, PUT and DELETE /__users/{id}. `user` is JSON text.
  Task<std::string> user(const Actor& actor, std::string user_id);
  Task<Written> put_user(const Actor& actor, std::string user_id, json::Object changes);
  Task<Written> delete_user(const Actor& actor, std::string user_id);
  /// The current active tenant of a user, for the development issuer's fresh tokens; nothing before the
  /// bootstrap.
  Task<std::optional<std::string>> active_tenant_of(std::string user_id);

  /// GET /__tenants (JSON text: an array, by name), and GET, POST, PUT, DELETE of one tenant.
  Task<std::string> tenants(const Actor& actor);
  Task<json::Object> tenant(const auth::Principal& caller, std::string tenant_id);
  Task<json::Object> create_tenant(const Actor& actor, json::Object request);
  Task<Written> put_tenant(const Actor& actor, std::string tenant_id, json::Object changes);
  /// `rev`: only while it is the current one.
  Task<Written> delete_tenant(const Actor& actor, std::string tenant_id, std::optional<std::string> rev);
  Task<json::Object> restore_tenant(const Actor& actor, std::string tenant_id);

  /// What the caller replicates of a table: the documents of its own scope, as a database whose writes keep
  /// to the rules of the table (see tables.cc). For users only, who are set up where that is still to be
  /// done.
  Task<std::unique_ptr<store::Database>> open_table(Actor actor, Table table);

  struct Member {
    std::string id;
    std::string name;  // this and the e-mail are empty for one who never signed in
    std::string email;
    Role role;
    std::string joined_at;
  };
  Task<std::vector<Member>> members(const Actor& actor, std::string tenant_id);
  Task<Written> set_role(const Actor& actor, std::string tenant_id, std::string user_id,
                         json::Object request);
  /// Also how one leaves.
  Task<Written> remove_member(const Actor& actor, std::string tenant_id, std::string user_id);
  Task<json::Object> transfer(const Actor& actor, std::string tenant_id, json::Object request);

  struct Invitation {
    std::string id;
    std::string tenant_id;
    Role role;
    std::string email;  // empty: for whoever has the token
    std::string invited_by;
    std::string created_at;
    std::string expires_at;
  };
  struct NewInvitation {
    Invitation invitation;
    std::string token;  // shown here and nowhere else
  };
  Task<NewInvitation> invite(const Actor& actor, std::string tenant_id, json::Object request);
  /// Those that can still be accepted, the oldest first.
  Task<std::vector<Invitation>> invitations(const Actor& actor, std::string tenant_id);
  Task<void> revoke_invitation(const Actor& actor, std::string tenant_id, std::string invitation_id);
  struct InvitationPreview {
    Invitation invitation;
    std::string tenant_name;
    std::string inviter_name;
  };
  Task<InvitationPreview> preview_invitation(const Actor& actor, std::string token);
  Task<json::Object> accept_invitation(const Actor& actor, std::string token);

  /// `waiter` is woken whenever the caller's memberships, or the caller's own document, change: a feed then
  /// checks its access again.
  Task<store::Subscription> watch_memberships(const auth::Principal& caller,
                                              std::shared_ptr<base::Waiter> waiter);
  /// `forbidden` for a user who may not come in any more.
  Task<void> check_welcome(const auth::Principal& caller);

 private:
  struct State;
  struct FoundInvitation;
  class TableDatabase;
  class Replicated;

  Task<FoundInvitation> find_invitation(const Actor& actor, std::string token);
  Task<NewInvitation> make_invitation(const Actor& actor, const std::string& tenant_id, const std::string& id,
                                      const json::Object& request);
  Task<json::Object> use_invitation(const Actor& actor, const std::string& tenant_id, std::string token);

  std::unique_ptr<State> state_;
};

}  // namespace mycouch::tenancy
