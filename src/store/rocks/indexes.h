// The indexes of partitions, as they are used: definitions that were read, and a cache of them.
//
// A write asks for the indexes of its partition each time, and nearly all partitions have none: that is
// known here as well, so that those writes pay one look-up in memory.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "doc/index_definition.h"
#include "store/database.h"
#include "store/rocks/records.h"

namespace mycouch::store::rocks {
/// The record of one partition with the definitions that it holds, beside `record.indexes`.
struct PartitionIndexes {
  IndexesRecord record;
  std::vector<Database::Index> definitions;

  /// Nothing for bytes that are no record. No bytes: no indexes.
  static std::optional<PartitionIndexes> read(std::string_view bytes);

  bool empty() const { return record.indexes.empty() && record.dead.empty(); }
  /// The place in both lists of the index of this name and definition.
  std::optional<std::size_t> find(const doc::IndexDefinition& wanted) const;
  IndexesRecord::Index* find(std::uint32_t number);
  /// Whether there is something to build or to sweep.
  bool has_work() const;
  /// Whether one design document may describe so many indexes.
  bool has_room(std::string_view design, std::size_t count) const;
  /// Makes the indexes of one design document those of `definitions`, as far as there is room. What has
  /// another definition than before is another index. True where anything has changed.
  bool set_design(std::string_view design, std::vector<doc::IndexDefinition> definitions);
};

/// The key of the row that a document has in the index of this number.
std::string index_row_key(std::string_view prefix, std::uint32_t number, std::string_view key,
                          std::string_view id);

/// Thread-safe. Partitions are named by their key prefixes (keys.h). Holds what was used last, within a bound
/// of memory.
class IndexCache {
 public:
  using Indexes = std::shared_ptr<const PartitionIndexes>;

  /// Null where it is not known.
  Indexes find(const std::string& prefix);
  /// What a commit has written.
  void put(const std::string& prefix, Indexes indexes);
  /// What was read from the store, unless a commit has written since `version()` was asked for.
  std::uint64_t version() const;
  void put_read(const std::string& prefix, Indexes indexes, std::uint64_t version);

  /// True for the first caller, who then works on this partition until `end_work`.
  bool begin_work(const std::string& prefix);
  void end_work(const std::string& prefix);

 private:
  struct Known {
    std::string prefix;
    Indexes indexes;
    std::size_t bytes;
  };

  void insert(const std::string& prefix, Indexes indexes);

  mutable std::mutex mutex_;
  std::uint64_t version_ = 0;
  std::size_t bytes_ = 0;
  std::list<Known> used_;  // last used first
  std::unordered_map<std::string, std::list<Known>::iterator> known_;
  std::set<std::string> working_;
};

}  // namespace mycouch::store::rocks
