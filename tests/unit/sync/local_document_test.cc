#include "sync/local_document.h"

#include <gtest/gtest.h>

namespace mycouch::sync {
namespace {

Result<LocalEdit> read(std::string_view text, std::uint64_t max_document_size = 1000) {
  MYCOUCH_TRY(json::Outline outline, json::outline(text, 1));
  return read_local_edit(outline, outline.root(), max_document_size);
}

TEST(LocalDocument, KeepsTheBodyAsItCame) {
  auto edit = read(R"({"_id":"_local/x","session":"s", "n": 1.0,"_rev":"0-3","list":[1, 2]})");
  ASSERT_TRUE(edit.has_value());
  EXPECT_EQ(edit->document.body, R"({"session":"s","n":1.0,"list":[1, 2]})");
  EXPECT_EQ(edit->document.version, 4U);
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

TEST(LocalDocument, RefusesWhatIsNoLocalRevision) {
  for (std::string_view rev : {R"("1-abc")", R"("foo")", R"("0-")", R"("0")", "7", R"("0-x")"}) {
    auto edit = read(R"({"_rev":)" + std::string(rev) + "}");
    ASSERT_FALSE(edit.has_value()) << rev;
    EXPECT_EQ(edit.error().reason, "Invalid rev format");
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

}  // namespace
}  // namespace mycouch::sync
