#include "sync/find_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/value.h"

namespace mycouch::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// `fields` as "a,b".
Way index(const std::string& name, const std::string& fields, const std::string& filter = "{}") {
  json::Object by_name;
  for (std::size_t at = 0; at < fields.size();) {
    const std::size_t end = std::min(fields.find(',', at), fields.size());
    by_name.set(fields.substr(at, end - at), "asc");
    at = end + 1;
  }
  json::Object map{{"fields", std::move(by_name)}, {"partial_filter_selector", *json::parse(filter)}};
  return std::make_shared<const doc::IndexDefinition>(*doc::read_index("_design/" + name, name, map));
}

FindRequest request(const std::string& body) {
  return *parse_find(*json::parse(body)->as_object());
}

// The name of the index that is taken, "ids" for none, or the error's word.
std::string taken(const std::string& body, const std::vector<Way>& indexes) {
  Result<Plan> plan = make_plan(request(body), indexes, false);
  if (!plan) return std::string(plan.error().word);
  return plan->way ? plan->way->name : "ids";
}

struct Choice {
  const char* body;
  const char* expected;
};

class FindPlanTest : public ::testing::TestWithParam<Choice> {};

// As CouchDB 3.5.0 chooses among these.
TEST_P(FindPlanTest, TakesTheIndexThatCouchDBTakes) {
  const std::vector<Way> indexes = {index("a", "a"), index("ab", "a,b"), index("abc", "a,b,c"),
                                    index("b", "b"), index("part", "a", R"({"b":1})")};
  EXPECT_EQ(taken(GetParam().body, indexes), GetParam().expected) << GetParam().body;
}

INSTANTIATE_TEST_SUITE_P(
    Choices, FindPlanTest,
    ::testing::Values(
        Choice{R"({"selector":{}})", "ids"}, Choice{R"({"selector":{"z":1}})", "ids"},
        Choice{R"({"selector":{"_id":{"$gt":"x"}}})", "ids"}, Choice{R"({"selector":{"a":1}})", "a"},
        Choice{R"({"selector":{"b":1}})", "b"}, Choice{R"({"selector":{"a":1,"b":2}})", "ab"},
        Choice{R"({"selector":{"a":1,"b":2,"c":3}})", "abc"}, Choice{R"({"selector":{"a":1,"z":2}})", "a"},
        Choice{R"({"selector":{"a":{"$exists":false}}})", "ids"},
        Choice{R"({"selector":{"a":{"$in":[1,2]}}})", "a"},
        Choice{R"({"selector":{"$or":[{"a":1},{"a":2}]}})", "a"},
        Choice{R"({"selector":{"$or":[{"a":1},{"b":2}]}})", "ids"},
        Choice{R"({"selector":{"a":1},"sort":["b"]})", "ab"},
        Choice{R"({"selector":{"a":{"$gt":1}},"sort":["a","b"]})", "ab"},
        Choice{R"({"selector":{"a":{"$gt":1},"b":2},"sort":[{"b":"desc"}]})", "b"},
        Choice{R"({"selector":{"a":1},"sort":["z"]})", "no_usable_index"},
        Choice{R"({"selector":{"a":1},"sort":["_id"]})", "no_usable_index"},
        Choice{R"({"selector":{"_id":{"$gt":1}},"sort":["_id"]})", "ids"},
        Choice{R"({"selector":{"a":1},"use_index":"abc"})", "a"},
        Choice{R"({"selector":{"a":1,"b":1},"use_index":"_design/b"})", "b"},
        Choice{R"({"selector":{"a":1,"b":1},"use_index":["b","b"]})", "b"},
        Choice{R"({"selector":{"a":1,"b":1},"use_index":["b","x"]})", "ab"},
        Choice{R"({"selector":{"a":1},"use_index":"part"})", "part"},
        Choice{R"({"selector":{"z":1},"use_index":"a","allow_fallback":false})", "invalid_index"},
        Choice{R"({"selector":{"z":1},"allow_fallback":false})", "invalid_index"},
        Choice{R"({"selector":{"a":1},"allow_fallback":false})", "a"}));

TEST(FindPlanTest, RangesEndAtTheFirstFieldWithoutOne) {
  auto plan = make_plan(request(R"({"selector":{"a":1,"b":{"$gte":2},"c":{"$lt":3}}})"),
                        {index("abc", "a,b,c")}, false);
  EXPECT_EQ(plan->low(), (json::Array{1, 2}));
  EXPECT_EQ(plan->high(), (json::Array{1}));
}

