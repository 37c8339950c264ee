#include <algorithm>
#include <string_view>
#include <vector>

#include "doc/selector_condition.h"
#include "json/collation.h"

namespace mycouch::doc {
namespace {

using Op = Condition::Op;
using json::Array;
using json::Kind;
using json::Member;
using json::Object;
using json::Value;

/// `broken` stops the evaluation as an exception stops CouchDB's, and the submatch around it does not hold.
enum class Outcome : std::uint8_t { no, yes, broken };

Outcome outcome(bool holds) {
  return holds ? Outcome::yes : Outcome::no;
}

// --- Values ---

int rank(const Value& value) {
  switch (value.kind()) {
    case Kind::number:
      return 0;
    case Kind::boolean:
      return *value.as_bool() ? 3 : 1;
    case Kind::null:
      return 2;
    case Kind::object:
      return 4;
    case Kind::array:
      return 5;
    case Kind::string:
      return 6;
  }
  return 0;
}

template <auto Compare>
std::weak_ordering compare_composites(const Value& a, const Value& b) {
  if (const Array* as = a.as_array()) {
    const Array* bs = b.as_array();
    return std::lexicographical_compare_three_way(as->begin(), as->end(), bs->begin(), bs->end(), Compare);
  }
  auto compare_members = [](const Member& x, const Member& y) -> std::weak_ordering {
    auto order = x.name <=> y.name;
    return order != 0 ? order : Compare(x.value, y.value);
  };
  const Object* as = a.as_object();
  const Object* bs = b.as_object();
  return std::lexicographical_compare_three_way(as->begin(), as->end(), bs->begin(), bs->end(),
                                                compare_members);
}

/// Without any coercion, so that 1 comes before 1.0: only identical values are equivalent.
std::weak_ordering compare_exactly(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return compare_terms(a, b);
  switch (a.kind()) {
    case Kind::number: {
      auto order = json::collate(a, b);
      return order != 0 ? order : b.as_number()->is_integer() <=> a.as_number()->is_integer();
    }
    case Kind::array:
    case Kind::object:
      return compare_composites<compare_exactly>(a, b);
    default:
      return compare_terms(a, b);
  }
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return {};
}

// --- Operators ---

bool in(const Value& value, const Array& sorted_candidates, auto compare) {
  auto is_candidate = [&](const Value& v) {
    auto less = [compare](const Value& a, const Value& b) { return compare(a, b) < 0; };
    return std::ranges::binary_search(sorted_candidates, v, less);
  };
  const Array* values = value.as_array();
  return values != nullptr ? std::ranges::any_of(*values, is_candidate) : is_candidate(value);
}

bool contains_each(const Array& values, const Array& candidates) {
  auto less = [](const Value* a, const Value* b) { return compare_exactly(*a, *b) < 0; };
  std::vector<const Value*> sorted;
  for (const Value& value : values) sorted.push_back(&value);
  std::ranges::sort(sorted, less);
  return std::ranges::all_of(candidates, [&](const Value& candidate) {
    return std::ranges::binary_search(sorted, &candidate, less);
  });
}

// The candidates may also be one list that is the whole value.
bool all(const Value& value, const Array& candidates) {
  const Array* values = value.as_array();
  if (values == nullptr || candidates.empty()) return false;
  if (candidates.size() == 1 && candidates[0].as_array() != nullptr &&
      compare_terms(candidates[0], value) == 0) {
    return true;
  }
  return contains_each(*values, candidates);
}

/// The remainder with the sign of the number, which may have any number of digits.
std::int64_t remainder(std::string_view number, std::int64_t divisor) {
  bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  using Wide = __int128;
  Wide magnitude = divisor < 0 ? -static_cast<Wide>(divisor) : static_cast<Wide>(divisor);
  Wide rest = 0;
  for (char digit : number) rest = (rest * 10 + (digit - '0')) % magnitude;
  return static_cast<std::int64_t>(negative ? -rest : rest);
}

Outcome mod(const Value& value, const Array& pair) {
  const json::Number* number = value.as_number();
  if (number == nullptr || !number->is_integer()) return Outcome::no;
  std::int64_t divisor = pair[0].as_int().value_or(0);
  if (divisor == 0) return Outcome::broken;
  return outcome(pair[1].as_int() == remainder(number->text, divisor));
}

// --- Conditions ---

/// With CouchDB's order of values, or Erlang's order of terms for an id and what lies within it.
template <auto Compare>
class Matcher {
 public:
  static Outcome match(const Condition& condition, const Value& value) {
    const Value& argument = condition.argument;
    switch (condition.op) {
      case Op::field:
        return match_field(condition, value);
      case Op::self:
        return match(condition.children[0], value);
      case Op::conjunction:
        return first_unlike(Outcome::yes, condition, value);
      case Op::disjunction:
        return condition.children.empty() ? Outcome::yes : first_unlike(Outcome::no, condition, value);
      case Op::negation: {
        Outcome negated = match(condition.children[0], value);
        return negated == Outcome::broken ? negated : outcome(negated == Outcome::no);
      }
      case Op::elem_match:
        return outcome(value.as_array() != nullptr && any(condition.children[0], *value.as_array()));
      case Op::all_match:
        return outcome(value.as_array() != nullptr && every(condition.children[0], *value.as_array()));
      case Op::key_map_match:
        return outcome(value.as_object() != nullptr && any_name(condition.children[0], *value.as_object()));
      case Op::lt:
        return outcome(Compare(value, argument) < 0);
      case Op::lte:
        return outcome(Compare(value, argument) <= 0);
      case Op::eq:
        return outcome(Compare(value, argument) == 0);
      case Op::ne:
        return outcome(Compare(value, argument) != 0);
      case Op::gte:
        return outcome(Compare(value, argument) >= 0);
      case Op::gt:
        return outcome(Compare(value, argument) > 0);
      case Op::in:
        return outcome(in(value, *argument.as_array(), Compare));
      case Op::nin:
        return outcome(!in(value, *argument.as_array(), Compare));
      case Op::all:
        return outcome(all(value, *argument.as_array()));
      case Op::exists:  // false holds where the field is missing, which match_field knows
        return outcome(*argument.as_bool());
      case Op::type:
        return outcome(*argument.as_string() == type_name(value));
      case Op::size:
        return outcome(value.as_array() != nullptr &&
                       argument.as_int() == static_cast<std::int64_t>(value.as_array()->size()));
      case Op::mod:
        return mod(value, *argument.as_array());
      case Op::regex:
        return outcome(value.as_string() != nullptr && condition.regex->matches(*value.as_string()));
      case Op::begins_with:
        return outcome(value.as_string() != nullptr &&
                       Regex::begins_with(*value.as_string(), *argument.as_string()));
      case Op::text:
        return Outcome::yes;
      case Op::broken:
        return Outcome::broken;
    }
    return Outcome::broken;
  }

