// Pieces of JSON text, appended to a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mycouch::json {

class Value;
class Object;

/// With quotes; `text` is UTF-8 and stays so, only what JSON demands is escaped.
void append_string(std::string& out, std::string_view text);
void append_number(std::string& out, std::int64_t n);
void append_number(std::string& out, std::uint64_t n);
void append_value(std::string& out, const Value& value);
void append_value(std::string& out, const Object& object);

/// `text` as a JSON string.
std::string quoted(std::string_view text);

}  // namespace mycouch::json
