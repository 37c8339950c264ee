#include "sync/local_document.h"

#include <gtest/gtest.h>

#include "support/run_task.h"
#include "unit/sync/fake_database.h"

namespace mycouch::sync {
namespace {

Result<doc::Edit> read(std::string_view text, std::uint64_t max_document_size = 1000) {
  MYCOUCH_TRY(json::Outline outline, json::outline(text, 1));
  return read_local_edit(outline, outline.root(), "_local/x", max_document_size);
}

TEST(LocalDocument, KeepsTheBodyAsItCame) {
  auto edit = read(R"({"_id":"_local/x","session":"s", "n": 1.0,"_rev":"0-3","list":[1, 2]})");
  ASSERT_TRUE(edit.has_value());
  EXPECT_EQ(edit->id, "_local/x");
  EXPECT_EQ(edit->body, R"({"session":"s","n":1.0,"list":[1, 2]})");
  EXPECT_EQ(edit->parent->text(), "0-3");
  EXPECT_FALSE(edit->deleted);
}

TEST(LocalDocument, IsWrittenWithItsIdAndRevision) {
  std::string out;
  append_json(out, "x", {R"({"a":1})", 4});
  EXPECT_EQ(out, R"({"_id":"_local/x","_rev":"0-4","a":1})");
  out.clear();
  append_json(out, "x", {"{}", 1});
  EXPECT_EQ(out, R"({"_id":"_local/x","_rev":"0-1"})");
  out.clear();
  append_json(out, "x", {"{}", 3}, true);
  EXPECT_EQ(out, R"({"_id":"_local/x","_rev":"0-3","_revisions":{"start":0,"ids":["3"]}})");
}

TEST(LocalDocument, CanBeDeletedByAnEdit) {
  EXPECT_TRUE(read(R"({"_deleted":true})")->deleted);
}

TEST(LocalDocument, RefusesWhatIsNoRevision) {
  for (std::string_view rev : {R"("foo")", R"("0")", "7"}) {
    auto edit = read(R"({"_rev":)" + std::string(rev) + "}");
    ASSERT_FALSE(edit.has_value()) << rev;
    EXPECT_EQ(edit.error().reason, "Invalid rev format");
  }
}

TEST(LocalDocument, ReadsRevisionsAsOfOtherDocuments) {
  EXPECT_EQ(read(R"({"_revisions":{"start":0,"ids":["7","6"]},"_rev":"0-1"})")->parent->text(), "0-7");
  EXPECT_FALSE(read(R"({"_revisions":{"start":0,"ids":[]}})")->parent);
  EXPECT_EQ(read(R"({"_revisions":1})").error().reason, "Bad special document member: _revisions");
  EXPECT_EQ(read(R"({"_revisions":{"start":1,"ids":[1]}})").error().reason, "RevId isn't a string");
}

TEST(LocalDocument, PassesOverAnIdThatIsNotThePathsAsLongAsItIsOne) {
  EXPECT_EQ(read(R"({"_id":"_local/y"})")->id, "_local/x");
  EXPECT_EQ(read(R"({"_id":"y"})")->id, "_local/x");
  for (std::string_view id : {"1", R"("_y")", R"("_local/")", R"("")"}) {
    EXPECT_EQ(read(R"({"_id":)" + std::string(id) + "}").error().code, Errc::illegal_docid) << id;
  }
}

TEST(LocalDocument, RefusesUnknownUnderscoreMembers) {
  EXPECT_EQ(read(R"({"_x":1})").error().code, Errc::doc_validation);
  EXPECT_EQ(read(R"({"_deleted":0})").error().code, Errc::doc_validation);
  EXPECT_EQ(read(R"({"_attachments":null})").error().code, Errc::doc_validation);
}

TEST(LocalDocument, AnIdIsNotEmptyNorOver4096Bytes) {
  EXPECT_TRUE(check_local_id("x"));
  EXPECT_TRUE(check_local_id(std::string(4096, 'x')));
  EXPECT_EQ(check_local_id("").error().code, Errc::illegal_docid);
  EXPECT_EQ(check_local_id(std::string(4097, 'x')).error().code, Errc::illegal_docid);
}

TEST(LocalDocument, RefusesWhatIsNoObjectOrTooLarge) {
  EXPECT_EQ(read("[]").error().code, Errc::bad_request);
  EXPECT_EQ(read(R"({"a":"0123456789"})", 10).error().code, Errc::too_large);
}

class WrittenLocalDocument : public testing::Test {
 protected:
  Result<std::uint64_t> write(std::string_view text) {
    return testing_support::run_task(write_local(database_, *read(text)));
  }

  FakeDatabase database_;
};

TEST_F(WrittenLocalDocument, FollowsTheVersionThatItNames) {
  EXPECT_EQ(*write(R"({"n":1})"), 1U);
  EXPECT_EQ(*write(R"({"n":2,"_rev":"0-7"})"), 8U);
  EXPECT_EQ(database_.locals.back(), std::pair(std::string("x"), std::string(R"({"n":2})")));
}

TEST_F(WrittenLocalDocument, DoesNotFollowAnotherDocumentsRevision) {
  EXPECT_EQ(write(R"({"_rev":"1-a"})").error().reason, "Invalid rev format");
  EXPECT_TRUE(database_.locals.empty());
}

TEST_F(WrittenLocalDocument, IsRemovedWhateverRevisionItNames) {
  EXPECT_EQ(*write(R"({"_rev":"1-a","_deleted":true})"), 0U);
}

}  // namespace
}  // namespace mycouch::sync
