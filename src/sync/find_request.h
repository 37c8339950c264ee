// What a client asks of `_find` and `_explain`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "doc/selector.h"
#include "json/value.h"

namespace mycouch::sync {

struct FindRequest {
  doc::Selector selector;
  std::vector<std::string> use_index{};  // nothing, or a design document, or that and a name
  std::optional<std::string> bookmark{};
  std::uint64_t limit = 25;
  std::uint64_t skip = 0;
  std::vector<std::string> sort{};    // fields
  bool descending = false;            // of all of them
  std::vector<std::string> fields{};  // empty: whole documents
  bool conflicts = false;
  bool execution_stats = false;
  bool allow_fallback = true;
  // What says something to a cluster only, and is accepted.
  std::int64_t r = 1;
  bool stale = false;
  bool update = true;
  bool stable = false;
};

/// CouchDB's errors.
Result<FindRequest> parse_find(const json::Object& body);

/// The fields of `sort`, or of an index's definition: "a", or {"a": "asc"}.
struct SortField {
  std::string name;
  bool descending = false;
};
Result<std::vector<SortField>> parse_sort(const json::Value& value);

/// A name of an index: "design", "design/name", ["design", "name"], with or without "_design/".
Result<std::vector<std::string>> parse_index_name(const json::Value& value);

/// An object's members taken one by one, as CouchDB reads options: those that nobody asks for are an error.
class Options {
 public:
  explicit Options(const json::Object& body) : left_(body) {}

  std::optional<json::Value> take(std::string_view name);
  /// `missing_required_key`.
  Result<json::Value> take_required(std::string_view name);
  Result<bool> take_bool(std::string_view name, bool otherwise);
  Result<std::uint64_t> take_count(std::string_view name, std::uint64_t otherwise);
  Result<std::int64_t> take_positive(std::string_view name, std::int64_t otherwise);
  /// `invalid_key` where something is left.
  Result<void> end() const;

 private:
  json::Object left_;
};

/// A 400 with a word of Mango's, which is a literal.
std::unexpected<Error> refuse(std::string_view word, std::string reason);

}  // namespace mycouch::sync
