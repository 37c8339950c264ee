#include "store/rocks/logs.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rocksdb/write_batch.h>

#include "base/log.h"
#include "store/rocks/log_rows.h"
#include "store/rocks/records.h"

namespace mycouch::store::rocks {
namespace {

// So many records are indexed as one batch, and fewer are left to be scanned.
constexpr std::uint64_t kIndexedTogether = 1000;
constexpr std::uint64_t kExpiredTogether = 1000;

rocksdb::ReadOptions passing() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  return options;
}

Result<void> write(OpenedDb& opened, rocksdb::WriteBatch& batch) {
  rocksdb::Status status = opened.write(rocksdb::WriteOptions(), batch);
  if (status.ok()) return {};
  return std::unexpected(translated(status));
}

void put_checkpoint(OpenedDb& opened, rocksdb::WriteBatch& batch, const std::string& log,
                    LogPosition position) {
  std::string value;
  append_position(value, position);
  batch.Put(opened.families().log, log_checkpoint_key(log), value);
}

LogPosition end_of_row(LogPosition first, const LogRow& row) {
  return {.time = first.time, .number = first.number + static_cast<std::uint32_t>(row.records.size())};
}

// Index rows hold positions of before and after `end` where both were indexed together; such a row stays, and
// goes with its last record.
Result<void> erase_topic_rows(OpenedDb& opened, rocksdb::WriteBatch& batch, const std::string& log,
                              const std::string& topic, LogPosition end) {
  LogRows rows(opened, topic_rows_prefix(log, topic), passing());
  for (rows.seek({}); rows.valid() && rows.first() < end; rows.next()) {
    std::optional<TopicRow> row = TopicRow::decode(rows.first(), rows.bytes());
    if (!row) return std::unexpected(corrupt("topic"));
    if (row->positions.back() < end) batch.Delete(opened.families().log, rows.key());
  }
  return rows.check();
}

}  // namespace

Result<LogPosition> read_checkpoint(OpenedDb& opened, const std::string& log,
                                    const rocksdb::ReadOptions& options) {
  std::string value;
  rocksdb::Status status = opened.db().Get(options, opened.families().log, log_checkpoint_key(log), &value);
  if (status.IsNotFound()) return LogPosition{};
  if (!status.ok()) return std::unexpected(translated(status));
  return read_position(value);
}

Result<LogPosition> Logs::end(const std::string& log) const {
  MYCOUCH_TRY(const LogPosition checkpoint, read_checkpoint(opened_, log, {}));
  LogRows rows(opened_, log_rows_prefix(log), {});
  rows.seek_to_last();
  MYCOUCH_CHECK(rows.check());
  if (!rows.valid()) return checkpoint;
  std::optional<LogRow> row = LogRow::decode(rows.bytes());
  if (!row) return std::unexpected(corrupt("log"));
  return std::max(checkpoint, end_of_row(rows.first(), *row));
}

Result<LogPosition*> Logs::next(const std::string& log) {
  auto at = next_.find(log);
  if (at == next_.end()) {
    MYCOUCH_TRY(const LogPosition end_of_log, end(log));
    at = next_.emplace(log, end_of_log).first;
  }
  return &at->second;
}

Result<LogPosition> Logs::take_positions(const std::string& log, std::uint32_t count) {
  MYCOUCH_TRY(LogPosition * next_position, next(log));
  LogPosition first = std::max(*next_position, LogPosition{.time = clock_.now(), .number = 0});
  if (first.number > UINT32_MAX - count)
    first = {.time = first.time + std::chrono::milliseconds(1), .number = 0};
  *next_position = {.time = first.time, .number = first.number + count};
  return first;
}

Result<void> Logs::begin_behind(const std::string& log, LogPosition position) {
  MYCOUCH_TRY(LogPosition * next_position, next(log));
  *next_position = std::max(*next_position, position);
  return {};
}

bool Logs::written(const std::string& log, std::uint32_t count) {
  std::lock_guard lock(mutex_);
  Unindexed& unindexed = unindexed_.try_emplace(log, Unindexed{.records = kIndexedTogether}).first->second;
  unindexed.records += count;
  if (unindexed.job_runs || unindexed.records < kIndexedTogether) return false;
  unindexed.job_runs = true;
  return true;
}

