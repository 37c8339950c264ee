// _bulk_get: many revisions of many documents, as a replicator fetches them.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/task.h"
#include "store/database.h"
#include "sync/output.h"

namespace mycouch::sync {

/// One entry of the request, or what is wrong with it: such an entry fails alone.
struct BulkGetEntry {
  std::string id_json = "null";   // as it is repeated in the answer
  std::string rev_json = "null";  // the same, for an error
  std::variant<store::RevisionRequest, Error> request;
};

/// {"docs":[{"id","rev"?},…]}; `bad_request` for another shape, `too_large` for over kMaxDocuments.
Result<std::vector<BulkGetEntry>> read_bulk_get(std::string_view body);

/// CouchDB's word for an error.
using ErrorWord = std::string_view (*)(Errc);

/// Appends {"results":[{"id","docs":[{"ok":…} or {"error":…},…]},…]}.
Task<void> bulk_get(store::Database& database, std::vector<BulkGetEntry> entries, store::ReadOptions options,
                    ErrorWord error_word, Output& output);

}  // namespace mycouch::sync
