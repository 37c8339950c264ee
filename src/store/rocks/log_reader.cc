#include "store/rocks/log_reader.h"

#include <algorithm>

namespace mycouch::store::rocks {
namespace {

// A page that has looked at so many records ends, so that it costs no more than that.
constexpr std::size_t kMostLookedAt = 5'000;

constexpr LogPosition kEnd{.time = base::WallTime::max(), .number = UINT32_MAX};

// The row of a record, for records that are asked for in order.
class RowOfRecord {
 public:
  RowOfRecord(OpenedDb& opened, const std::string& log, const rocksdb::ReadOptions& options)
      : rows_(opened, log_rows_prefix(log), options) {}

  /// Null where the record is not there any more. Valid until the next call.
  Result<const LogRow::Record*> find(LogPosition position) {
    if (!holds(position)) {
      row_.records.clear();
      rows_.seek_before(position);
      MYCOUCH_CHECK(rows_.check());
      if (!rows_.valid()) return nullptr;
      first_ = rows_.first();
      std::optional<LogRow> row = LogRow::decode(rows_.bytes());
      if (!row) return std::unexpected(corrupt("log"));
      row_ = *std::move(row);
    }
    return holds(position) ? &row_.records[position.number - first_.number] : nullptr;
  }

 private:
  bool holds(LogPosition position) const {
    return position.time == first_.time && position.number >= first_.number &&
           position.number - first_.number < row_.records.size();
  }

  LogRows rows_;
  LogPosition first_;
  LogRow row_;
};

}  // namespace

LogReader::LogReader(OpenedDb& opened, const LogQuery& query)
    : opened_(opened), query_(query), snapshot_(opened) {
  options_.snapshot = snapshot_.get();
}

LogReader::Range LogReader::asked() const {
  Range range{.from = {}, .to = kEnd};
  if (query_.from) range.from.time = std::max(*query_.from, base::WallTime());
  if (query_.to) range.to = {.time = *query_.to, .number = 0};
  if (query_.after && query_.descending) range.to = std::min(range.to, *query_.after);
  if (query_.after && !query_.descending) range.from = std::max(range.from, behind(*query_.after));
  return range;
}

Result<LogPage> LogReader::read() {
  if (query_.limit == 0) return LogPage{};
  const Range range = asked();
  if (query_.topic.empty()) {
    MYCOUCH_CHECK(scan(range));
    return std::move(page_);
  }
  MYCOUCH_TRY(const LogPosition checkpoint, read_checkpoint(opened_, query_.log, options_));
  const Range indexed{.from = range.from, .to = std::min(range.to, checkpoint)};
  const Range tail{.from = std::max(range.from, checkpoint), .to = range.to};
  if (query_.descending) MYCOUCH_CHECK(scan(tail));
  MYCOUCH_CHECK(look_up(indexed));
  if (!query_.descending) MYCOUCH_CHECK(scan(tail));
  return std::move(page_);
}

// Rows begin at their keys and hold what is behind: the first row of a range may begin before it.
void LogReader::begin(LogRows& rows, Range range) const {
  if (query_.descending) {
    rows.seek_before(range.to);
  } else {
    rows.seek_around(range.from);
  }
}

bool LogReader::goes_on(const LogRows& rows, Range range) const {
  return rows.valid() && (query_.descending || rows.first() < range.to);
}

void LogReader::advance(LogRows& rows) const {
  if (query_.descending) {
    rows.previous();
  } else {
    rows.next();
  }
}

Result<void> LogReader::scan(Range range) {
  if (page_.next || range.from >= range.to) return {};
  LogRows rows(opened_, log_rows_prefix(query_.log), options_);
  for (begin(rows, range); goes_on(rows, range); advance(rows)) {
    const LogPosition first = rows.first();
    std::optional<LogRow> row = LogRow::decode(rows.bytes());
    if (!row) return std::unexpected(corrupt("log"));
    for (std::size_t i = 0; i < row->records.size(); ++i) {
      const std::size_t at = in_order(i, row->records.size());
      const LogPosition position{.time = first.time, .number = first.number + static_cast<std::uint32_t>(at)};
      if (range.contains(position) && !look_at(position, row->records[at])) return {};
    }
    if (query_.descending && first <= range.from) break;
  }
  return rows.check();
}

Result<void> LogReader::look_up(Range range) {
  if (page_.next || range.from >= range.to) return {};
  RowOfRecord records(opened_, query_.log, options_);
  LogRows rows(opened_, topic_rows_prefix(query_.log, query_.topic), options_);
  for (begin(rows, range); goes_on(rows, range); advance(rows)) {
    const LogPosition first = rows.first();
    std::optional<TopicRow> row = TopicRow::decode(first, rows.bytes());
    if (!row) return std::unexpected(corrupt("topic"));
    for (std::size_t i = 0; i < row->positions.size(); ++i) {
      const LogPosition position = row->positions[in_order(i, row->positions.size())];
      if (!range.contains(position)) continue;
      MYCOUCH_TRY(const LogRow::Record* record, records.find(position));
      if (record != nullptr && !look_at(position, *record)) return {};
    }
    if (query_.descending && first <= range.from) break;
  }
  return rows.check();
}

bool LogReader::is_full() const {
  return page_.entries.size() >= query_.limit || bytes_ >= query_.max_bytes ||
         page_.looked_at >= kMostLookedAt;
}

bool LogReader::matches(const LogRow::Record& record) const {
  return query_.topic.empty() || std::ranges::find(record.topics, query_.topic) != record.topics.end();
}

bool LogReader::look_at(LogPosition position, const LogRow::Record& record) {
  if (is_full()) {
    page_.next = last_;
    return false;
  }
  ++page_.looked_at;
  last_ = position;
  if (!matches(record)) return true;
  bytes_ += record.text.size();
  page_.entries.push_back({.position = position,
                           .text = std::string(record.text),
                           .topics = {record.topics.begin(), record.topics.end()}});
  return true;
}

}  // namespace mycouch::store::rocks
