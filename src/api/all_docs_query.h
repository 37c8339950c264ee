// The options of _all_docs and its sisters, after CouchDB's documentation of GET and POST /{db}/_all_docs.
#pragma once

#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "json/value.h"
#include "sync/all_docs.h"

namespace mycouch::api {

/// The query string's options count before those of a POST's body.
Result<sync::AllDocsOptions> parse_all_docs_query(const http::Query& query, const json::Object* body);

/// The body of a POST to `queries`: each of its queries takes the query string's options where it has none of
/// its own.
Result<std::vector<sync::AllDocsOptions>> parse_all_docs_queries(const http::Query& query,
                                                                 const json::Object& body);

}  // namespace mycouch::api
