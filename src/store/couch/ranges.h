// Ranges of documents, and of local ones, of one confined view. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/couch/site.h"

namespace mycouch::store::couch {

// See Database.
Task<AllDocsPage> read_range(Site site, AllDocsQuery query);
Task<std::vector<std::optional<AllDocsRow>>> read_keys(Site site, std::vector<std::string> ids,
                                                       AllDocsQuery query);
Task<LocalPage> read_local_range(Site site, AllDocsQuery query);

/// See Store::local_scopes.
Task<std::vector<std::string>> read_local_scopes(CouchCore& core, std::string database,
                                                 std::optional<std::string> after, std::size_t limit);

}  // namespace mycouch::store::couch
