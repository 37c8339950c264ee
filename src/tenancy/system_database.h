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
  /// The same of one revision, where its body is still there and it is no tombstone.
  Task<std::optional<json::Object>> read_revision(std::string id, doc::Revision revision);
  /// Which of the revisions are not known of the document.
  Task<std::vector<doc::Revision>> missing(std::string id, std::vector<doc::Revision> revisions);
  /// Several at once, each as `read` has it.
  Task<std::vector<std::optional<json::Object>>> read_many(std::vector<std::string> ids);

  /// The documents of a scope, in the order of their last changes. Costs what is in that scope.
  Task<std::vector<json::Object>> documents_of(std::string scope);

  /// What is of the scope; empty: all of it.
  Task<std::unique_ptr<store::Database>> open(std::string scope);

 private:
  store::Store& store_;
  std::string name_;
};

}  // namespace mycouch::tenancy