 private:
  static Outcome match_field(const Condition& condition, const Value& value);

  static Outcome first_unlike(Outcome expected, const Condition& condition, const Value& value) {
    for (const Condition& child : condition.children) {
      if (Outcome found = match(child, value); found != expected) return found;
    }
    return expected;
  }

  static bool any(const Condition& condition, const Array& values) {
    for (const Value& value : values) {
      if (Outcome found = match(condition, value); found != Outcome::no) return found == Outcome::yes;
    }
    return false;
  }

  static bool every(const Condition& condition, const Array& values) {
    return !values.empty() && std::ranges::all_of(values, [&condition](const Value& value) {
      return match(condition, value) == Outcome::yes;
    });
  }

  static bool any_name(const Condition& condition, const Object& object) {
    for (const Member& member : object) {
      if (Outcome found = match(condition, Value(member.name)); found != Outcome::no)
        return found == Outcome::yes;
    }
    return false;
  }
};

using Collating = Matcher<json::collate>;
using ComparingTerms = Matcher<compare_terms>;

template <auto Compare>
Outcome Matcher<Compare>::match_field(const Condition& condition, const Value& value) {
  const Condition& child = condition.children[0];
  FieldValue field = find_field(value, condition.path);
  switch (field.state) {
    case FieldValue::State::unreachable:
      return Outcome::no;
    case FieldValue::State::missing:
      return outcome(child.op == Op::exists && !*child.argument.as_bool());
    case FieldValue::State::found:
      break;
  }
  return condition.is_id() ? ComparingTerms::match(child, *field.value) : match(child, *field.value);
}

}  // namespace

std::weak_ordering compare_terms(const Value& a, const Value& b) {
  if (auto order = rank(a) <=> rank(b); order != 0) return order;
  switch (a.kind()) {
    case Kind::number:
      return json::collate(a, b);
    case Kind::string:
      return *a.as_string() <=> *b.as_string();
    case Kind::array:
    case Kind::object:
      return compare_composites<compare_terms>(a, b);
    default:
      return std::weak_ordering::equivalent;
  }
}

bool Condition::holds_for(const Value& document) const {
  return Collating::match(*this, document) == Outcome::yes;
}

}  // namespace mycouch::doc
