#include "api/changes_query.h"

#include <gtest/gtest.h>

#include "sync/limits.h"

namespace mycouch::api {
namespace {

Result<ChangesQuery> parse(std::string_view text, std::string_view body = {}) {
  auto query = http::Query::parse(text);
  EXPECT_TRUE(query.has_value());
  if (body.empty()) return parse_changes_query(*query, nullptr, std::nullopt);
  json::Value value = json::value_of(body);
  return parse_changes_query(*query, value.as_object(), std::nullopt);
}

TEST(ChangesQuery, WhatPouchDbAsks) {
  auto query = parse("style=all_docs&feed=longpoll&heartbeat=10000&since=251-e1&limit=100");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->feed.kind, sync::FeedKind::longpoll);
  EXPECT_EQ(query->feed.style, sync::ChangesStyle::all_docs);
  EXPECT_EQ(query->feed.heartbeat, std::chrono::milliseconds(10'000));
  EXPECT_EQ(query->feed.since.n, 251U);
  EXPECT_EQ(query->feed.limit, 100U);
}

TEST(ChangesQuery, DefaultsToEverythingFromTheStart) {
  auto query = parse("");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->feed.kind, sync::FeedKind::normal);
  EXPECT_EQ(query->feed.since.kind, sync::Since::Kind::start);
  EXPECT_FALSE(query->feed.limit.has_value());
  EXPECT_EQ(query->feed.timeout, std::chrono::milliseconds(60'000));
}

TEST(ChangesQuery, ATimeoutIsNotLongerThanAMinute) {
  EXPECT_EQ(parse("timeout=18446744073709551615")->feed.timeout, std::chrono::milliseconds(60'000));
  EXPECT_EQ(parse("timeout=5")->feed.timeout, std::chrono::milliseconds(5));
}

TEST(ChangesQuery, UnusableValuesAreRefused) {
  struct Row {
    std::string_view query;
    Errc code;
  };
  for (Row row :
       {Row{"limit=x", Errc::query_parse_error}, Row{"limit=-1", Errc::query_parse_error},
        Row{"limit=99999999999999999999", Errc::query_parse_error}, Row{"feed=foo", Errc::bad_request},
        Row{"style=foo", Errc::bad_request}, Row{"heartbeat=0", Errc::bad_request},
        Row{"heartbeat=x", Errc::bad_request}, Row{"timeout=-5", Errc::bad_request},
        Row{"since=x", Errc::bad_request},
        Row{"seq_interval=0", Errc::bad_request}, Row{"filter=foo", Errc::bad_request},
        Row{"filter=_foo", Errc::bad_request}, Row{"filter=_view", Errc::bad_request},
        Row{"filter=_view&view=a", Errc::bad_request}, Row{"filter=_doc_ids", Errc::bad_request},
        Row{"filter=_doc_ids&doc_ids=3", Errc::bad_request}}) {
    auto query = parse(row.query);
    ASSERT_FALSE(query.has_value()) << row.query;
    EXPECT_EQ(query.error().code, row.code) << row.query;
  }
}

TEST(ChangesQuery, DocIdsComeInTheBodyOrTheQuery) {
  std::unordered_set<std::string> expected = {"a", "b"};
  EXPECT_EQ(parse("filter=_doc_ids", R"({"doc_ids":["a","b"]})")->feed.filter.doc_ids, expected);
  EXPECT_EQ(parse("filter=_doc_ids&doc_ids=%5B%22a%22,%22b%22%5D")->feed.filter.doc_ids, expected);
  EXPECT_EQ(parse("filter=_doc_ids", R"({"doc_ids":[1]})").error().reason,
            "`doc_ids` filter parameter is not a list of doc ids.");
}

TEST(ChangesQuery, TooManyDocIdsAreRefused) {
  std::string ids = R"({"doc_ids":["a")";
  for (std::size_t i = 1; i < sync::kMaxDocuments; ++i) ids += R"(,"a")";
  EXPECT_TRUE(parse("filter=_doc_ids", ids + "]}").has_value());
  EXPECT_EQ(parse("filter=_doc_ids", ids + R"(,"a"]})").error().code, Errc::too_large);
}

TEST(ChangesQuery, ASelectorComesInABody) {
  auto query = parse("filter=_selector", R"({"selector":{"a":1}})");
  ASSERT_TRUE(query.has_value() && query->feed.filter.selector);
  EXPECT_TRUE(query->feed.filter.selector->matches(json::Object{{"a", 1}}));
  EXPECT_FALSE(query->feed.filter.selector->matches(json::Object{{"a", 2}}));
  EXPECT_EQ(parse("filter=_selector&selector=%7B%7D").error().reason,
            "Selector must be specified in POST payload");
  for (std::string_view body : {"{}", R"({"selector":null})", R"({"selector":[]})"}) {
    EXPECT_EQ(parse("filter=_selector", std::string(body)).error().reason,
              "Selector error: expected a JSON object");
  }
  Error wrong = parse("filter=_selector", R"({"selector":{"a":{"$in":1}}})").error();
  EXPECT_EQ(wrong.reason, "Bad argument for operator $in: 1");
  EXPECT_TRUE(wrong.word.empty());
}

TEST(ChangesQuery, CodeIsNamedToBeLookedUp) {
  auto filter = parse("filter=app/mine");
  ASSERT_TRUE(filter.has_value() && filter->code);
  EXPECT_EQ(filter->code->design, "_design/app");
  EXPECT_EQ(filter->code->member, "filters");
  EXPECT_EQ(filter->code->name, "mine");
  EXPECT_EQ(parse("filter=_view&view=app/all")->code->member, "views");
}

TEST(ChangesQuery, AReconnectingEventSourceGoesOnWhereItWas) {
  auto query = http::Query::parse("feed=eventsource&since=3-e1");
  EXPECT_EQ(parse_changes_query(*query, nullptr, "\"7-e1\"")->feed.since.n, 7U);
}

}  // namespace
}  // namespace mycouch::api
