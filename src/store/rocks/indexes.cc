#include "store/rocks/indexes.h"

#include <algorithm>
#include <utility>

#include "json/writer.h"
#include "store/rocks/keys.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::size_t kCacheBytes = std::size_t{32} << 20;
// What a partition without indexes takes in the cache.
constexpr std::size_t kPartitionBytes = 256;
// A definition that was read, for each byte of its text.
constexpr std::size_t kBytesRead = 8;

std::size_t bytes_of(const std::string& prefix, const PartitionIndexes& indexes) {
  std::size_t bytes = kPartitionBytes + 2 * prefix.size();
  for (const IndexesRecord::Index& index : indexes.record.indexes) {
    bytes += kPartitionBytes + kBytesRead * (index.design.size() + index.name.size() + index.map.size());
  }
  return bytes;
}

}  // namespace

std::optional<PartitionIndexes> PartitionIndexes::read(std::string_view bytes) {
  PartitionIndexes indexes;
  if (bytes.empty()) return indexes;
  std::optional<IndexesRecord> record = IndexesRecord::decode(bytes);
  if (!record) return std::nullopt;
  indexes.record = *std::move(record);
  for (const IndexesRecord::Index& index : indexes.record.indexes) {
    auto definition = doc::read_index(index.design, index.name, json::value_of(index.map));
    if (!definition) return std::nullopt;
    indexes.definitions.push_back(std::make_shared<doc::IndexDefinition>(*std::move(definition)));
  }
  return indexes;
}

std::optional<std::size_t> PartitionIndexes::find(const doc::IndexDefinition& wanted) const {
  const std::string map = json::write(wanted.map);
  auto at = std::ranges::find_if(record.indexes, [&](const IndexesRecord::Index& index) {
    return index.design == wanted.design && index.name == wanted.name && index.map == map;
  });
  if (at == record.indexes.end()) return std::nullopt;
  return static_cast<std::size_t>(at - record.indexes.begin());
}

IndexesRecord::Index* PartitionIndexes::find(std::uint32_t number) {
  auto at = std::ranges::find(record.indexes, number, &IndexesRecord::Index::number);
  return at == record.indexes.end() ? nullptr : &*at;
}

bool PartitionIndexes::has_work() const {
  return !record.dead.empty() || !std::ranges::all_of(record.indexes, &IndexesRecord::Index::built);
}

bool PartitionIndexes::has_room(std::string_view design, std::size_t count) const {
  const auto others = std::ranges::count_if(
      record.indexes, [&](const IndexesRecord::Index& index) { return index.design != design; });
  return static_cast<std::size_t>(others) + count <= doc::kMaxIndexes;
}

bool PartitionIndexes::set_design(std::string_view design, std::vector<doc::IndexDefinition> wanted) {
  bool changed = false;
  for (std::size_t i = record.indexes.size(); i-- > 0;) {
    const IndexesRecord::Index& index = record.indexes[i];
    if (index.design != design) continue;
    auto same = std::ranges::find_if(wanted, [&](const doc::IndexDefinition& definition) {
      return definition.name == index.name && json::write(definition.map) == index.map;
    });
    if (same != wanted.end()) {
      wanted.erase(same);
      continue;
    }
    record.dead.push_back(index.number);
    record.indexes.erase(record.indexes.begin() + static_cast<std::ptrdiff_t>(i));
    definitions.erase(definitions.begin() + static_cast<std::ptrdiff_t>(i));
    changed = true;
  }
  for (doc::IndexDefinition& definition : wanted) {
    if (record.indexes.size() == doc::kMaxIndexes) break;
    auto place = std::ranges::find_if(record.indexes, [&](const IndexesRecord::Index& index) {
      return std::tie(index.design, index.name) > std::tie(definition.design, definition.name);
    });
    const auto at = place - record.indexes.begin();
    record.indexes.insert(place, {.number = record.next_number++,
                                  .design = definition.design,
                                  .name = definition.name,
                                  .map = json::write(definition.map)});
    definitions.insert(definitions.begin() + at,
                       std::make_shared<doc::IndexDefinition>(std::move(definition)));
    changed = true;
  }
  return changed;
}

std::string index_row_key(std::string_view prefix, std::uint32_t number, std::string_view key,
                          std::string_view id) {
  return index_prefix(prefix, number).append(key).append(id);
}

IndexCache::Indexes IndexCache::find(const std::string& prefix) {
  std::lock_guard lock(mutex_);
  auto at = known_.find(prefix);
  if (at == known_.end()) return nullptr;
  used_.splice(used_.begin(), used_, at->second);
  return at->second->indexes;
}

void IndexCache::put(const std::string& prefix, Indexes indexes) {
  std::lock_guard lock(mutex_);
  ++version_;
  insert(prefix, std::move(indexes));
}

std::uint64_t IndexCache::version() const {
  std::lock_guard lock(mutex_);
  return version_;
}

void IndexCache::put_read(const std::string& prefix, Indexes indexes, std::uint64_t version) {
  std::lock_guard lock(mutex_);
  if (version == version_) insert(prefix, std::move(indexes));
}

void IndexCache::insert(const std::string& prefix, Indexes indexes) {
  if (auto at = known_.find(prefix); at != known_.end()) {
    bytes_ -= at->second->bytes;
    used_.erase(at->second);
    known_.erase(at);
  }
  const std::size_t bytes = bytes_of(prefix, *indexes);
  used_.push_front({.prefix = prefix, .indexes = std::move(indexes), .bytes = bytes});
  known_[prefix] = used_.begin();
  bytes_ += bytes;
  while (bytes_ > kCacheBytes && used_.size() > 1) {
    bytes_ -= used_.back().bytes;
    known_.erase(used_.back().prefix);
    used_.pop_back();
  }
}

bool IndexCache::begin_work(const std::string& prefix) {
  std::lock_guard lock(mutex_);
  return working_.insert(prefix).second;
}

void IndexCache::end_work(const std::string& prefix) {
  std::lock_guard lock(mutex_);
  working_.erase(prefix);
}

}  // namespace mycouch::store::rocks
