#include "store/couch/wire.h"

#include <gmock/gmock.h>

#include "store/couch/change_rows.h"

namespace mycouch::store::couch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

http::Response answer(unsigned status, std::string body, const char* type = "application/json") {
  http::Response made{.status = status, .headers = {}, .body = std::move(body)};
  made.headers.add("Content-Type", type);
  return made;
}

Result<doc::Document> read(const std::string& text) {
  auto outline = json::outline(text, 1);
  if (!outline) return std::unexpected(outline.error());
  return read_document(*outline, outline->root());
}

TEST(Wire, ADocumentIsTakenApart) {
  auto document = read(
      R"({"_id":"t:x","_rev":"2-b","b":1.0,"a":{"c":"\u00e9"},"_revisions":{"start":2,"ids":["b","a"]},)"
      R"("_conflicts":["1-c"],"_attachments":{"n":{"content_type":"text/plain","revpos":2,)"
      R"("digest":"md5-XrY7u+Ae7tCTyyK7j1rNww==","length":11,"stub":true,"encoding":"gzip","encoded_length":31}}})");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->id, "t:x");
  EXPECT_EQ(document->body, R"({"b":1.0,"a":{"c":"\u00e9"}})");
  EXPECT_EQ(document->revisions.hashes.size(), 2U);
  EXPECT_THAT(document->conflicts, ElementsAre(*doc::parse_revision("1-c")));
  ASSERT_THAT(document->attachments, SizeIs(1));
  const doc::Attachment& attachment = document->attachments.front();
  EXPECT_EQ(attachment.encoding, doc::Encoding::gzip);
  EXPECT_EQ(attachment.length, 11U);
  EXPECT_EQ(attachment.stored_length, 31U);
  const ContentOrigin origin = parse_origin(attachment.origin);
  EXPECT_EQ(origin.id, "t:x");
  EXPECT_EQ(origin.rev, "2-b");
}

TEST(Wire, WhatIsNoDocumentIsRefused) {
  for (const char* text : {"[]", "{}", R"({"_id":"x"})", R"({"_id":1,"_rev":"1-a"})",
                           R"({"_id":"x","_rev":"a"})", R"({"_id":"x","_rev":"1-a","_revisions":{}})",
                           R"({"_id":"x","_rev":"1-a","_attachments":{"n":{}}})"}) {
    EXPECT_EQ(read(text).error().code, Errc::unavailable) << text;
  }
}

TEST(Wire, AnEditCarriesWhatItIsMadeOn) {
  doc::Edit edit;
  edit.id = "x";
  edit.parent = *doc::parse_revision("1-a");
  edit.deleted = true;
  edit.body = R"({"tenant":"t"})";
  std::string out;
  append_edit(out, "t:x", edit, true);
  EXPECT_EQ(out, R"({"_id":"t:x","_rev":"1-a","_deleted":true,"tenant":"t"})");
}

TEST(Wire, AClientsFaultKeepsCouchDbsWords) {
  EXPECT_EQ(error_of(answer(409, R"({"error":"conflict","reason":"Document update conflict."})")).code,
            Errc::conflict);
  EXPECT_EQ(error_of(answer(404, R"({"error":"not_found","reason":"deleted"})")).reason, "deleted");
  EXPECT_EQ(error_of(answer(412, R"({"error":"missing_stub","reason":"r"})")).code, Errc::missing_stub);
}

TEST(Wire, WhatIsNotCouchDbsIsNobodysFaultHere) {
  EXPECT_EQ(
      error_of(answer(401, R"({"error":"unauthorized","reason":"Name or password is incorrect."})")).code,
      Errc::unavailable);
  EXPECT_EQ(error_of(answer(502, "<html>Bad gateway</html>", "text/html")).code, Errc::unavailable);
  EXPECT_EQ(error_of(answer(404, "<html>None</html>", "text/html")).code, Errc::unavailable);
  EXPECT_EQ(error_of(answer(500, R"({"error":"x","reason":"y"})")).code, Errc::unavailable);
  EXPECT_EQ(error_of(answer(400, "not JSON")).code, Errc::unavailable);
  EXPECT_EQ(check_answer(answer(200, "<html>", "text/html")).error().code, Errc::unavailable);
  EXPECT_TRUE(check_answer(answer(201, "{}")));
}

TEST(ChangeRows, AFeedsWholeLinesAreTaken) {
  std::string text =
      "{\"seq\":\"1-a\",\"id\":\"t:x\",\"changes\":[{\"rev\":\"2-b\"},{\"rev\":\"2-a\"}]}\n"
      "\n"
      "{\"seq\":\"2-a\",\"id\":\"y\",\"changes\":[{\"rev\":\"1-a\"}],\"deleted\":true}\n{\"seq\":";
  auto read = read_lines(text, {});
  ASSERT_TRUE(read);
  EXPECT_EQ(text, "{\"seq\":");
  EXPECT_EQ(read->last_seq, "2-a");
  ASSERT_THAT(read->rows, SizeIs(2));
  EXPECT_EQ(read->rows[0].partition, "t");
  EXPECT_THAT(read->rows[0].leaves, SizeIs(2));
  EXPECT_THAT(read->rows[0].scopes, ElementsAre("t"));
  EXPECT_TRUE(read->rows[1].deleted);
  EXPECT_EQ(read->rows[1].partition, "");
}

TEST(ChangeRows, AFeedSaysThatItEnds) {
  std::string text = "{\"last_seq\":\"7-a\",\"pending\":0}\n";
  auto read = read_lines(text, {});
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->ended);
  EXPECT_EQ(read->last_seq, "7-a");
}

TEST(ChangeRows, ARuleSeesTheBody) {
  const Store::ScopeRule rule = [](std::string_view id, bool deleted, std::string_view body) {
    return std::vector<std::string>{std::string(id) + (deleted ? "-" : "+") + std::string(body)};
  };
  auto read = read_page(
      R"({"results":[{"seq":1,"id":"a:b","changes":[{"rev":"1-a"}],"doc":{"_id":"a:b","_rev":"1-a","n":1}}],)"
      R"("last_seq":[1,"x"],"pending":3})",
      {.layout = Layout::plain, .scopes = &rule});
  ASSERT_TRUE(read);
  EXPECT_THAT(read->rows.front().scopes, ElementsAre(R"(a:b+{"n":1})", ""));
  EXPECT_EQ(read->last_seq, R"([1,"x"])");
  EXPECT_EQ(read->pending, 3U);
}

TEST(ChangeRows, WhatBelongsToNobodyIsCounted) {
  auto read = read_page(R"({"results":[{"seq":1,"id":":x","changes":[{"rev":"1-a"}]}],"last_seq":"1"})", {});
  ASSERT_TRUE(read);
  EXPECT_THAT(read->rows, IsEmpty());
  EXPECT_EQ(read->nobodys, 1U);
}

TEST(ChangeRows, WhatIsNoFeedIsRefused) {
  for (const char* text :
       {"<html>\n", "{}\n", "{\"id\":\"x\"}\n", "{\"id\":\"x\",\"changes\":[]}\n",
        "{\"error\":\"x\",\"reason\":\"y\"}\n", "{\"id\":\"x\",\"changes\":[{\"rev\":\"a\"}]}\n"}) {
    std::string line = text;
    EXPECT_EQ(read_lines(line, {}).error().code, Errc::unavailable) << text;
  }
}

}  // namespace
}  // namespace mycouch::store::couch
