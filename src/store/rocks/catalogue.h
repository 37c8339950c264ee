// The databases of the store: their names, numbers and epochs, in memory and in the family "default".
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/rocks/keys.h"
#include "store/store.h"

namespace mycouch::store::rocks {

/// One database. Shared by the views that are open on it, also after it was removed.
struct DatabaseRecord {
  std::string name;
  DatabaseNumber number = 0;
  std::string epoch;
  std::atomic<bool> removed{false};
  Store::ScopeRule scope_rule;             // empty: documents belong to their partition's scope
  bool keeps_for_merging = false;          // see Store
  std::vector<Store::Observer> observers;  // all three are set when the record is made

  DatabaseSettings settings() const;
  std::uint32_t revs_limit() const;
  void set_settings(DatabaseSettings settings);

  /// Partitions that are being compacted.
  std::mutex compacting_mutex;
  std::set<std::string, std::less<>> compacting;

 private:
  mutable std::mutex settings_mutex_;
  DatabaseSettings settings_;
};

/// What stands in the family "default", as keys and values.
std::string database_key(std::string_view name);
/// Number, sized epoch; and, once something was set: the limits of revisions and of purges, sized security.
std::string database_value(const DatabaseRecord& record, const DatabaseSettings& settings);
std::string dead_key(DatabaseNumber number);
std::string pending_key(const base::Md5& content);
/// `prefix` is a partition's.
std::string indexing_key(std::string_view prefix);
inline constexpr std::string_view kStoreKey = "store";
inline constexpr std::string_view kDatabaseKeys = "database/";
inline constexpr std::string_view kDeadKeys = "dead/";
inline constexpr std::string_view kIndexingKeys = "indexing/";
inline constexpr std::string_view kCollationKey = "collation";
inline constexpr std::string_view kPendingKeys = "pending/";

/// Thread-safe.
class Catalogue {
 public:
  std::shared_ptr<DatabaseRecord> find(std::string_view name) const;
  std::shared_ptr<DatabaseRecord> find(DatabaseNumber number) const;
  std::vector<std::string> names() const;
  /// A record with the rule and observers of its name; not in the catalogue before `add`.
  std::shared_ptr<DatabaseRecord> make(std::string_view name, DatabaseNumber number, std::string epoch) const;
  std::shared_ptr<DatabaseRecord> restore(std::string_view name, std::string_view value) const;
  void add(std::shared_ptr<DatabaseRecord> record);
  void remove(std::string_view name);
  /// Greater than every number that was made or restored.
  DatabaseNumber next_number();
  void number_seen(DatabaseNumber number);

  /// For databases that exist and those that will.
  void set_scope_rule(const std::string& name, Store::ScopeRule rule);
  void keep_for_merging(const std::string& name);
  void observe(const std::string& name, Store::Observer observer);

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<DatabaseRecord>, std::less<>> records_;
  std::map<std::string, Store::ScopeRule, std::less<>> rules_;
  std::set<std::string, std::less<>> kept_for_merging_;
  std::map<std::string, std::vector<Store::Observer>, std::less<>> observers_;
  std::atomic<DatabaseNumber> last_number_{0};
};

}  // namespace mycouch::store::rocks
