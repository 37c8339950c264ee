// Compares everything that two stores hold, by a hash for each part of each database (part_hash.h), and names
// what differs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/part_hash.h"
#include "base/task.h"
#include "store/store.h"

namespace mycouch::app {

struct ComparedCounts {
  std::uint64_t databases = 0;
  std::uint64_t tenants = 0;  // of all databases, each database's for itself
  std::uint64_t documents = 0;
  std::uint64_t local_documents = 0;
  std::uint64_t log_records = 0;
  std::uint64_t differences = 0;
};

class StoreComparison {
 public:
  struct Events {
    /// A sentence that names the database and the tenant.
    std::function<void(const std::string& difference)> differs;
    /// Documents of the source, so far and in all.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress;
  };

  /// The stores outlive it. Databases that only the target has are not looked at. Runs on one thread.
  StoreComparison(store::Store& from, store::Store& to, std::string system_database, Events events);

  Task<ComparedCounts> run();

 private:
  Task<void> compare_database(const std::string& database);
  Task<void> compare_settings(const std::string& database);
  Task<void> compare_part(const std::string& database, StorePart part);
  /// Reads the part once more, to say which documents differ.
  Task<std::string> examples(const std::string& database, StorePart part);
  Task<void> compare_audit_trail();
  void differs(const std::string& difference);

  store::Store& from_;
  store::Store& to_;
  const std::string system_database_;
  const Events events_;
  ComparedCounts counts_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace mycouch::app
