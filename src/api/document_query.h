// The options of a request for one document, after CouchDB's documentation of GET and PUT /{db}/{docid}.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "doc/revision.h"
#include "http/message.h"
#include "store/database.h"

namespace mycouch::api {

struct AllLeaves {};

struct DocumentQuery {
  store::ReadOptions read;
  /// `open_revs`: a list of revisions instead of one document.
  std::optional<std::variant<AllLeaves, std::vector<doc::Revision>>> open_revs;
  bool new_edits = true;
  bool batch = false;  // answered before it is safe on disk
};

/// `bad_request` for a malformed revision or list. Unknown options, and values of flags other than "true",
/// are passed over, as in CouchDB.
Result<DocumentQuery> parse_document_query(const http::Query& query);

/// CouchDB tells of a document's tree with its winner only, and not with a revision that was asked for.
void leave_out_the_tree(store::ReadOptions& read);

/// The revision that a write is made on: `inside` (of the body), `?rev=` and If-Match, which must agree;
/// nothing where none is there. Those of local documents have a form of their own (doc/local_revision.h).
using ParseRevision = Result<doc::Revision>(std::string_view);
Result<std::optional<doc::Revision>> parent_revision(const http::Query& query, const http::Headers& headers,
                                                     std::optional<doc::Revision> inside = {},
                                                     ParseRevision& parse = doc::parse_revision);

}  // namespace mycouch::api
