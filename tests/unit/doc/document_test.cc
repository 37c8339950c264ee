#include "doc/document.h"

#include <gtest/gtest.h>

#include "json/value.h"

namespace mycouch::doc {
namespace {

std::string json_of(const Document& document) {
  std::string out;
  append_json(out, document);
  EXPECT_TRUE(json::parse(out)) << out;
  return out;
}

Revision rev(std::string_view text) {
  return *parse_revision(text);
}

TEST(Md5Text, IsCouchdbsDigest) {
  EXPECT_EQ(md5_text(base::md5("")), "md5-1B2M2Y8AsgTpgAmY7PhCfg==");
  EXPECT_EQ(parse_md5("md5-1B2M2Y8AsgTpgAmY7PhCfg=="), base::md5(""));
  for (std::string_view text :
       {"", "md5-", "1B2M2Y8AsgTpgAmY7PhCfg==", "md5-1B2M2Y8AsgTpgAmY7PhCfg", "md5-aGk="}) {
    EXPECT_FALSE(parse_md5(text)) << text;
  }
}

TEST(AppendJson, IdAndRevStandBeforeTheBody) {
  EXPECT_EQ(json_of({.id = "x", .revision = rev("1-a"), .body = "{}"}), R"({"_id":"x","_rev":"1-a"})");
  EXPECT_EQ(json_of({.id = "x", .revision = rev("1-a"), .body = R"({"b":1, "a":{}})"}),
            R"({"_id":"x","_rev":"1-a","b":1, "a":{}})");
}

TEST(AppendJson, ADeletedDocumentSaysSo) {
  EXPECT_EQ(json_of({.id = "x", .revision = rev("1-a"), .deleted = true, .body = R"({"b":1})"}),
            R"({"_id":"x","_rev":"1-a","b":1,"_deleted":true})");
}

TEST(AppendJson, NamesAreEscaped) {
  EXPECT_EQ(json_of({.id = "a\"b", .revision = rev("1-\\")}), R"({"_id":"a\"b","_rev":"1-\\"})");
}

TEST(AppendJson, WhatWasAskedForFollowsInCouchdbsOrder) {
  Document document{.id = "x", .revision = rev("3-c")};
  document.revisions = {.generation = 3,
                        .hashes = {RevHash("c"), RevHash("917fa2381192822767f010b95b45325b")}};
  document.revs_info = {{rev("3-c"), RevisionStatus::State::available},
                        {rev("2-b"), RevisionStatus::State::missing},
                        {rev("1-a"), RevisionStatus::State::deleted}};
  document.conflicts = {rev("3-b"), rev("2-x")};
  document.deleted_conflicts = {rev("3-y")};
  document.local_seq = "7-e";
  EXPECT_EQ(
      json_of(document),
      R"({"_id":"x","_rev":"3-c","_revisions":{"start":3,"ids":["c","917fa2381192822767f010b95b45325b"]},)"
      R"("_revs_info":[{"rev":"3-c","status":"available"},{"rev":"2-b","status":"missing"},)"
      R"({"rev":"1-a","status":"deleted"}],"_conflicts":["3-b","2-x"],"_deleted_conflicts":["3-y"],)"
      R"("_local_seq":"7-e"})");
}

TEST(AppendJson, AttachmentsThatAreSentHaveAPlaceForTheirContent) {
  Document document{.id = "x", .revision = rev("1-a")};
  document.attachments = {{.name = "a",
                           .content_type = "text/plain",
                           .digest = base::md5(""),
                           .length = 3,
                           .stored_length = 2,
                           .revpos = 1},
                          {.name = "b",
                           .content_type = "t",
                           .digest = base::md5(""),
                           .length = 2,
                           .stored_length = 2,
                           .revpos = 9}};
  std::string stub = R"("a":{"content_type":"text/plain","revpos":1,"digest":"md5-1B2M2Y8AsgTpgAmY7PhCfg==",)"
                     R"("length":3,"stub":true})";
  EXPECT_EQ(json_of(document),
            R"({"_id":"x","_rev":"1-a","_attachments":{)" + stub +
                R"(,"b":{"content_type":"t","revpos":9,"digest":"md5-1B2M2Y8AsgTpgAmY7PhCfg==",)"
                R"("length":2,"stub":true}}})");
  document.attachment_form = AttachmentForm::inline_data;
  document.contents_since = 1;
  std::string with_places;
  append_json(with_places, document);
  EXPECT_EQ(with_places, R"({"_id":"x","_rev":"1-a","_attachments":{)" + stub +
                             R"(,"b":{"content_type":"t","revpos":9,"digest":"md5-1B2M2Y8AsgTpgAmY7PhCfg==",)"
                             R"("data":")" +
                             kContentPlace + R"("}}})");
}

TEST(AppendJson, EncodedAttachmentsTellTheirEncodingWhereItIsAsked) {
  Document document{.id = "x", .revision = rev("1-a")};
  document.attachments = {{.name = "a",
                           .content_type = "text/plain",
                           .digest = base::md5(""),
                           .length = 30,
                           .stored_length = 25,
                           .revpos = 1,
                           .encoding = Encoding::gzip}};
  document.attachment_form = AttachmentForm::follows;
  document.encoding_info = true;
  EXPECT_EQ(json_of(document),
            R"({"_id":"x","_rev":"1-a","_attachments":{"a":{"content_type":"text/plain","revpos":1,)"
            R"("digest":"md5-1B2M2Y8AsgTpgAmY7PhCfg==","length":30,"follows":true,)"
            R"("encoding":"gzip","encoded_length":25}}})");
}

TEST(IsCompressible, TextAndItsKinAre) {
  for (const char* type : {"text/plain", "text/x-anything", " Text/HTML ; charset=utf-8", "application/json",
                           "application/javascript;v=1", "APPLICATION/XML"}) {
    EXPECT_TRUE(is_compressible(type)) << type;
  }
  for (const char* type : {"", " ", "image/png", "application/octet-stream", "application/json5",
                           "x-text/plain", "image/svg+xml"}) {
    EXPECT_FALSE(is_compressible(type)) << type;
  }
}

}  // namespace
}  // namespace mycouch::doc
