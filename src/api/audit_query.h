// The options of GET /__audit.
#pragma once

#include "base/error.h"
#include "http/message.h"
#include "tenancy/audit.h"

namespace mycouch::api {

/// `query_parse_error` for a time, an id or a limit that is none, and for an option that is not known: a
/// misspelt one would otherwise answer what was not asked.
Result<tenancy::Audit::Query> read_audit_query(const http::Query& query);

}  // namespace mycouch::api
