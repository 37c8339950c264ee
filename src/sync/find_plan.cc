#include "sync/find_plan.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

namespace mycouch::sync {
namespace {

constexpr std::array<std::string_view, 7> kIndexable = {"$lt",  "$lte",        "$eq",    "$gt",
                                                        "$gte", "$beginsWith", "$exists"};
// Alone and without arguments, these match nothing.
constexpr std::array<std::string_view, 4> kMatchNothing = {"$all", "$and", "$or", "$in"};

bool is_operator(std::string_view name) {
  return name.starts_with('$');
}

// Normalised selectors are objects of one member; an empty one has none.
const json::Member* only_member(const json::Value& value) {
  const json::Object* object = value.as_object();
  return object == nullptr || object->empty() ? nullptr : &*object->begin();
}

bool is_indexable(const json::Value& condition) {
  const json::Member* member = only_member(condition);
  return member != nullptr && std::ranges::find(kIndexable, member->name) != kIndexable.end();
}

void add_indexable_fields(const json::Value& selector, std::vector<std::string>& fields) {
  const json::Member* member = only_member(selector);
  if (member == nullptr) return;
  if (member->name == "$and") {
    for (const json::Value& part : *member->value.as_array()) add_indexable_fields(part, fields);
  } else if (!is_operator(member->name) && is_indexable(member->value)) {
    fields.push_back(member->name);
  }
}

// Whether the selector holds a field to one value.
bool is_constant(const json::Value& selector, std::string_view field) {
  const json::Member* member = only_member(selector);
  if (member == nullptr) return false;
  if (member->name == "$and") {
    return std::ranges::any_of(*member->value.as_array(),
                               [&](const json::Value& part) { return is_constant(part, field); });
  }
  if (member->name != field) return false;
  const json::Member* condition = only_member(member->value);
  return condition != nullptr && condition->name == "$eq";
}

bool is_text_search(const json::Value& selector) {
  if (const json::Array* parts = selector.as_array()) return std::ranges::any_of(*parts, is_text_search);
  const json::Member* member = only_member(selector);
  return member != nullptr && (member->name == "$default" || is_text_search(member->value));
}

bool matches_nothing(const json::Value& selector) {
  const json::Member* member = only_member(selector);
  if (member == nullptr || std::ranges::find(kMatchNothing, member->name) == kMatchNothing.end())
    return false;
  const json::Array* arguments = member->value.as_array();
  return arguments != nullptr && arguments->empty();
}

// The fields of an index from the sort's first on; those before are constant. Nothing where there is no such
// place.
bool can_sort(const std::vector<std::string>& fields, const FindRequest& request) {
  if (request.sort.empty()) return true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i] == request.sort.front()) {
      return fields.size() - i >= request.sort.size() &&
             std::ranges::equal(request.sort, std::span(fields).subspan(i, request.sort.size()));
    }
    if (!is_constant(request.selector.normalized(), fields[i])) return false;
  }
  return false;
}

bool is_everywhere(const std::string& field) {
  return field == "_id" || field == "_rev";
}

// Why an index cannot answer; in the order in which CouchDB asks.
std::vector<std::string> obstacles(const Way& way, const FindRequest& request) {
  std::vector<std::string> reasons;
  const std::vector<std::string> fields = columns(way);
  if (!way) {
    if (request.sort.empty()) return reasons;
    auto found = indexable_fields(request.selector.normalized());
    if (std::ranges::find(found, "_id") == found.end()) reasons.emplace_back("field_mismatch");
    if (request.sort != fields) reasons.emplace_back("sort_order_mismatch");
    return reasons;
  }
  if (is_text_search(request.selector.normalized())) reasons.emplace_back("needs_text_search");
  const bool holds_all = std::ranges::all_of(fields, [&](const std::string& field) {
    return is_everywhere(field) || std::ranges::find(request.sort, field) != request.sort.end() ||
           request.selector.requires_field(field);
  });
  if (!holds_all) reasons.emplace_back("field_mismatch");
  if (!can_sort(fields, request)) reasons.emplace_back("sort_order_mismatch");
  return reasons;
}

// The ranges of all indexable fields; only the one that is empty, where there is one.
std::vector<FieldRange> field_ranges(const doc::Selector& selector) {
  std::vector<FieldRange> ranges;
  for (std::string& field : indexable_fields(selector.normalized())) {
    doc::Selector::Range range = selector.range_of(field).value_or(doc::Selector::Range());
    if (range.empty) {
      std::vector<FieldRange> nothing;
      nothing.emplace_back(std::move(field), std::move(range));
      return nothing;
    }
    ranges.emplace_back(std::move(field), std::move(range));
  }
  return ranges;
}

