// _find and _explain: the documents that a selector matches, in the order of an index.
#pragma once

#include <functional>
#include <string>

#include "base/task.h"
#include "store/database.h"
#include "sync/find_request.h"
#include "sync/output.h"

namespace mycouch::sync {

/// Appends {"docs","bookmark"}, and what else was asked for. Documents pass one by one, however many are
/// looked at; between pages of them other work gets its turn. `wanted` tells whether anybody still waits for
/// the answer: where not, `cancelled`. A query that finds too little for a minute ends with
/// `request_timeout`.
Task<void> find(store::Database& database, FindRequest request, std::function<bool()> wanted, Output& output);

/// What `find` would do, as JSON.
Task<json::Object> explain(store::Database& database, FindRequest request);

}  // namespace mycouch::sync
