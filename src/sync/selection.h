// The filter `_selector` of a changes feed: reads the documents of rows, and keeps those that match.
#pragma once

#include <chrono>
#include <vector>

#include "base/task.h"
#include "doc/selector.h"
#include "store/database.h"

namespace mycouch::sync {

/// How long matching may keep the thread before others have their turn: an expression may take milliseconds
/// for each document.
inline constexpr std::chrono::milliseconds kMatchingTurn{5};

struct SelectionOptions {
  bool all_leaves = false;  // each leaf is matched, and those that match are kept; else the winner alone
  bool conflicts = false;   // documents are matched with their `_conflicts`
};

/// In their order. A deleted document is matched as it is stored, with `_deleted`; one that has left the
/// scope as if it were deleted and had nothing but its id. Lets others have the thread every few
/// milliseconds. All arguments outlive the task.
Task<std::vector<store::ChangeRow>> select_rows(store::Database& database, const doc::Selector& selector,
                                                std::vector<store::ChangeRow> rows, SelectionOptions options);

}  // namespace mycouch::sync
