// The system database, as the users' and tenants' documents are kept in it: objects with `_id` and `_rev`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/waiter.h"
#include "json/value.h"
#include "store/store.h"

namespace mycouch::tenancy {

/// Thread-safe; every call may fail with `unavailable`.
class SystemDatabase {
 public:
  SystemDatabase(store::Store& store, std::string name);

  /// Creates the database where it lacks.
  Task<void> create();

  /// Nothing where there is no such document, or a tombstone.
  Task<std::optional<json::Object>> read(std::string id);
  /// Creates the document, or replaces the revision that its `_rev` names; the new revision. `conflict`.
  Task<std::string> write(json::Object document);

  /// The documents of the tenants that the user is a member of, in no order. Costs what is in the user's own
  /// scope.
  Task<std::vector<json::Object>> tenants_of(std::string user_id);
  /// `waiter` is woken when anything in the user's scope changes.
  Task<store::Subscription> watch(std::string user_id, std::shared_ptr<base::Waiter> waiter);

 private:
  Task<std::unique_ptr<store::Database>> open(std::string scope);

  store::Store& store_;
  std::string name_;
};

}  // namespace mycouch::tenancy
