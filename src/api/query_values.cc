#include "api/query_values.h"

#include <algorithm>
#include <charconv>

#include "json/writer.h"

namespace mycouch::api {

bool is_true(const http::Query& query, std::string_view name) {
  const std::string* text = query.find(name);
  return text && *text == "true";
}

std::string shown(std::string_view text) {
  return text.empty() ? "[]" : json::quoted(text);
}

Result<bool> parse_boolean(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
  if (lower == "true") return true;
  if (lower == "false") return false;
  return fail(Errc::query_parse_error, "Invalid boolean parameter: " + shown(text));
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::uint64_t> parse_count(std::string_view text) {
  if (auto number = parse_digits(text)) return *number;
  bool negative = text.starts_with('-') && parse_digits(text.substr(1));
  return fail(Errc::query_parse_error,
              std::string(negative ? "Invalid value for positive integer: " : "Invalid value for integer: ") +
                  shown(text));
}

Result<std::optional<json::Value>> json_option(const http::Query& query, std::string_view name) {
  const std::string* text = query.find(name);
  if (!text) return std::nullopt;
  MYCOUCH_TRY(json::Value value, json::parse(*text));
  return value;
}

}  // namespace mycouch::api