// A way with those of the ranges that its first fields have.
struct Ranked {
  Way way;
  std::vector<doc::Selector::Range> ranges;
  std::size_t unused = 0;  // ranges of other fields
  std::size_t width = 0;

  auto order() const {
    return std::tuple(unused, width, way ? std::string_view(way->design) : std::string_view(),
                      way ? std::string_view(way->name) : std::string_view());
  }
};

std::vector<Ranked> rank(const std::vector<Way>& ways, std::vector<FieldRange> ranges) {
  // All ids lie behind null.
  if (!ways.front()) ranges.emplace_back("_id", doc::Selector::Range{.low = json::Value()});
  std::vector<Ranked> ranked;
  for (const Way& way : ways) {
    const std::vector<std::string> fields = columns(way);
    Ranked& one = ranked.emplace_back(Ranked{.way = way, .ranges = {}, .width = fields.size()});
    for (const std::string& field : fields) {
      auto at = std::ranges::find(ranges, field, &FieldRange::first);
      if (at == ranges.end()) break;
      one.ranges.push_back(at->second);
    }
    one.unused = ranges.size() - one.ranges.size();
  }
  std::ranges::sort(ranked, {}, &Ranked::order);
  return ranked;
}

bool contains(const std::vector<Way>& ways, const Way& way) {
  return std::ranges::find(ways, way) != ways.end();
}

template <class Wanted>
std::vector<Way> only(const std::vector<Way>& ways, Wanted wanted) {
  std::vector<Way> found;
  std::ranges::copy_if(ways, std::back_inserter(found), wanted);
  return found;
}

// What is left of the ways, step by step.
struct Stages {
  std::vector<Way> all;
  std::vector<Way> in_question;  // without partial indexes that are not named
  std::vector<Way> usable;
  std::vector<Way> allowed;     // by `use_index`
  std::vector<Way> considered;  // of one kind: indexes, or documents by their ids
};

Stages sift(const FindRequest& request, const std::vector<Way>& indexes) {
  Stages stages;
  stages.all.push_back(nullptr);
  std::ranges::copy(indexes, std::back_inserter(stages.all));
  auto named = [&](const Way& way) { return is_named(way, request.use_index); };
  stages.in_question = only(stages.all, [&](const Way& way) { return !way || !way->filter || named(way); });
  stages.usable = only(stages.in_question, [&](const Way& way) { return obstacles(way, request).empty(); });
  stages.allowed = only(stages.usable, named);
  if (stages.allowed.empty()) stages.allowed = stages.usable;
  stages.considered = only(stages.allowed, [](const Way& way) { return way != nullptr; });
  if (stages.considered.empty()) stages.considered = stages.allowed;
  return stages;
}

Result<void> check_allowed(const FindRequest& request, const Stages& stages) {
  if (std::ranges::any_of(stages.allowed, [&](const Way& way) { return is_named(way, request.use_index); })) {
    return {};
  }
  if (request.allow_fallback || (request.use_index.empty() && stages.usable.size() > 1)) return {};
  if (request.use_index.empty()) {
    return refuse("invalid_index", "You must specify an index with the `use_index` parameter.");
  }
  std::string name = "_design/" + std::string(without_design_prefix(request.use_index[0]));
  if (request.use_index.size() > 1) name += ", " + request.use_index[1];
  return refuse("invalid_index",
                name + " specified by `use_index` could not be found or it is not suitable.");
}

