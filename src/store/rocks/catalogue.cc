#include "store/rocks/catalogue.h"

#include "base/varint.h"

namespace mycouch::store::rocks {

std::string database_key(std::string_view name) {
  return std::string(kDatabaseKeys).append(name);
}

std::string dead_key(DatabaseNumber number) {
  std::string key(kDeadKeys);
  append_u32(key, number);
  return key;
}

std::string pending_key(const base::Md5& content) {
  return std::string(kPendingKeys).append(base::as_text(content));
}

std::string indexing_key(std::string_view prefix) {
  return std::string(kIndexingKeys).append(prefix);
}

std::string database_value(const DatabaseRecord& record, const DatabaseSettings& settings) {
  std::string value;
  base::append_varint(value, record.number);
  base::append_sized(value, record.epoch);
  base::append_varint(value, settings.revs_limit);
  base::append_varint(value, settings.purged_infos_limit);
  base::append_sized(value, settings.security);
  return value;
}

DatabaseSettings DatabaseRecord::settings() const {
  std::lock_guard lock(settings_mutex_);
  return settings_;
}

std::uint32_t DatabaseRecord::revs_limit() const {
  std::lock_guard lock(settings_mutex_);
  return settings_.revs_limit;
}

void DatabaseRecord::set_settings(DatabaseSettings settings) {
  std::lock_guard lock(settings_mutex_);
  settings_ = std::move(settings);
}

std::shared_ptr<DatabaseRecord> Catalogue::find(std::string_view name) const {
  std::shared_lock lock(mutex_);
  auto at = records_.find(name);
  return at == records_.end() ? nullptr : at->second;
}

std::shared_ptr<DatabaseRecord> Catalogue::find(DatabaseNumber number) const {
  std::shared_lock lock(mutex_);
  for (const auto& [name, record] : records_) {
    if (record->number == number) return record;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::names() const {
  std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  names.reserve(records_.size());
  for (const auto& [name, record] : records_) names.push_back(name);
  return names;
}

std::shared_ptr<DatabaseRecord> Catalogue::make(std::string_view name, DatabaseNumber number,
                                                std::string epoch) const {
  auto record = std::make_shared<DatabaseRecord>();
  record->name = name;
  record->number = number;
  record->epoch = std::move(epoch);
  std::shared_lock lock(mutex_);
  if (auto rule = rules_.find(name); rule != rules_.end()) record->scope_rule = rule->second;
  record->keeps_for_merging = kept_for_merging_.contains(name);
  if (auto list = observers_.find(name); list != observers_.end()) record->observers = list->second;
  return record;
}

std::shared_ptr<DatabaseRecord> Catalogue::restore(std::string_view name, std::string_view value) const {
  base::RecordReader reader(value);
  auto number = reader.varint();
  auto epoch = reader.sized();
  if (!number || !epoch) return nullptr;
  auto record = make(name, static_cast<DatabaseNumber>(*number), std::string(*epoch));
  if (reader.rest().empty()) return record;  // from before there were settings
  auto revs_limit = reader.varint();
  auto purged_infos_limit = reader.varint();
  auto security = reader.sized();
  if (!revs_limit || !purged_infos_limit || !security) return nullptr;
  record->set_settings({.revs_limit = static_cast<std::uint32_t>(*revs_limit),
                        .purged_infos_limit = *purged_infos_limit,
                        .security = std::string(*security)});
  return record;
}

void Catalogue::add(std::shared_ptr<DatabaseRecord> record) {
  std::unique_lock lock(mutex_);
  std::string name = record->name;
  records_[name] = std::move(record);
}

void Catalogue::remove(std::string_view name) {
  std::unique_lock lock(mutex_);
  if (auto at = records_.find(name); at != records_.end()) records_.erase(at);
}

DatabaseNumber Catalogue::next_number() {
  return ++last_number_;
}

void Catalogue::number_seen(DatabaseNumber number) {
  if (number > last_number_) last_number_ = number;
}

void Catalogue::set_scope_rule(const std::string& name, Store::ScopeRule rule) {
  std::unique_lock lock(mutex_);
  if (auto at = records_.find(name); at != records_.end()) at->second->scope_rule = rule;
  rules_[name] = std::move(rule);
}

void Catalogue::keep_for_merging(const std::string& name) {
  std::unique_lock lock(mutex_);
  if (auto at = records_.find(name); at != records_.end()) at->second->keeps_for_merging = true;
  kept_for_merging_.insert(name);
}

void Catalogue::observe(const std::string& name, Store::Observer observer) {
  std::unique_lock lock(mutex_);
  if (auto at = records_.find(name); at != records_.end()) at->second->observers.push_back(observer);
  observers_[name].push_back(std::move(observer));
}

}  // namespace mycouch::store::rocks
