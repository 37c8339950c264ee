#include "doc/field_path.h"

#include <charconv>
#include <optional>

namespace mycouch::doc {
namespace {

// As Erlang reads integers: digits, with a sign or without.
std::optional<std::size_t> parse_position(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::size_t position = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  if (negative && position != 0) return std::nullopt;
  return position;
}

}  // namespace

Result<FieldPath> parse_field_path(std::string_view text) {
  FieldPath path;
  std::string name;
  bool empty = true;
  char before = '\0';
  auto invalid = [text] {
    return std::unexpected(
        Error{Errc::bad_request, "Invalid field name: " + std::string(text), "invalid_field_name"});
  };
  for (char c : text) {
    if (c == '.' && before != '\\') {
      if (empty) return invalid();
      path.push_back(std::move(name));
      name.clear();
      empty = true;
    } else {
      if (c != '\\') name += c;
      empty = false;
    }
    before = c;
  }
  if (empty) return invalid();
  path.push_back(std::move(name));
  return path;
}

FieldValue find_field(const json::Value& document, const FieldPath& path) {
  using State = FieldValue::State;
  const json::Value* value = &document;
  for (const std::string& name : path) {
    if (const json::Object* object = value->as_object()) {
      value = object->find(name);
      if (value == nullptr) return {State::missing};
    } else if (const json::Array* array = value->as_array()) {
      std::optional<std::size_t> position = parse_position(name);
      if (!position || *position >= array->size()) return {State::unreachable};
      value = &(*array)[*position];
    } else {
      return {State::unreachable};
    }
  }
  return {State::found, value};
}

const json::Value* value_at(const json::Value& document, std::string_view path) {
  Result<FieldPath> parsed = parse_field_path(path);
  return parsed ? find_field(document, *parsed).value : nullptr;
}

}  // namespace mycouch::doc
