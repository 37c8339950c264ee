// The parts of whole stores: what a copy goes through, and what it compares.
//
// A part is all that a database holds under one name: the documents of the partition, and the local documents
// of the scope, that are called so. In an application's database that is a tenant. The system database has
// all its documents in the partition with the empty name, and its users' local documents in their scopes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.h"
#include "store/store.h"

namespace mycouch::app {

struct StorePart {
  std::string name;
  bool documents = false;  // whether the partition holds any
};

/// Of a database in one store, or of what any of several stores have of it.
class StoreParts {
 public:
  /// The stores outlive it, and have the database.
  StoreParts(std::vector<store::Store*> stores, std::string database)
      : stores_(std::move(stores)), database_(std::move(database)) {}

  /// Those that follow, in the order of their names; empty at the end.
  Task<std::vector<StorePart>> next();

 private:
  const std::vector<store::Store*> stores_;
  const std::string database_;
  std::optional<std::string> last_;
};

/// Documents of all parts of a database, also deleted ones.
Task<std::uint64_t> count_documents(store::Store& store, std::string database);

/// The documents of a part.
Task<std::unique_ptr<store::Database>> open_documents(store::Store& store, std::string database,
                                                      std::string part);
/// Its local documents, as those who have written them see them.
Task<std::unique_ptr<store::Database>> open_local_documents(store::Store& store, std::string database,
                                                            std::string part, bool is_system_database);

/// Where a copy keeps how far it has come: a local document of each part of the target, which is never copied
/// or compared.
inline constexpr std::string_view kCopyCheckpoint = "mycouch-copy";

/// All of them, in the order of their ids.
Task<std::vector<store::LocalRow>> all_local_documents(store::Database& database);

}  // namespace mycouch::app
