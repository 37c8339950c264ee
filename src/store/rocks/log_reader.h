// Answers one LogQuery, on a thread that may wait for the disk. Included by .cc files only.
#pragma once

#include <optional>
#include <string_view>

#include <rocksdb/options.h>

#include "store/log.h"
#include "store/rocks/families.h"
#include "store/rocks/log_rows.h"
#include "store/rocks/records.h"

namespace mycouch::store::rocks {

class LogReader {
 public:
  /// `query` outlives it.
  LogReader(OpenedDb& opened, const LogQuery& query);

  /// Call once.
  Result<LogPage> read();

 private:
  struct Range {
    LogPosition from;  // inclusive
    LogPosition to;    // exclusive

    bool contains(LogPosition position) const { return from <= position && position < to; }
  };

  Range asked() const;
  /// Of any topic from the rows themselves, then those of the query's topic from its index.
  Result<void> scan(Range range);
  Result<void> look_up(Range range);

  bool goes_on(const LogRows& rows, Range range) const;
  void begin(LogRows& rows, Range range) const;
  void advance(LogRows& rows) const;
  /// The `i`th of so many, in the query's order.
  std::size_t in_order(std::size_t i, std::size_t count) const {
    return query_.descending ? count - 1 - i : i;
  }

  /// False where the page has ended before this record.
  bool look_at(LogPosition position, const LogRow::Record& record);
  bool matches(const LogRow::Record& record) const;
  bool is_full() const;

  OpenedDb& opened_;
  const LogQuery& query_;
  HeldSnapshot snapshot_;  // index, checkpoint and records must fit together
  rocksdb::ReadOptions options_;
  LogPage page_;
  std::size_t bytes_ = 0;
  LogPosition last_;  // that was looked at
};

}  // namespace mycouch::store::rocks
