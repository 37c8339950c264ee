// Parts of documents, by the fields that a query asks for.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "json/value.h"

namespace mycouch::sync {

/// Each field that the document has, in the order of `fields`, at its place; positions in arrays become
/// names. CouchDB's `invalid_field_name` for what is no field.
Result<json::Object> project(const json::Value& document, const std::vector<std::string>& fields);

}  // namespace mycouch::sync
