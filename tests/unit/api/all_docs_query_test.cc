#include "api/all_docs_query.h"

#include <gtest/gtest.h>

#include "sync/limits.h"

namespace mycouch::api {
namespace {

Result<sync::AllDocsOptions> parse(std::string_view text, std::string_view body = {}) {
  auto query = http::Query::parse(text);
  EXPECT_TRUE(query.has_value());
  if (body.empty()) return parse_all_docs_query(*query, nullptr);
  json::Value value = json::value_of(body);
  return parse_all_docs_query(*query, value.as_object());
}

TEST(AllDocsQuery, KeysInAQueryAreJson) {
  auto options = parse("startkey=%22a%22&end_key=%22z%22&inclusive_end=false&descending=TRUE&limit=3&skip=1");
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->start, json::Value("a"));
  EXPECT_EQ(options->end, json::Value("z"));
  EXPECT_FALSE(options->inclusive_end);
  EXPECT_TRUE(options->descending);
  EXPECT_EQ(options->limit, 3U);
  EXPECT_EQ(options->skip, 1U);
}

TEST(AllDocsQuery, AKeyIsARangeOfOne) {
  auto options = parse("key=%22a%22");
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->start, options->end);
}

TEST(AllDocsQuery, ABodysOptionsAreJsonValues) {
  auto options = parse("limit=5", R"({"keys":["a",3],"include_docs":true,"limit":1,"conflicts":"true"})");
  ASSERT_TRUE(options.has_value());
  ASSERT_TRUE(options->keys.has_value());
  EXPECT_EQ(options->keys->size(), 2U);
  EXPECT_TRUE(options->include_docs);
  EXPECT_TRUE(options->conflicts);
  EXPECT_EQ(options->limit, 5U);
}

TEST(AllDocsQuery, KeysAndARangeExcludeEachOther) {
  EXPECT_EQ(parse("key=%22a%22", R"({"keys":["a","b"]})").error().code, Errc::query_parse_error);
}

TEST(AllDocsQuery, TooManyKeysAreRefused) {
  std::string keys = R"({"keys":[0)";
  for (std::size_t i = 1; i < sync::kMaxDocuments; ++i) keys += ",0";
  EXPECT_TRUE(parse("", keys + "]}").has_value());
  EXPECT_EQ(parse("", keys + ",0]}").error().code, Errc::too_large);
}

TEST(AllDocsQuery, AQueryOfOneKeyIsARange) {
  json::Value body = json::value_of(R"({"queries":[{"keys":["a"]},{"keys":["a","b"]},{"limit":1}]})");
  auto queries = parse_all_docs_queries(*http::Query::parse("descending=true"), *body.as_object());
  ASSERT_TRUE(queries.has_value());
  EXPECT_EQ(queries->at(0).start, json::Value("a"));
  EXPECT_FALSE(queries->at(0).keys.has_value());
  EXPECT_EQ(queries->at(1).keys->size(), 2U);
  EXPECT_TRUE(queries->at(2).descending);
}

TEST(AllDocsQuery, UnusableValuesAreRefusedAsInCouchDb) {
  EXPECT_EQ(parse("limit=").error().reason, "Invalid value for integer: []");
  EXPECT_EQ(parse("", R"({"limit":"2"})").error().reason, R"(Invalid value for integer: <<"2">>)");
  EXPECT_EQ(parse("reduce=true").error().reason, "Reduce is invalid for map-only views.");
  EXPECT_EQ(parse("limit=x").error().reason, R"(Invalid value for integer: "x")");
  EXPECT_EQ(parse("limit=-1").error().reason, R"(Invalid value for positive integer: "-1")");
  EXPECT_EQ(parse("limit=x").error().code, Errc::query_parse_error);
  EXPECT_EQ(parse("descending=x").error().reason, R"(Invalid boolean parameter: "x")");
  EXPECT_EQ(parse("startkey=a").error().code, Errc::bad_request);
  EXPECT_EQ(parse("keys=3").error().reason, "`keys` parameter must be an array.");
  EXPECT_EQ(parse("", R"({"keys":3})").error().reason, "`keys` body member must be an array.");
}

}  // namespace
}  // namespace mycouch::api
