// Mango's selectors: conditions on documents, as CouchDB's `_find` takes them.
//
// A selector is normalised before anything is done with it, as CouchDB normalises it: every condition gets
// its operator (a value alone means $eq, several members mean $and), field names move down to the conditions
// ({"a": {"b": 1}} becomes {"a.b": {"$eq": 1}}), and negations too, as far as they go ($not of $lt is $gte).
// What matches is decided on that form, CouchDB's surprises included: a field that is missing fails every
// condition but {"$exists": false}, a negated one too, and objects are equal only where their members' order
// is.
//
// After CouchDB's mango_selector.erl and the section "Selector syntax" of its documentation.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "doc/field_path.h"
#include "json/value.h"

namespace mycouch::doc {

class Selector {
 public:
  /// `bad_request` with CouchDB's words where it is not an object, names an operator that is unknown, or
  /// gives one an argument that it does not take; also where it is nested too deep.
  static Result<Selector> parse(const json::Value& value);

  Selector(Selector&&) noexcept;
  Selector& operator=(Selector&&) noexcept;
  ~Selector();

  /// `document` is a whole one, with _id and _rev. Thread-safe.
  bool matches(const json::Value& document) const;
  /// As `_explain` shows it.
  const json::Value& normalized() const;

  /// An absent end is open. The order is that of json::collate; of `_id` it is that of the strings' bytes, in
  /// which Mango compares ids, and an end need not be UTF-8.
  struct Range {
    std::optional<json::Value> low{};
    bool low_inclusive = true;
    std::optional<json::Value> high{};
    bool high_inclusive = true;
    bool empty = false;  // nothing can match; the other members mean nothing
  };
  /// Within which every matching document has this field (a path as the selector writes it), from the
  /// conditions that must all hold; nothing where they say nothing of it.
  std::optional<Range> range_of(std::string_view field) const;
  /// Whether every matching document has this field, and so stands in an index on it.
  bool requires_field(std::string_view field) const;

 private:
  struct Parsed;
  explicit Selector(std::unique_ptr<Parsed> parsed);

  std::unique_ptr<Parsed> parsed_;
};

}  // namespace mycouch::doc
