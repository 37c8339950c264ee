// Rows of one prefix of the family "log", in order. Included by .cc files only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

#include "store/rocks/families.h"
#include "store/rocks/keys.h"

namespace mycouch::store::rocks {

class LogRows {
 public:
  LogRows(OpenedDb& opened, std::string prefix, rocksdb::ReadOptions options)
      : prefix_(std::move(prefix)), end_(end_of(prefix_)), lower_(slice(prefix_)), upper_(slice(end_)) {
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    rows_.reset(opened.db().NewIterator(options, opened.families().log));
  }
  LogRows(const LogRows&) = delete;
  LogRows& operator=(const LogRows&) = delete;

  void seek(LogPosition position) { rows_->Seek(position_key(prefix_, position)); }
  void seek_to_last() { rows_->SeekToLast(); }
  /// To the last row that begins at this position or before it; none may.
  void seek_before(LogPosition position) { rows_->SeekForPrev(position_key(prefix_, position)); }
  /// The same, or else to the first row: where what is at this position or behind it begins.
  void seek_around(LogPosition position) {
    seek_before(position);
    if (!valid() && rows_->status().ok()) rows_->SeekToFirst();
  }
  void next() { rows_->Next(); }
  void previous() { rows_->Prev(); }

  bool valid() const { return rows_->Valid(); }
  rocksdb::Slice key() const { return rows_->key(); }
  LogPosition first() const { return read_position(view(rows_->key())); }
  std::string_view bytes() const { return view(rows_->value()); }
  /// Once it is not valid any more: whether that is because of the end.
  Result<void> check() const {
    if (rows_->status().ok()) return {};
    return std::unexpected(translated(rows_->status()));
  }

 private:
  std::string prefix_;
  std::string end_;
  rocksdb::Slice lower_;
  rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

/// The position from which on a log is not indexed; the least one where nothing of it is.
Result<LogPosition> read_checkpoint(OpenedDb& opened, const std::string& log,
                                    const rocksdb::ReadOptions& options);

}  // namespace mycouch::store::rocks
