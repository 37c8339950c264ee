// The document that a path names, and the member that a server-made body must carry.
#pragma once

#include <string>
#include <string_view>

#include "api/call.h"
#include "doc/document.h"

namespace mycouch::api {

/// With its prefix: "_design/…" and "_local/…" may be written with a plain slash or with %2F.
std::string document_id(const Call& call);

/// The path of a document in the call's database, as Location has it.
std::string location_of(const Call& call, std::string_view id);

/// Makes an empty body, "{}", carry the stamp. Bodies of clients are stamped when they are read.
void stamp(std::string& empty_body, const doc::Stamp& stamp);

}  // namespace mycouch::api
