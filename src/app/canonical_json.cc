#include "app/canonical_json.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "json/value.h"
#include "json/writer.h"

namespace mycouch::app {
namespace {

void append(std::string& out, const json::Value& value);

void append_number(std::string& out, const json::Number& number, const json::Value& value) {
  const auto as_double = value.as_double();
  if (const auto as_int = value.as_int()) {
    json::append_number(out, *as_int);
  } else if (number.is_integer() || !as_double) {
    out += number.text;  // of more digits than an integer has here
  } else {
    out += fmt::format("{}", *as_double);
  }
}

void append_object(std::string& out, const json::Object& object) {
  std::vector<const json::Member*> members;
  members.reserve(object.size());
  for (const json::Member& member : object) members.push_back(&member);
  std::ranges::sort(members, {},
                    [](const json::Member* member) -> const std::string& { return member->name; });
  out += '{';
  for (const json::Member* member : members) {
    if (out.back() != '{') out += ',';
    json::append_string(out, member->name);
    out += ':';
    append(out, member->value);
  }
  out += '}';
}

void append_array(std::string& out, const json::Array& array) {
  out += '[';
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out += ',';
    append(out, array[i]);
  }
  out += ']';
}

void append(std::string& out, const json::Value& value) {
  if (const json::Object* object = value.as_object()) {
    append_object(out, *object);
  } else if (const json::Array* array = value.as_array()) {
    append_array(out, *array);
  } else if (const json::Number* number = value.as_number()) {
    append_number(out, *number, value);
  } else {
    json::append_value(out, value);
  }
}

}  // namespace

std::string canonical_json(std::string_view text) {
  const Result<json::Value> value = json::parse(text);
  if (!value) return std::string(text);
  std::string out;
  out.reserve(text.size());
  append(out, *value);
  return out;
}

bool is_same_json(std::string_view a, std::string_view b) {
  return a == b || canonical_json(a) == canonical_json(b);
}

}  // namespace mycouch::app
