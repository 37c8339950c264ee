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

TEST(DocumentQuery, APlainReadHasItsRevisionForAnETag) {
  EXPECT_TRUE(parse("")->is_plain());
  EXPECT_TRUE(parse("rev=1-aa")->is_plain());
  for (std::string_view text :
       {"revs=true", "conflicts=true", "revs_info=true", "attachments=true", "meta=true"}) {
    EXPECT_FALSE(parse(text)->is_plain()) << text;
  }
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

TEST(DocumentQuery, AFlagIsTrueOrFalse) {
  EXPECT_EQ(parse("revs=perhaps").error().code, Errc::query_parse_error);
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
