// _index: making, listing and deleting the indexes of Mango, which are parts of design documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "json/value.h"
#include "store/database.h"
#include "sync/edits.h"

namespace mycouch::sync {

/// An index as `_index` lists it; null: documents by their ids.
json::Object described(const store::Database::Index& index);

/// {"total_rows","indexes"} of all indexes, documents by their ids first; those of a page.
struct IndexPage {
  std::uint64_t skip = 0;
  std::optional<std::uint64_t> limit{};
};
Task<json::Object> list_indexes(store::Database& database, IndexPage page);

/// What POST `_index` answers: {"result": "created" or "exists", "id", "name"}. `forbidden` where the
/// database has as many indexes as it may.
Task<json::Object> create_index(store::Database& database, json::Object body, WriteRules rules);

/// `not_found` where the design document (with or without its prefix) has no such index. The design document
/// goes with its last index.
Task<void> delete_index(store::Database& database, std::string design, std::string name, WriteRules rules);

/// The indexes of design documents that have one each: {"success": [{"id","ok"}], "fail": [{"id","error"}]}.
Task<json::Object> delete_indexes(store::Database& database, json::Object body, WriteRules rules);

}  // namespace mycouch::sync