bool Logs::take_work(const std::string& log) {
  std::lock_guard lock(mutex_);
  Unindexed& unindexed = unindexed_.at(log);
  unindexed.job_runs = unindexed.records >= kIndexedTogether;
  if (unindexed.job_runs) unindexed.records = 0;
  return unindexed.job_runs;
}

void Logs::index(const std::string& log, const std::atomic<bool>& stopping) {
  while (!stopping && take_work(log)) {
    Result<std::uint64_t> found = kIndexedTogether;
    while (found && *found >= kIndexedTogether && !stopping) found = index_some(log);
    if (!found) log::warning("the topics of a log were not indexed", {{"log", log}});
    std::lock_guard lock(mutex_);
    unindexed_.at(log).records += found.value_or(0);
  }
}

Result<std::uint64_t> Logs::index_some(const std::string& log) {
  std::lock_guard lock(upkeep_mutex_);
  MYCOUCH_TRY(LogPosition end, read_checkpoint(opened_, log, {}));
  std::unordered_map<std::string, TopicRow> topics;
  std::uint64_t count = 0;
  LogRows rows(opened_, log_rows_prefix(log), passing());
  for (rows.seek(end); rows.valid() && count < kIndexedTogether; rows.next()) {
    std::optional<LogRow> row = LogRow::decode(rows.bytes());
    if (!row) return std::unexpected(corrupt("log"));
    LogPosition position = rows.first();
    for (const LogRow::Record& record : row->records) {
      for (std::string_view topic : record.topics) {
        std::vector<LogPosition>& positions = topics[std::string(topic)].positions;
        // A record may name a topic twice.
        if (positions.empty() || positions.back() != position) positions.push_back(position);
      }
      ++position.number;
    }
    count += row->records.size();
    end = position;
  }
  MYCOUCH_CHECK(rows.check());
  if (count < kIndexedTogether) return count;
  rocksdb::WriteBatch batch;
  for (const auto& [topic, row] : topics) {
    batch.Put(opened_.families().log, position_key(topic_rows_prefix(log, topic), row.positions.front()),
              row.encode());
  }
  put_checkpoint(opened_, batch, log, end);
  MYCOUCH_CHECK(write(opened_, batch));
  return count;
}

Result<std::uint64_t> Logs::expire(const std::string& log, base::WallTime before,
                                   const std::atomic<bool>& stopping) {
  std::uint64_t expired = 0;
  LogPosition from;
  while (!stopping) {
    MYCOUCH_TRY(const std::uint64_t count, expire_some(log, from, {.time = before, .number = 0}));
    if (count == 0) break;
    expired += count;
  }
  return expired;
}

Result<std::uint64_t> Logs::expire_some(const std::string& log, LogPosition& from, LogPosition before) {
  std::lock_guard lock(upkeep_mutex_);
  rocksdb::WriteBatch batch;
  std::set<std::string, std::less<>> topics;
  std::uint64_t count = 0;
  LogRows rows(opened_, log_rows_prefix(log), passing());
  for (rows.seek(from); rows.valid() && rows.first() < before && count < kExpiredTogether; rows.next()) {
    std::optional<LogRow> row = LogRow::decode(rows.bytes());
    if (!row) return std::unexpected(corrupt("log"));
    for (const LogRow::Record& record : row->records) {
      for (std::string_view topic : record.topics) topics.emplace(topic);
    }
    batch.Delete(opened_.families().log, rows.key());
    count += row->records.size();
    from = end_of_row(rows.first(), *row);
  }
  MYCOUCH_CHECK(rows.check());
  if (count == 0) return 0;
  for (const std::string& topic : topics) MYCOUCH_CHECK(erase_topic_rows(opened_, batch, log, topic, from));
  MYCOUCH_TRY(const LogPosition checkpoint, read_checkpoint(opened_, log, {}));
  put_checkpoint(opened_, batch, log, std::max(checkpoint, from));
  MYCOUCH_CHECK(write(opened_, batch));
  return count;
}

}  // namespace mycouch::store::rocks
