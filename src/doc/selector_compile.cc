#include <algorithm>
#include <array>
#include <utility>

#include "doc/selector_condition.h"
#include "doc/selector_normal_form.h"
#include "json/collation.h"

namespace mycouch::doc {
namespace {

using Op = Condition::Op;
using json::Value;

constexpr auto kOperators = std::to_array<std::pair<std::string_view, Op>>({
    {"$and", Op::conjunction},
    {"$or", Op::disjunction},
    {"$not", Op::negation},
    {"$elemMatch", Op::elem_match},
    {"$allMatch", Op::all_match},
    {"$keyMapMatch", Op::key_map_match},
    {"$lt", Op::lt},
    {"$lte", Op::lte},
    {"$eq", Op::eq},
    {"$ne", Op::ne},
    {"$gte", Op::gte},
    {"$gt", Op::gt},
    {"$in", Op::in},
    {"$nin", Op::nin},
    {"$all", Op::all},
    {"$exists", Op::exists},
    {"$type", Op::type},
    {"$size", Op::size},
    {"$mod", Op::mod},
    {"$regex", Op::regex},
    {"$beginsWith", Op::begins_with},
    {"$default", Op::text},
});

// What is left is $nor, which the normal form has within submatches only.
Op op_of(std::string_view name) {
  for (auto [text, op] : kOperators) {
    if (text == name) return op;
  }
  return Op::broken;
}

struct Place {
  bool in_submatch = false;
  bool in_id = false;  // where terms are compared
};

Result<Condition> compile_part(const Value& normal, Place place);

Result<Condition> compile_field(std::string_view name, const Value& condition, Place place) {
  Condition compiled{.op = name.empty() ? Op::self : Op::field};
  if (compiled.op == Op::field) {
    Result<FieldPath> path = parse_field_path(name);
    if (!path && place.in_submatch) return Condition{};
    if (!path) return std::unexpected(std::move(path).error());
    compiled.path = *std::move(path);
  }
  place.in_id = place.in_id || compiled.is_id();
  MYCOUCH_TRY(Condition child, compile_part(condition, place));
  compiled.children.push_back(std::move(child));
  return compiled;
}

Value sorted(const json::Array& candidates, bool as_terms) {
  json::Array in_order = candidates;
  auto compare = as_terms ? compare_terms : json::collate;
  std::ranges::sort(in_order, [compare](const Value& a, const Value& b) { return compare(a, b) < 0; });
  return in_order;
}

Result<Condition> compile_part(const Value& normal, Place place) {
  const auto& [name, argument] = normal.as_object()->members()[0];
  if (!name.starts_with('$')) return compile_field(name, argument, place);
  Condition compiled{.op = op_of(name)};
  switch (compiled.op) {
    case Op::conjunction:
    case Op::disjunction:
      for (const Value& part : *argument.as_array()) {
        MYCOUCH_TRY(Condition child, compile_part(part, place));
        compiled.children.push_back(std::move(child));
      }
      return compiled;
    case Op::negation:
    case Op::elem_match:
    case Op::all_match:
    case Op::key_map_match: {
      place.in_submatch = place.in_submatch || compiled.op != Op::negation;
      MYCOUCH_TRY(Condition child, compile_part(argument, place));
      compiled.children.push_back(std::move(child));
      return compiled;
    }
    case Op::in:
    case Op::nin:
      compiled.argument = sorted(*argument.as_array(), place.in_id);
      return compiled;
    case Op::mod: {
      const json::Array& pair = *argument.as_array();
      if (!pair[0].as_int() || (*pair[0].as_int() == 0 && !place.in_submatch))
        return bad_argument(name, argument);
      compiled.argument = argument;
      return compiled;
    }
    case Op::regex:
      compiled.regex = Regex::compile(*argument.as_string());
      return compiled;
    default:
      compiled.argument = argument;
      return compiled;
  }
}

}  // namespace

Result<Condition> Condition::compile(const Value& normal) {
  return compile_part(normal, {});
}

}  // namespace mycouch::doc
