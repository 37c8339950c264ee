#include "sync/revs_diff.h"

#include <gtest/gtest.h>

#include "sync/limits.h"

namespace mycouch::sync {
namespace {

doc::Revision revision(std::string_view text) {
  return *doc::parse_revision(text);
}

std::vector<store::Database::RevisionsDiff> diffs() {
  return {{"a", {revision("3-cc"), revision("2-bb")}, {revision("1-aa")}},
          {"b", {}, {}},
          {"c", {revision("1-dd")}, {}}};
}

TEST(RevsDiff, ReadsWhatIsAsked) {
  auto asked = read_revisions_asked(R"({"a":["1-aa","2-bb"],"b":[]})");
  ASSERT_TRUE(asked.has_value());
  ASSERT_EQ(asked->size(), 2U);
  EXPECT_EQ((*asked)[0].first, "a");
  EXPECT_EQ((*asked)[0].second, (std::vector{revision("1-aa"), revision("2-bb")}));
  EXPECT_TRUE((*asked)[1].second.empty());
}

TEST(RevsDiff, OfAnIdThatIsThereTwiceTheLastListCounts) {
  auto asked = read_revisions_asked(R"({"a":["1-aa"],"b":["1-bb"],"a":["3-cc","2-bb"]})");
  ASSERT_TRUE(asked.has_value()) << asked.error().reason;
  ASSERT_EQ(asked->size(), 2U);
  EXPECT_EQ((*asked)[0].first, "a");
  EXPECT_EQ((*asked)[0].second, (std::vector{revision("3-cc"), revision("2-bb")}));
  EXPECT_EQ((*asked)[1].second, std::vector{revision("1-bb")});
}

TEST(RevsDiff, RefusesOtherShapes) {
  for (std::string_view body :
       {"[]", "3", "{", R"({"a":3})", R"({"a":{}})", R"({"a":["x"]})", R"({"a":[1]})"}) {
    auto asked = read_revisions_asked(body);
    ASSERT_FALSE(asked.has_value()) << body;
    EXPECT_EQ(asked.error().code, Errc::bad_request);
  }
}

TEST(RevsDiff, RefusesTooManyIdsOrRevisions) {
  std::string ids = "{";
  for (std::size_t i = 0; i < kMaxDocuments; ++i) ids += '"' + std::to_string(i) + "\":[],";
  EXPECT_EQ(read_revisions_asked(ids + R"("x":[]})").error().code, Errc::too_large);
  EXPECT_TRUE(read_revisions_asked(ids.substr(0, ids.size() - 1) + "}").has_value());

  std::string revisions = R"({"a":["1-aa"],"b":[)";
  for (std::size_t i = 1; i < kMaxRevisions; ++i) revisions += "\"1-aa\",";
  EXPECT_EQ(read_revisions_asked(revisions + R"("1-aa"]})").error().code, Errc::too_large);
  EXPECT_TRUE(read_revisions_asked(revisions.substr(0, revisions.size() - 1) + "]}").has_value());
}

TEST(RevsDiff, LeavesOutIdsOfWhichNothingIsMissing) {
  std::string out;
  append_revs_diff(out, diffs());
  EXPECT_EQ(out,
            R"({"a":{"missing":["3-cc","2-bb"],"possible_ancestors":["1-aa"]},"c":{"missing":["1-dd"]}})");
}

TEST(RevsDiff, MissingRevsIsTheOlderForm) {
  std::string out;
  append_missing_revs(out, diffs());
  EXPECT_EQ(out, R"({"missing_revs":{"a":["3-cc","2-bb"],"c":["1-dd"]}})");
}

}  // namespace
}  // namespace mycouch::sync
