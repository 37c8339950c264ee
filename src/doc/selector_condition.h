// A selector in its normal form, made ready to be matched against many documents.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "doc/field_path.h"
#include "doc/regex.h"
#include "json/value.h"

namespace mycouch::doc {

struct Condition {
  enum class Op : std::uint8_t {
    field,  // the one child holds for the value at `path`
    self,   // a field without a name, within a submatch: the child holds for the value itself
    conjunction,
    disjunction,
    negation,
    elem_match,
    all_match,
    key_map_match,
    lt,
    lte,
    eq,
    ne,
    gte,
    gt,
    in,
    nin,
    all,
    exists,
    type,
    size,
    mod,
    regex,
    begins_with,
    text,   // $text, which only an index could decide: CouchDB takes it to hold
    broken  // what CouchDB finds to be wrong only when it matches it
  };

  Op op = Op::broken;
  FieldPath path{};
  std::vector<Condition> children{};
  json::Value argument{};  // of $in and $nin in the order by which the condition compares
  std::optional<Regex> regex{};

  /// `normal` is what normalize_selector() answers, and not empty. What CouchDB fails on while it matches is
  /// refused here: a path with an empty name, $mod by 0. Within $elemMatch, $allMatch and $keyMapMatch it
  /// fails silently there, and is `broken` here.
  static Result<Condition> compile(const json::Value& normal);

  bool holds_for(const json::Value& document) const;
  bool is_id() const { return path.size() == 1 && path[0] == "_id"; }
};

/// In Erlang's order of terms, by which Mango compares ids: numbers, false, null, true, objects, arrays,
/// strings by their bytes.
std::weak_ordering compare_terms(const json::Value& a, const json::Value& b);

}  // namespace mycouch::doc
