// Logs: records that are only ever appended, read by time and by topic, and removed once they are old.
//
// A record is cheap to write, because the records of all commits that are written together share a row, and
// because the index of its topics is written later, in the background. Its time and its place are given when
// it is written: the order of positions is the order of writing, and no reader sees a later record before an
// earlier one. A log comes to be with its first record. No database has access to it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace mycouch::store {

struct LogRecord {
  std::string log;
  std::string text;  // any bytes
  std::vector<std::string> topics;
};

/// Names a record of a log. Times never go back, also where the clock does: then the last one is repeated.
struct LogPosition {
  base::WallTime time{};
  std::uint32_t number = 0;  // orders what has the same time

  auto operator<=>(const LogPosition&) const = default;
};

/// The least position that is greater.
LogPosition behind(LogPosition position);

struct LogQuery {
  std::string log{};
  std::optional<base::WallTime> from{};  // inclusive
  std::optional<base::WallTime> to{};    // exclusive
  std::string topic{};                   // empty: any
  bool descending = false;
  std::size_t limit = 1000;  // entries of a page; a page also ends at about `max_bytes`
  std::size_t max_bytes = 1 << 20;
  std::optional<LogPosition> after{};  // behind this one in the order of the query
};

struct LogEntry {
  LogPosition position;
  std::string text;
  std::vector<std::string> topics;
};

struct LogPage {
  std::vector<LogEntry> entries;
  std::optional<LogPosition> next;  // there may be more: the next page's `after`
  std::size_t looked_at = 0;        // records, also those of other topics; at most a few thousand
};

}  // namespace mycouch::store
