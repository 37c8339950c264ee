#include "http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/response_head.h"

namespace mycouch::http {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> path(std::string_view raw) {
  auto segments = split_path(raw);
  EXPECT_TRUE(segments.has_value()) << raw;
  return segments.value_or(std::vector<std::string>());
}

TEST(SplitPath, DecodesEachSegment) {
  EXPECT_THAT(path("/"), ElementsAre());
  EXPECT_THAT(path("/db"), ElementsAre("db"));
  EXPECT_THAT(path("/db/"), ElementsAre("db"));
  EXPECT_THAT(path("/db/a%2Fb/c%20d+e"), ElementsAre("db", "a/b", "c d+e"));
  EXPECT_THAT(path("/db/%C3%A9"), ElementsAre("db", "é"));
  EXPECT_THAT(path("/db//x"), ElementsAre("db", "", "x"));
  EXPECT_THAT(path("/.././db"), ElementsAre("..", ".", "db"));
}

TEST(SplitPath, RefusesMalformedText) {
  for (const char* raw : {"", "db", "*", "/%", "/%4", "/%zz", "/%C3", "/%ff"}) {
    auto segments = split_path(raw);
    ASSERT_FALSE(segments.has_value()) << raw;
    EXPECT_EQ(segments.error().code, Errc::bad_request);
  }
}

TEST(Query, DecodesAndKeepsTheLast) {
  auto query = Query::parse("a=1&b=x%26y+z&&c&a=2&=empty&d=a=b");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(*query->find("a"), "2");
  EXPECT_EQ(*query->find("b"), "x&y z");
  EXPECT_EQ(*query->find("c"), "");
  EXPECT_EQ(*query->find("d"), "a=b");
  EXPECT_EQ(*query->find(""), "empty");
  EXPECT_EQ(query->find("A"), nullptr);
  EXPECT_FALSE(Query::parse("a=%f").has_value());
  EXPECT_FALSE(Query::parse("%ff=1").has_value());
  EXPECT_TRUE(Query::parse("").has_value());
}

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers;
  headers.add("Vary", "a");
  headers.add("VARY", "b");
  headers.add("Etag", "c");
  EXPECT_EQ(headers.find("vary"), "a");
  headers.set("vAry", "d");
  EXPECT_EQ(headers.find("Vary"), "d");
  EXPECT_EQ(std::distance(headers.begin(), headers.end()), 2);
  headers.remove("ETAG");
  EXPECT_FALSE(headers.find("etag"));
}

TEST(Request, TakesItsTargetApart) {
  Request request;
  request.target = "/a?b?c";
  EXPECT_EQ(request.raw_path(), "/a");
  EXPECT_EQ(request.raw_query(), "b?c");
  request.target = "/a";
  EXPECT_EQ(request.raw_query(), "");
}

TEST(HttpDate, IsRfc9110s) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace mycouch::http
