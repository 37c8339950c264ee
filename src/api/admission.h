// A caller's way into one database: the step at which tenants are kept apart.
//
// What a handler gets is the Database that comes out of it, confined to the caller's tenant. Which database
// may be named, whose tenant it is, and whether the caller belongs to it are decided here, on every request,
// against the store and not by the token.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend.h"
#include "auth/principal.h"
#include "base/task.h"
#include "base/waiter.h"
#include "store/database.h"
#include "sync/edits.h"

namespace mycouch::api {

struct AdmissionRequest {
  std::string database;               // as the path names it
  std::optional<std::string> tenant;  // the same, where it names one; else the caller's active tenant counts
  bool writes = false;
};

class Admission {
 public:
  /// `not_found` for a database that the caller's application does not list (or, for the administrator, that
  /// is not there), `forbidden` for a stranger to the tenant and for a viewer who writes,
  /// `token_refresh_required` with the tenant to ask for in `*active_tenant`. A database that an application
  /// lists comes to be at its first use.
  static Task<Admission> open(Backend& backend, tenancy::Actor actor, AdmissionRequest request,
                              std::string* active_tenant);
  /// The same for one of the virtual tables: what of it is the caller's own. Not for the administrator.
  static Task<Admission> open_table(Backend& backend, tenancy::Actor actor, tenancy::Table table);

  store::Database& database() { return *database_; }
  const sync::WriteRules& rules() const { return rules_; }
  bool administrator() const { return caller_->administrator; }

  /// For what lasts longer than a moment: whether the caller would still be admitted. Otherwise the error
  /// that says why not: `forbidden`, `not_found` for a tenant that is gone, `unauthorized` for an application
  /// that is.
  Task<void> check() const;
  /// The same as yes or no; an error only where that cannot be told.
  Task<bool> holds() const;
  /// `waiter` is woken when `holds` may have changed.
  Task<store::Subscription> watch(std::shared_ptr<base::Waiter> waiter) const;
  /// When the caller's token expires; nothing for the administrator.
  std::optional<base::WallTime> expires() const;

 private:
  Admission(Backend& backend, std::shared_ptr<const auth::Principal> caller)
      : backend_(&backend), caller_(std::move(caller)) {}

  Task<void> open_as_administrator(const AdmissionRequest& request);
  Task<void> open_as_user(const tenancy::Actor& actor, const AdmissionRequest& request,
                          std::string* active_tenant);
  Task<void> open_for_tenant(const std::string& name, const auth::Application* application);

  Backend* backend_;
  std::shared_ptr<const auth::Principal> caller_;
  std::string tenant_;  // internal; empty: a table, or the administrator's view of what is outside any tenant
  bool writes_ = false;
  std::unique_ptr<store::Database> database_;
  sync::WriteRules rules_;
};

/// Whether `name` is a database of the application's users. The system database never is.
bool serves(const Backend& backend, const auth::Application& application, std::string_view name);
/// Those that the application lists by name and not by a pattern: they are there, used or not.
std::vector<std::string> named_databases(const Backend& backend, const auth::Application& application);

}  // namespace mycouch::api
