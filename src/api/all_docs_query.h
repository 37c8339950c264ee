// The options of an _all_docs request, after CouchDB's documentation of GET and POST /{db}/_all_docs.
#pragma once

#include "base/error.h"
#include "http/message.h"
#include "json/value.h"
#include "sync/all_docs.h"

namespace mycouch::api {

/// The query string's options count before those of a POST's body.
Result<sync::AllDocsOptions> parse_all_docs_query(const http::Query& query, const json::Object* body);

}  // namespace mycouch::api
