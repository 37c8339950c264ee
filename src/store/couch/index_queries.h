// Mango indexes of one confined view. Private to this folder.
//
// A tenant's index is described by a design document of the tenant's, which is an ordinary document upstream.
// Its rows come from an index of CouchDB's own that begins with the tenant's field and goes on with the
// index's, so that all tenants who describe the same index share it; it is made when it is first asked for.
#pragma once

#include <vector>

#include "store/couch/site.h"

namespace mycouch::store::couch {

// See Database.
Task<std::vector<Database::Index>> read_indexes(Site site);
Task<IndexPage> read_index_page(Site site, IndexQuery query);

}  // namespace mycouch::store::couch
