// How much one request may name. Its bytes are bounded elsewhere, but a small text can ask for much work.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace mycouch::sync {

/// Documents of _bulk_docs, entries of _bulk_get, ids of _revs_diff and _missing_revs, `keys`, `doc_ids`: as
/// many as CouchDB's max_bulk_docs_count and max_bulk_get_count allow by default.
inline constexpr std::size_t kMaxDocuments = 10'000;
/// `queries` of _all_docs, _design_docs and _local_docs.
inline constexpr std::size_t kMaxQueries = 100;
/// Revisions of all ids of _revs_diff and _missing_revs.
inline constexpr std::size_t kMaxRevisions = 100'000;

/// `too_large`, naming the limit, where `count` is over it. `what` is in the plural: "documents".
Result<void> check_count(std::size_t count, std::size_t limit, std::string_view what);

}  // namespace mycouch::sync
