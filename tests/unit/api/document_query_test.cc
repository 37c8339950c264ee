#include "api/document_query.h"

#include <gtest/gtest.h>

namespace mycouch::api {
namespace {

Result<DocumentQuery> parse(std::string_view text) {
  auto query = http::Query::parse(text);
  EXPECT_TRUE(query.has_value());
  return parse_document_query(*query);
}

Result<std::optional<doc::Revision>> parent(std::string_view text, std::string if_match = {}) {
  http::Headers headers;
  if (!if_match.empty()) headers.add("If-Match", std::move(if_match));
  return parent_revision(*http::Query::parse(text), headers);
}

TEST(DocumentQuery, MetaIsThreeOptions) {
  auto query = parse("meta=true");
  EXPECT_TRUE(query->read.revs_info && query->read.conflicts && query->read.deleted_conflicts);
}

TEST(DocumentQuery, OpenRevsIsAWordOrAList) {
  EXPECT_TRUE(std::holds_alternative<AllLeaves>(*parse("open_revs=all")->open_revs));
  auto listed = parse("open_revs=%5B%221-aa%22,%222-bb%22%5D");
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(std::get<1>(*listed->open_revs).size(), 2U);
  EXPECT_EQ(parse("open_revs=3").error().reason, "Invalid list of revisions");
  EXPECT_EQ(parse("open_revs=%5B3%5D").error().reason, "Invalid rev format");
  EXPECT_EQ(parse("open_revs=foo").error().code, Errc::bad_request);
}

TEST(DocumentQuery, MalformedRevisionsAreRefused) {
  EXPECT_EQ(parse("rev=foo").error().reason, "Invalid rev format");
}

TEST(DocumentQuery, AFlagIsOnWithTrueAlone) {
  EXPECT_TRUE(parse("revs=true")->read.revs);
  for (std::string_view text : {"", "revs=", "revs=TRUE", "revs=1", "revs=false"}) {
    EXPECT_FALSE(parse(text)->read.revs) << text;
  }
}

TEST(DocumentQuery, AnEmptyListOfRevisionsIsNone) {
  EXPECT_FALSE(parse("open_revs=%5B%5D")->open_revs);
}

TEST(DocumentQuery, TheParentComesFromTheQueryOrIfMatch) {
  EXPECT_EQ(*parent(""), std::nullopt);
  EXPECT_EQ(*parent("rev=1-aa"), *doc::parse_revision("1-aa"));
  EXPECT_EQ(*parent("", "\"1-aa\""), *doc::parse_revision("1-aa"));
  EXPECT_EQ(*parent("rev=1-aa", "1-aa"), *doc::parse_revision("1-aa"));
  EXPECT_EQ(parent("rev=1-aa", "\"1-bb\"").error().reason, "Document rev and etag have different values");
}

}  // namespace
}  // namespace mycouch::api
