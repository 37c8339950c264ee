// Rows of CouchDB's `_changes`, as they are folded into the scope index. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/couch/names.h"
#include "store/couch/scope_index.h"
#include "store/store.h"

namespace mycouch::store::couch {

struct ReadChanges {
  std::vector<FoldedDocument> rows;
  std::string last_seq;       // empty: no row had one
  std::uint64_t pending = 0;  // of a page
  bool ended = false;         // of a feed: it says that it ends
  std::size_t nobodys = 0;    // documents whose ids are no tenant's and no one's
};

/// How rows become documents of scopes.
struct FoldRules {
  Layout layout = Layout::partitioned;
  const Store::ScopeRule* scopes = nullptr;  // none: the partition's own
};

/// A page: {"results": […], "last_seq", "pending"}. `unavailable` where it is none.
Result<ReadChanges> read_page(std::string_view json, const FoldRules& rules);

/// The lines of a continuous feed that `text` has whole; they are taken off its front.
Result<ReadChanges> read_lines(std::string& text, const FoldRules& rules);

}  // namespace mycouch::store::couch