// What `_explain` says of those that are not taken. The rankings of those that dropped out earlier are
// higher.
std::vector<Candidate> explain_others(const FindRequest& request, const Stages& stages,
                                      const std::vector<Ranked>& ranked) {
  auto dropped = [](const std::vector<Way>& from, const std::vector<Way>& to) {
    return std::ranges::any_of(from, [&](const Way& way) { return !contains(to, way); }) ? 1 : 0;
  };
  const bool found = !ranked.empty();
  const std::int64_t unfavored = std::max<std::int64_t>(1, std::ssize(ranked));
  const std::int64_t excluded = unfavored + (found ? dropped(stages.allowed, stages.considered) : 0);
  const std::int64_t unusable = excluded + (found ? dropped(stages.usable, stages.allowed) : 0);
  const std::int64_t partial = unusable + dropped(stages.in_question, stages.usable);
  std::vector<Candidate> others;
  // A partial index is told to be one, whatever else it is, and ranks behind all others.
  auto add = [&](const Way& way, bool usable, std::string_view reason, std::int64_t ranking) {
    const bool is_partial = way && way->filter;
    others.push_back({.way = way,
                      .usable = usable && !is_partial,
                      .reason = std::string(is_partial ? "is_partial" : reason),
                      .ranking = ranking + (is_partial ? partial : 0)});
  };
  for (const Way& way : stages.all) {
    if (!contains(stages.in_question, way)) {
      add(way, false, "is_partial", 0);
    } else if (!contains(stages.usable, way)) {
      add(way, false, obstacles(way, request).front(), unusable);
    } else if (!contains(stages.allowed, way)) {
      add(way, true, "excluded_by_user", excluded);
    } else if (!contains(stages.considered, way)) {
      add(way, true, "unfavored_type", unfavored);
    }
  }
  for (std::size_t i = 1; i < ranked.size(); ++i) {
    const bool wider = ranked[i].width > ranked.front().width;
    add(ranked[i].way, true,
        ranked[i].unused > 0 ? "less_overlap"
        : wider              ? "too_many_fields"
                             : "alphabetically_comes_after",
        static_cast<std::int64_t>(i));
  }
  std::ranges::sort(others, std::ranges::greater(), [](const Candidate& candidate) {
    const Way& way = candidate.way;
    return way ? std::pair(std::string_view(way->design), std::string_view(way->name))
               : std::pair(std::string_view(), std::string_view());
  });
  return others;
}

}  // namespace

std::vector<std::string> indexable_fields(const json::Value& selector) {
  std::vector<std::string> fields;
  add_indexable_fields(selector, fields);
  std::ranges::sort(fields);
  fields.erase(std::ranges::unique(fields).begin(), fields.end());
  return fields;
}

std::vector<std::string> selector_fields(const json::Value& selector) {
  std::vector<std::string> fields;
  const json::Member* member = only_member(selector);
  if (member == nullptr) return fields;
  const json::Array* parts = is_operator(member->name) ? member->value.as_array() : nullptr;
  if (parts == nullptr) return {member->name};
  for (const json::Value& part : *parts) std::ranges::move(selector_fields(part), std::back_inserter(fields));
  return fields;
}

json::Array Plan::low() const {
  json::Array values;
  for (const doc::Selector::Range& range : ranges) {
    if (!range.low) break;
    values.push_back(*range.low);
  }
  return values;
}

json::Array Plan::high() const {
  json::Array values;
  for (const doc::Selector::Range& range : ranges) {
    if (!range.high) break;
    values.push_back(*range.high);
  }
  return values;
}

Result<Plan> make_plan(const FindRequest& request, const std::vector<Way>& indexes, bool explain,
                       const std::optional<Way>& prefer) {
  Stages stages = sift(request, indexes);
  if (stages.usable.empty() && !explain) {
    return refuse("no_usable_index", "No index exists for this sort, try indexing by the sort fields.");
  }
  MYCOUCH_CHECK(check_allowed(request, stages));
  Plan plan;
  std::vector<Ranked> ranked;
  if (prefer && contains(stages.usable, *prefer)) stages.considered = {*prefer};
  if (!stages.considered.empty()) {
    ranked = rank(stages.considered, field_ranges(request.selector));
    plan.found = true;
    plan.way = ranked.front().way;
    plan.ranges = ranked.front().ranges;
    plan.nothing_matches = matches_nothing(request.selector.normalized()) ||
                           std::ranges::any_of(plan.ranges, &doc::Selector::Range::empty);
  }
  if (explain) plan.others = explain_others(request, stages, ranked);
  return plan;
}

bool is_named(const Way& way, const std::vector<std::string>& use_index) {
  if (use_index.empty() || !way) return false;
  if (without_design_prefix(way->design) != without_design_prefix(use_index[0])) return false;
  return use_index.size() == 1 || way->name == use_index[1];
}

std::vector<std::string> columns(const Way& way) {
  return way ? way->fields : std::vector<std::string>{"_id"};
}

std::string_view without_design_prefix(std::string_view id) {
  if (id.starts_with(doc::kDesignPrefix)) id.remove_prefix(doc::kDesignPrefix.size());
  return id;
}

}  // namespace mycouch::sync
