// _all_docs, _design_docs and _local_docs: the documents of a database in the order of their ids, or those of
// given ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "json/value.h"
#include "store/database.h"
#include "sync/output.h"

namespace mycouch::sync {

/// Which documents are listed.
enum class Listing : std::uint8_t { all, design, local };

struct AllDocsOptions {
  /// JSON values, as the protocol has them. An id is a string; every other value sorts before all ids, as in
  /// CouchDB.
  std::optional<json::Value> start;
  std::optional<json::Value> end;
  std::optional<json::Array>
      keys;  // the rows of these instead of a range; only those that are of the listing
  bool inclusive_end = true;
  bool descending = false;
  std::uint64_t skip = 0;
  std::optional<std::uint64_t> limit;
  bool include_docs = false;
  bool conflicts = false;      // of included documents
  bool attachments = false;    // of included documents, inline
  bool encoding_info = false;  // of their attachments
  bool update_seq = false;
};

/// Appends {"total_rows","offset","rows"}. `offset` is null where a `start` is given: how many ids lie before
/// it would have to be counted. Of local documents neither is told.
Task<void> all_docs(store::Database& database, Listing listing, AllDocsOptions options, Output& output);

}  // namespace mycouch::sync
