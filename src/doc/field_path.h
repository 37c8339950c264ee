// Mango's names of fields: where in a document a value lies.
//
// Names are separated by dots; a backslash before a dot makes it part of a name ("a\\.b"), and backslashes do
// not count otherwise. A number is a position in an array, from 0, or a member's name in an object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/value.h"

namespace mycouch::doc {

using FieldPath = std::vector<std::string>;

/// CouchDB's `invalid_field_name` where a name between dots is empty.
Result<FieldPath> parse_field_path(std::string_view text);

struct FieldValue {
  enum class State : std::uint8_t {
    found,
    missing,     // an object on the way has no such member
    unreachable  // the way leads into what is no object, or out of an array
  };
  State state;
  const json::Value* value = nullptr;
};
FieldValue find_field(const json::Value& document, const FieldPath& path);

/// Null where there is none, or the path is not one.
const json::Value* value_at(const json::Value& document, std::string_view path);

}  // namespace mycouch::doc
