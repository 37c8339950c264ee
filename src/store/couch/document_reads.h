// Reads of documents by their ids, of one confined view. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/couch/site.h"

namespace mycouch::store::couch {

// See Database.
Task<doc::Document> read_one(Site site, std::string id, ReadOptions options);
Task<std::vector<OpenRevision>> read_leaves(Site site, std::string id, ReadOptions options);
Task<std::vector<OpenRevision>> read_some(Site site, std::string id, std::vector<doc::Revision> revisions,
                                          ReadOptions options);
Task<std::vector<std::vector<OpenRevision>>> read_requests(Site site, std::vector<RevisionRequest> requests,
                                                           ReadOptions options);
Task<std::vector<Database::RevisionsDiff>> diff_revisions(
    Site site, std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked);

/// A document that came from upstream, as a reader with these options sees it.
Result<doc::Document> as_read(const Site& site, doc::Document document, const ReadOptions& options);
/// What its query asks of a document.
QueryText query_of(const ReadOptions& options);

/// In the order in which leaves win.
void sort_by_precedence(std::vector<OpenRevision>& leaves);

/// The ids that are seen in a view, where that is less than its partition: those with a place in its scope
/// that was not left.
Result<bool> is_seen(const Site& site, const std::string& id);

}  // namespace mycouch::store::couch
