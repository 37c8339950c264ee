// Three passes, each over the whole selector, in CouchDB's order, as each relies on the one before:
//
// 1. Operators. Every object comes to have one member: several become an $and, a bare value an $eq. Arguments
// are
//    checked.
// 2. Fields. Names go down through $and, $or, $not and $nor to the conditions, joined by dots. What stands
// within
//    $elemMatch, $allMatch or $keyMapMatch is about another value and gets its names from there on; a
//    condition without any name has the empty one.
// 3. Negations. $not and $nor go down as far as they can: through $and and $or by De Morgan's laws, into the
//    comparisons that have an opposite. What stands within a field's condition is not looked at.
#include "doc/selector_normal_form.h"

#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "doc/regex.h"
#include "json/erlang_term.h"

namespace mycouch::doc {
namespace {

using json::Array;
using json::Member;
using json::Object;
using json::Value;

Value one(std::string_view name, Value value) {
  Object object;
  object.set(name, std::move(value));
  return object;
}

bool is_operator(std::string_view name) {
  return name.starts_with('$');
}

bool is_submatch(std::string_view op) {
  return op == "$elemMatch" || op == "$allMatch" || op == "$keyMapMatch";
}

bool takes_conditions(std::string_view op) {
  return op == "$and" || op == "$or" || op == "$nor";
}

std::unexpected<Error> error_of(std::string_view word, std::string reason) {
  return std::unexpected(Error{Errc::bad_request, std::move(reason), word});
}

std::unexpected<Error> invalid_operator(std::string_view op) {
  return error_of("invalid_operator", fmt::format("Invalid operator: {}", op));
}

template <class Transform>
Result<Array> each(Array array, Transform transform) {
  for (Value& value : array) {
    MYCOUCH_TRY(value, transform(std::move(value)));
  }
  return array;
}

// --- 1. Operators ---

bool is_integer(const Value& value) {
  return value.as_number() != nullptr && value.as_number()->is_integer();
}

bool is_integer_pair(const Value& value) {
  const Array* pair = value.as_array();
  return pair != nullptr && pair->size() == 2 && is_integer((*pair)[0]) && is_integer((*pair)[1]);
}

bool is_count(const Value& value) {
  return is_integer(value) && !value.as_number()->text.starts_with('-');
}

bool is_scalar(const Value& value) {
  return value.as_string() != nullptr || value.as_number() != nullptr || value.as_bool() != nullptr;
}

bool is_unsupported(std::string_view op) {
  return op == "$where" || op == "$geoWithin" || op == "$geoIntersects" || op == "$near" ||
         op == "$nearSphere";
}

bool takes_anything(std::string_view op) {
  return op == "$lt" || op == "$lte" || op == "$eq" || op == "$ne" || op == "$gte" || op == "$gt" ||
         op == "$default";
}

/// Of the operators whose argument is no condition; nothing is wrong with an argument of those that take
/// anything.
Result<void> check_terminal(std::string_view op, const Value& argument) {
  if (takes_anything(op)) return {};
  if (is_unsupported(op)) return error_of("not_supported", fmt::format("Unsupported operator: {}", op));
  bool good = false;
  if (op == "$in" || op == "$nin" || op == "$all") {
    good = argument.as_array() != nullptr;
  } else if (op == "$exists") {
    good = argument.as_bool() != nullptr;
  } else if (op == "$type") {
    good = argument.as_string() != nullptr;
  } else if (op == "$mod") {
    good = is_integer_pair(argument);
  } else if (op == "$size") {
    good = is_count(argument);
  } else if (op == "$regex" || op == "$beginsWith") {
    if (argument.as_string() == nullptr) return invalid_operator(op);
    good = op == "$beginsWith" || Regex::compile(*argument.as_string()).has_value();
  } else {
    return invalid_operator(op);
  }
  if (!good) return bad_argument(op, argument);
  return {};
}

Result<Value> write_operators(Value value);

Result<Value> write_operators(std::string name, Value argument) {
  if (takes_conditions(name)) {
    if (argument.as_array() == nullptr) return bad_argument(name, argument);
    MYCOUCH_TRY(Array conditions, each(std::move(*argument.as_array()), [](Value condition) {
                  return write_operators(std::move(condition));
                }));
    return one(name, std::move(conditions));
  }
  if (name == "$not" || is_submatch(name)) {
    if (argument.as_object() == nullptr) return bad_argument(name, argument);
    MYCOUCH_TRY(argument, write_operators(std::move(argument)));
  } else if (name == "$text") {
    if (!is_scalar(argument)) return bad_argument(name, argument);
    return one("$default", one("$text", std::move(argument)));
  } else if (is_operator(name)) {
    MYCOUCH_CHECK(check_terminal(name, argument));
  } else {
    MYCOUCH_TRY(argument, write_operators(std::move(argument)));
  }
  return one(name, std::move(argument));
}

Result<Value> write_operators(Value value) {
  Object* object = value.as_object();
  if (object == nullptr || object->empty()) return one("$eq", std::move(value));
  std::vector<Member>& members = object->members();
  if (members.size() == 1) return write_operators(std::move(members[0].name), std::move(members[0].value));
  Array conditions;
  for (Member& member : members) {
    MYCOUCH_TRY(Value condition, write_operators(std::move(member.name), std::move(member.value)));
    conditions.push_back(std::move(condition));
  }
  return one("$and", std::move(conditions));
}

// --- 2. Fields ---

bool is_text_search(const Value& argument) {
  const Object* object = argument.as_object();
  return object != nullptr && object->size() == 1 && object->contains("$text");
}

Result<Value> push_fields(Value condition, const std::string& path) {
  auto& [name, argument] = condition.as_object()->members()[0];
  if (takes_conditions(name)) {
    MYCOUCH_TRY(Array conditions, each(std::move(*argument.as_array()),
                                       [&path](Value part) { return push_fields(std::move(part), path); }));
    return one(name, std::move(conditions));
  }
  if (name == "$not") {
    MYCOUCH_TRY(Value negated, push_fields(std::move(argument), path));
    return one(name, std::move(negated));
  }
  if (is_submatch(name)) {
    MYCOUCH_TRY(Value part, push_fields(std::move(argument), {}));
    return one(path, one(name, std::move(part)));
  }
  if (name == "$default") {
    if (path.empty() && is_text_search(argument)) return condition;
    return error_of("bad_field", "Invalid field normalization on selector: " + json::erlang_term(condition));
  }
  if (is_operator(name)) return one(path, std::move(condition));
  return push_fields(std::move(argument), path.empty() ? name : path + "." + name);
}

// --- 3. Negations ---

std::string_view opposite(std::string_view op) {
  static constexpr auto kOpposites = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"$lt", "$gte"},
      {"$lte", "$gt"},
      {"$eq", "$ne"},
      {"$in", "$nin"},
  });
  for (auto [a, b] : kOpposites) {
    if (op == a) return b;
    if (op == b) return a;
  }
  return {};
}

