#include "json/writer.h"

#include <array>

#include <fmt/format.h>

#include "json/value.h"

namespace mycouch::json {
namespace {

constexpr std::array<bool, 256> needs_escape() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = true;
  table['"'] = table['\\'] = true;
  return table;
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  static constexpr auto kNeedsEscape = needs_escape();
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!kNeedsEscape[static_cast<std::uint8_t>(text[i])]) continue;
    out.append(text, copied, i - copied);
    append_escape(out, text[i]);
    copied = i + 1;
  }
  out.append(text, copied);
  out += '"';
}

void append_number(std::string& out, std::int64_t n) {
  out += fmt::format_int(n).c_str();
}
void append_number(std::string& out, std::uint64_t n) {
  out += fmt::format_int(n).c_str();
}

void append_value(std::string& out, const Object& object) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : object) {
    if (!std::exchange(first, false)) out += ',';
    append_string(out, name);
    out += ':';
    append_value(out, value);
  }
  out += '}';
}

void append_value(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      out += "null";
      return;
    case Kind::boolean:
      out += *value.as_bool() ? "true" : "false";
      return;
    case Kind::number:
      out += value.as_number()->text;
      return;
    case Kind::string:
      append_string(out, *value.as_string());
      return;
    case Kind::array: {
      out += '[';
      bool first = true;
      for (const Value& element : *value.as_array()) {
        if (!std::exchange(first, false)) out += ',';
        append_value(out, element);
      }
      out += ']';
      return;
    }
    case Kind::object:
      append_value(out, *value.as_object());
      return;
  }
}

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

}  // namespace mycouch::json
