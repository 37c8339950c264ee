// Writes of one confined view. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include "store/couch/site.h"

namespace mycouch::store::couch {

// See Database. What a crash of CouchDB leaves of several edits is its affair: it writes them one by one.
Task<std::vector<WriteOutcome>> write_edits(Site site, std::vector<doc::Edit> edits, WriteOptions options);
Task<void> purge_documents(Site site, std::vector<std::string> ids);
Task<std::vector<std::vector<doc::Revision>>> purge_leaves(Site site,
                                                           std::vector<Database::PurgeRequest> requests);

Task<LocalDocument> read_local(Site site, std::string id);
Task<void> write_local(Site site, std::string id, LocalDocument document);
Task<void> remove_local(Site site, std::string id);

}  // namespace mycouch::store::couch