Result<Value> negate(Value condition);

Result<Value> push_negations(Value condition) {
  auto& [name, argument] = condition.as_object()->members()[0];
  if (name == "$not") return negate(std::move(argument));
  if (name == "$nor") {
    MYCOUCH_TRY(Array conditions, each(std::move(*argument.as_array()), negate));
    return one("$and", std::move(conditions));
  }
  if (name == "$and" || name == "$or") {
    MYCOUCH_TRY(Array conditions, each(std::move(*argument.as_array()), push_negations));
    return one(name, std::move(conditions));
  }
  return condition;
}

Result<Value> negate(Value condition) {
  auto& [name, argument] = condition.as_object()->members()[0];
  if (name == "$not") return push_negations(std::move(argument));
  if (name == "$nor") {
    MYCOUCH_TRY(Array conditions, each(std::move(*argument.as_array()), push_negations));
    return one("$or", std::move(conditions));
  }
  if (name == "$and" || name == "$or") {
    MYCOUCH_TRY(Array conditions, each(std::move(*argument.as_array()), negate));
    return one(name == "$and" ? "$or" : "$and", std::move(conditions));
  }
  if (name == "$default") return bad_argument("$not", condition);
  if (std::string_view op = opposite(name); !op.empty()) return one(op, std::move(argument));
  if (name == "$exists") return one(name, !*argument.as_bool());
  if (is_operator(name)) return one("$not", std::move(condition));
  MYCOUCH_TRY(Value negated, negate(std::move(argument)));
  return one(name, std::move(negated));
}

}  // namespace

std::unexpected<Error> bad_argument(std::string_view op, const Value& argument) {
  return error_of("bad_arg",
                  fmt::format("Bad argument for operator {}: {}", op, json::erlang_term(argument)));
}

Result<Value> normalize_selector(const Value& selector) {
  const Object* object = selector.as_object();
  if (object == nullptr) {
    return error_of("invalid_selector_json",
                    "Selector must be a JSON object, not: " + json::erlang_term(selector));
  }
  if (object->empty()) return selector;
  MYCOUCH_TRY(Value normal, write_operators(selector));
  MYCOUCH_TRY(normal, push_fields(std::move(normal), {}));
  MYCOUCH_TRY(normal, push_negations(std::move(normal)));
  if (normal.as_object()->members()[0].name.empty()) {
    return error_of("invalid_selector", "One or more conditions is missing a field name.");
  }
  return normal;
}

}  // namespace mycouch::doc