TEST(FindPlanTest, RangesThatExcludeEachOtherMatchNothing) {
  auto plan = make_plan(request(R"({"selector":{"a":{"$gt":3,"$lt":2}}})"), {index("a", "a")}, false);
  EXPECT_TRUE(plan->nothing_matches);
  plan = make_plan(request(R"({"selector":{"$or":[]}})"), {}, false);
  EXPECT_TRUE(plan->nothing_matches);
}

TEST(FindPlanTest, ABookmarksIndexIsPreferred) {
  const std::vector<Way> indexes = {index("a", "a"), index("a2", "a")};
  auto plan = make_plan(request(R"({"selector":{"a":1}})"), indexes, false, indexes[1]);
  EXPECT_EQ(plan->way->name, "a2");
}

TEST(FindPlanTest, ExplainsWhatWasNotTaken) {
  const std::vector<Way> indexes = {index("a", "a"), index("a2", "a"), index("ab", "a,b"), index("b", "b"),
                                    index("part", "a", R"({"z":1})")};
  auto plan = make_plan(request(R"({"selector":{"a":1}})"), indexes, true);
  std::vector<std::string> reasons;
  for (const Candidate& other : plan->others) {
    reasons.push_back((other.way ? other.way->name : "ids") + " " + other.reason);
  }
  EXPECT_THAT(reasons, ElementsAre("part is_partial", "b field_mismatch", "ab field_mismatch",
                                   "a2 alphabetically_comes_after", "ids unfavored_type"));
}

struct Refusal {
  const char* body;
  const char* word;
  const char* reason;
};

class FindRequestTest : public ::testing::TestWithParam<Refusal> {};

// Words and reasons of CouchDB 3.5.0, but for a bookmark's and stale's.
TEST_P(FindRequestTest, RefusesInCouchDBsWords) {
  auto parsed = parse_find(*json::parse(GetParam().body)->as_object());
  ASSERT_FALSE(parsed) << GetParam().body;
  EXPECT_EQ(parsed.error().word, GetParam().word);
  EXPECT_EQ(parsed.error().reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, FindRequestTest,
    ::testing::Values(
        Refusal{R"({})", "missing_required_key", "Missing required key: selector"},
        Refusal{R"({"selector":[]})", "invalid_selector_json", "Selector must be a JSON object, not: []"},
        Refusal{R"({"selector":{},"zzz":1})", "invalid_key", "Invalid key zzz for this request."},
        Refusal{R"({"selector":{},"fields":"b"})", "invalid_fields",
                "Fields must be an array of strings, not: <<98>>"},
        Refusal{R"({"selector":{},"fields":[1]})", "invalid_field", "Invalid JSON for field spec: 1"},
        Refusal{R"({"selector":{},"sort":["a",1]})", "invalid_sort_field", "Invalid sort field: 1"},
        Refusal{R"({"selector":{},"sort":[{"a":"foo"}]})", "invalid_sort_field",
                R"(Invalid sort field: {[{<<"a">>,<<"foo">>}]})"},
        Refusal{R"({"selector":{},"sort":"a"})", "invalid_sort_json",
                R"(Sort must be an array of sort specs, not: <<"a">>)"},
        Refusal{R"({"selector":{},"sort":[{"a":"desc"},"b"]})", "unsupported_mixed_sort",
                "Sorts currently only support a single direction for all fields."},
        Refusal{R"({"selector":{},"limit":1.0})", "invalid_non_neg_integer",
                "1.0 is not an integer greater than or equal to zero"},
        Refusal{R"({"selector":{},"skip":-1})", "invalid_non_neg_integer",
                "-1 is not an integer greater than or equal to zero"},
        Refusal{R"({"selector":{},"r":0})", "invalid_pos_integer", "0 is not an integer greater than zero"},
        Refusal{R"({"selector":{},"conflicts":"true"})", "invalid_boolean",
                "Invalid boolean value: <<116,114,117,101>>"},
        Refusal{R"({"selector":{},"use_index":["a",1]})", "invalid_index_name",
                "Invalid index name: [<<97>>,1]"},
        Refusal{R"({"selector":{},"bookmark":1})", "invalid_bookmark", "Invalid bookmark value: 1"}));

TEST(FindRequestTest, ALimitOverAnyNumberIsTheLargest) {
  EXPECT_EQ(request(R"({"selector":{},"limit":9223372036854775808})").limit, INT64_MAX);
}

}  // namespace
}  // namespace mycouch::sync
