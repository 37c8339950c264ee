// _bulk_docs: many edits in one request, each with its own outcome.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "store/database.h"
#include "sync/edits.h"

namespace mycouch::sync {

struct BulkOutcome {
  std::string id;
  std::string rev;             // with an error: of the edit, where it named one
  std::optional<Error> error;  // this document was not written
};

struct BulkOutcomes {
  bool new_edits = true;
  std::vector<BulkOutcome> rows;  // in the order of the request's documents
};

/// `body` is the request's. A document that breaks CouchDB's rules fails the whole request, before anything
/// is written, and so do more than kMaxDocuments (`too_large`); one that its writer may not store
/// (`forbidden`), that conflicts, or that lacks an attachment fails alone. Documents without an id get one.
/// Local documents are written after the others.
Task<BulkOutcomes> bulk_docs(store::Database& database, std::string body, const WriteRules& rules);

}  // namespace mycouch::sync
