// What `_explain` tells.

#include <algorithm>
#include <ranges>

#include "sync/find.h"
#include "sync/find_plan.h"
#include "sync/mango_indexes.h"

namespace mycouch::sync {
namespace {

constexpr std::string_view kLast = "<MAX>";

json::Array strings(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

// Whether the index has all of the fields; it is not asked for whole documents.
bool covers(const Way& way, std::vector<std::string> fields) {
  std::vector<std::string> available = columns(way);
  available.emplace_back("_id");
  return way && std::ranges::all_of(fields, [&](const std::string& field) {
           return std::ranges::find(available, field) != available.end();
         });
}

bool covers_query(const Way& way, const FindRequest& request) {
  if (request.fields.empty()) return false;
  std::vector<std::string> fields = request.fields;
  std::ranges::copy(selector_fields(request.selector.normalized()), std::back_inserter(fields));
  return covers(way, std::move(fields));
}

json::Object options(const FindRequest& request) {
  json::Object sort;
  for (const std::string& field : request.sort) sort.set(field, request.descending ? "desc" : "asc");
  return {{"use_index", strings(request.use_index)},
          {"bookmark", request.bookmark.value_or("nil")},
          {"limit", request.limit},
          {"skip", request.skip},
          {"sort", std::move(sort)},
          {"fields", strings(request.fields)},
          {"partition", ""},
          {"r", request.r},
          {"conflicts", request.conflicts},
          {"stale", request.stale ? json::Value("ok") : json::Value(false)},
          {"update", request.update},
          {"stable", request.stable},
          {"execution_stats", request.execution_stats},
          {"allow_fallback", request.allow_fallback}};
}

json::Object candidate(const Candidate& other, const FindRequest& request) {
  json::Value covering;
  if (other.way) covering = !request.fields.empty() && covers(other.way, request.fields);
  json::Object analysis{{"usable", other.usable},
                        {"reasons", json::Array{json::Object{{"name", other.reason}}}},
                        {"ranking", other.ranking},
                        {"covering", std::move(covering)}};
  return {{"index", described(other.way)}, {"analysis", std::move(analysis)}};
}

json::Array hints(const json::Value& selector) {
  std::vector<std::string> indexable = indexable_fields(selector);
  std::vector<std::string> others = selector_fields(selector);
  std::erase_if(others, [&](const std::string& field) {
    return std::ranges::find(indexable, field) != indexable.end();
  });
  std::ranges::sort(others);
  others.erase(std::ranges::unique(others).begin(), others.end());
  return {json::Object{
      {"type", "json"}, {"indexable_fields", strings(indexable)}, {"unindexable_fields", strings(others)}}};
}

// Where the rows of the plan begin and end.
std::pair<json::Value, json::Value> keys(const Plan& plan) {
  if (plan.nothing_matches) return {};
  json::Array low = plan.low();
  json::Array high = plan.high();
  if (plan.way) {
    high.emplace_back(kLast);
    return {std::move(low), std::move(high)};
  }
  return {low.empty() ? json::Value("") : low.front(), high.empty() ? json::Value(kLast) : high.front()};
}

json::Object range(const Plan& plan, const FindRequest& request, bool covering) {
  auto [start, end] = keys(plan);
  if (request.descending) std::swap(start, end);
  return {{"include_docs", request.r == 1 && !covering},
          {"view_type", "map"},
          {"reduce", false},
          {"partition", nullptr},
          {"start_key", std::move(start)},
          {"end_key", std::move(end)},
          {"direction", request.descending ? "rev" : "fwd"},
          {"stable", request.stable || request.stale},
          {"update", request.update && !request.stale},
          {"conflicts", request.conflicts ? json::Value(true) : json::Value("undefined")}};
}

}  // namespace

Task<json::Object> explain(store::Database& database, FindRequest request) {
  MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await database.info());
  MYCOUCH_CO_TRY(std::vector<Way> indexes, co_await database.indexes());
  MYCOUCH_CO_TRY(Plan plan, make_plan(request, indexes, true));
  json::Array candidates;
  for (const Candidate& other : plan.others) candidates.emplace_back(candidate(other, request));
  json::Object answer{{"dbname", info.name},
                      {"index", plan.found ? json::Value(described(plan.way)) : json::Value()},
                      {"partitioned", false},
                      {"selector", request.selector.normalized()},
                      {"opts", options(request)},
                      {"limit", request.limit},
                      {"skip", request.skip},
                      {"fields", strings(request.fields)},
                      {"index_candidates", std::move(candidates)},
                      {"selector_hints", hints(request.selector.normalized())}};
  if (plan.found) {
    const bool covering = covers_query(plan.way, request);
    answer.set("mrargs", range(plan, request, covering));
    answer.set("covering", covering);
  }
  co_return answer;
}

}  // namespace mycouch::sync
