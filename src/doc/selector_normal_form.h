// The normal form of Mango's selectors: the first of the two steps from JSON to a Selector.
#pragma once

#include "base/error.h"
#include "json/value.h"

namespace mycouch::doc {

/// As CouchDB normalises: an object of one member, whose name is an operator or a field's path, or the empty
/// object. The errors are Selector::parse's. Takes a selector whose nesting is bounded.
Result<json::Value> normalize_selector(const json::Value& selector);

/// "Bad argument for operator $op: argument", in CouchDB's words.
std::unexpected<Error> bad_argument(std::string_view op, const json::Value& argument);

}  // namespace mycouch::doc
