// _revs_diff and _missing_revs: which of the revisions that another replica has are not here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace mycouch::sync {

using RevisionsAsked = std::vector<std::pair<std::string, std::vector<doc::Revision>>>;

/// {"id":["1-abc",…],…}; `bad_request` for another shape, `too_large` for over kMaxDocuments or
/// kMaxRevisions. Of an id that is there twice the last list counts, as in CouchDB, whose replicator asks so
/// where a feed told of a document twice: the later row names all leaves.
Result<RevisionsAsked> read_revisions_asked(std::string_view body);

/// {"id":{"missing":[…],"possible_ancestors":[…]},…}, without the ids of which nothing is missing.
void append_revs_diff(std::string& out, const std::vector<store::Database::RevisionsDiff>& diffs);
/// {"missing_revs":{"id":[…],…}}
void append_missing_revs(std::string& out, const std::vector<store::Database::RevisionsDiff>& diffs);

}  // namespace mycouch::sync
