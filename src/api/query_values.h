// Options in a query string, with CouchDB's errors for values that cannot be used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "json/value.h"

namespace mycouch::api {

/// Whether the option is "true": for those of which CouchDB passes over every other value.
bool is_true(const http::Query& query, std::string_view name);

/// "true" or "false" in any case; `query_parse_error` otherwise.
Result<bool> parse_boolean(std::string_view text);
/// A whole number that is not negative; `query_parse_error` otherwise.
Result<std::uint64_t> parse_count(std::string_view text);
/// Digits alone, in range; nothing otherwise.
std::optional<std::uint64_t> parse_digits(std::string_view text);

/// How CouchDB shows the text of an option in its errors: as Erlang's strings, of which the empty one is a
/// list.
std::string shown(std::string_view text);

/// An option that is JSON; nothing when it is absent.
Result<std::optional<json::Value>> json_option(const http::Query& query, std::string_view name);

}  // namespace mycouch::api
