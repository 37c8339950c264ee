#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "doc/document.h"

namespace mycouch::doc {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kHash = "917fa2381192822767f010b95b45325b";

Result<Edit> read(std::string_view text, const EditRules& rules = {}, std::string_view url_id = {}) {
  MYCOUCH_TRY(json::Outline outline, json::outline(text, 1));
  return read_edit(outline, outline.root(), url_id, rules);
}

const EditRules kReplicated{.new_edits = false};
const EditRules kStamped{.stamp = {.name = "tenant", .value = "tenant_a"}};

void expect_error(const Result<Edit>& result, Errc code, std::string_view reason) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << to_string(result.error().code);
  EXPECT_EQ(result.error().reason, reason);
}

std::string body_of(std::string_view text, const EditRules& rules = {}) {
  Result<Edit> edit = read(text, rules);
  return edit ? edit->body : "error: " + edit.error().reason;
}

TEST(CheckId, AcceptsOrdinaryAndDesignIds) {
  for (std::string id : {"a", "_design/x", "with/slash", "constructor", "\xc3\xa9", "a_"})
    EXPECT_TRUE(check_id(id)) << id;
  EXPECT_TRUE(check_id(std::string(4096, 'a')));
}

TEST(CheckId, RefusesInCouchdbsWords) {
  auto reason = [](std::string_view id) {
    Result<void> result = check_id(id);
    if (result) return std::string("accepted");
    EXPECT_EQ(result.error().code, Errc::illegal_docid);
    return result.error().reason;
  };
  EXPECT_EQ(reason(""), "Document id must not be empty");
  EXPECT_EQ(reason("_design/"), "Illegal document id `_design/`");
  EXPECT_EQ(reason("_local/"), "Illegal document id `_local/`");
  EXPECT_EQ(reason("_x"), "Only reserved document ids may start with underscore.");
  EXPECT_EQ(reason("_local/x"), "Only reserved document ids may start with underscore.");
  EXPECT_EQ(reason("_design"), "Only reserved document ids may start with underscore.");
  EXPECT_EQ(reason(std::string(4097, 'a')), "Document id is too long");
  EXPECT_EQ(reason("\xff"), "Document id must be valid UTF-8");
}

TEST(ReadEdit, TakesWhatADocumentSays) {
  Result<Edit> edit = read(R"({"_id":"x","_rev":"2-b","_deleted":true,"a":1,"b":[{"c":null}]})");
  ASSERT_TRUE(edit) << edit.error().reason;
  EXPECT_EQ(edit->id, "x");
  EXPECT_EQ(edit->parent, parse_revision("2-b").value());
  EXPECT_THAT(edit->path.hashes, IsEmpty());
  EXPECT_TRUE(edit->deleted);
  EXPECT_EQ(edit->body, R"({"a":1,"b":[{"c":null}]})");
}

TEST(ReadEdit, ANewDocumentHasNoParentAndMayHaveNoId) {
  Result<Edit> edit = read("{}");
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->id, "");
  EXPECT_FALSE(edit->parent);
  EXPECT_FALSE(edit->deleted);
  EXPECT_EQ(edit->body, "{}");
}

TEST(ReadEdit, ADocumentInsideALargerOutlineIsReadAlike) {
  std::string_view text = R"({"docs":[{"_id":"a","n":{"deep":[1]}},{"_id":"b","n":2}]})";
  Result<json::Outline> outline = json::outline(text, 3);
  ASSERT_TRUE(outline);
  std::vector<std::string> seen;
  for (const json::Node& node : outline->children(*outline->find(outline->root(), "docs"))) {
    Result<Edit> edit = read_edit(*outline, node, {}, {});
    ASSERT_TRUE(edit);
    seen.push_back(edit->id + edit->body);
  }
  EXPECT_THAT(seen, ::testing::ElementsAre(R"(a{"n":{"deep":[1]}})", R"(b{"n":2})"));
}

TEST(ReadEdit, TheBodyStandsOnOneLineAndIsOtherwiseAsItCame) {
  EXPECT_EQ(body_of("{ \"a\" :\r\n [1,\n 2 ],\"b\":\"x\\n\", \"c\\n\\u00e9\":1.50 }"),
            "{\"a\":[1, 2 ],\"b\":\"x\\n\",\"c\\n\xc3\xa9\":1.50}");
}

TEST(ReadEdit, TheIdComesFromTheUrlOrTheBody) {
  EXPECT_EQ(read("{}", {}, "x")->id, "x");
  EXPECT_EQ(read(R"({"_id":"x"})", {}, "x")->id, "x");
  EXPECT_EQ(read(R"({"_id":"\u0078\/y"})")->id, "x/y");
  EXPECT_EQ(read(R"({"_id":"y"})", {}, "x")->id, "x");
  expect_error(read(R"({"_id":1})"), Errc::illegal_docid, "Document id must be a string");
  expect_error(read(R"({"_id":""})"), Errc::illegal_docid, "Document id must not be empty");
  expect_error(read("{}", {}, "_x"), Errc::illegal_docid,
               "Only reserved document ids may start with underscore.");
}

TEST(ReadEdit, OnlyObjectsAreDocuments) {
  for (std::string_view text : {"[]", "1", "\"x\"", "null"}) {
    expect_error(read(text), Errc::bad_request, "Document must be a JSON object");
  }
}

TEST(ReadEdit, WhatAReaderGotMayComeBackAndIsLeftOut) {
  EXPECT_EQ(body_of(R"({"_revs_info":1,"_local_seq":2,"a":3,"_conflicts":[],"_deleted_conflicts":[]})"),
            R"({"a":3})");
}

TEST(ReadEdit, OtherUnderscoreMembersAreRefused) {
  expect_error(read(R"({"_foo":1})"), Errc::doc_validation, "Bad special document member: _foo");
  expect_error(read(R"({"\u005ffoo":1})"), Errc::doc_validation, "Bad special document member: _foo");
  expect_error(read(R"({"_":1})"), Errc::doc_validation, "Bad special document member: _");
  expect_error(read(R"({"_deleted":"true"})"), Errc::doc_validation, "Bad special document member: _deleted");
  expect_error(read(R"({"_revisions":[]})"), Errc::doc_validation, "Bad special document member: _revisions");
  expect_error(read(R"({"_attachments":[]})"), Errc::doc_validation,
               "Bad special document member: _attachments");
}

TEST(ReadEdit, AMalformedRevIsRefused) {
  for (std::string_view text : {R"({"_rev":1})", R"({"_rev":null})", R"({"_rev":""})", R"({"_rev":"x"})",
                                R"({"_rev":"0-x"})", R"({"_rev":"4294967295-x"})"}) {
    expect_error(read(text), Errc::bad_request, "Invalid rev format");
  }
}

TEST(ReadEdit, AReplicatedEditBringsItsHistory) {
  Result<Edit> edit =
      read(R"({"_id":"x","_rev":"3-c","_revisions":{"start":3,"ids":["c","b"]}})", kReplicated);
  ASSERT_TRUE(edit) << edit.error().reason;
  EXPECT_FALSE(edit->parent);
  EXPECT_EQ(edit->path.generation, 3U);
  EXPECT_EQ(edit->path.hashes, (std::vector{RevHash("c"), RevHash("b")}));

  edit = read(R"({"_id":"x","_rev":"3-c"})", kReplicated);
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->path.leaf(), parse_revision("3-c").value());
  EXPECT_EQ(edit->path.hashes.size(), 1U);
  EXPECT_TRUE(read(R"({"_id":"x","_rev":"4294967295-c"})", kReplicated));
}

TEST(ReadEdit, AReplicatedEditWithoutARevisionIsRefused) {
  std::string_view reason = "When `new_edits: false`, the document needs `_rev` or `_revisions` specified";
  expect_error(read(R"({"_id":"x"})", kReplicated), Errc::bad_request, reason);
  expect_error(read(R"({"_id":"x","_revisions":{"start":0,"ids":[]}})", kReplicated), Errc::bad_request,
               reason);
  // The URL may name one, which its reader knows.
  EXPECT_TRUE(read("{}", kReplicated, "x")->path.hashes.empty());
}

TEST(ReadEdit, RevisionsCountBeforeRevInEitherOrder) {
  for (std::string_view text : {R"({"_rev":"9-z","_revisions":{"ids":["c","b"],"start":3}})",
                                R"({"_revisions":{"start":3,"ids":["c","b"]},"_rev":"9-z"})"}) {
    EXPECT_EQ(read(text, kReplicated)->path.leaf(), parse_revision("3-c").value());
    EXPECT_EQ(read(text)->parent, parse_revision("3-c").value());
  }
}

TEST(ReadEdit, MalformedRevisionsAreRefusedInCouchdbsWords) {
  auto revisions = [](std::string_view value) {
    return read(R"({"_id":"x","_revisions":)" + std::string(value) + "}", kReplicated);
  };
  std::string_view start = "_revisions.start isn't an integer.";
  std::string_view ids = "_revisions.ids isn't a array.";
  expect_error(revisions(R"({"ids":["a"]})"), Errc::doc_validation, start);
  expect_error(revisions(R"({"start":"1","ids":["a"]})"), Errc::doc_validation, start);
  expect_error(revisions(R"({"start":1.0,"ids":["a"]})"), Errc::doc_validation, start);
  expect_error(revisions(R"({"start":-1,"ids":["a"]})"), Errc::doc_validation, start);
  expect_error(revisions(R"({"start":4294967296,"ids":["a"]})"), Errc::doc_validation, start);
  expect_error(revisions(R"({"start":1})"), Errc::doc_validation, ids);
  expect_error(revisions(R"({"start":1,"ids":{"a":1}})"), Errc::doc_validation, ids);
  expect_error(revisions(R"({"start":1,"ids":[1]})"), Errc::doc_validation, "RevId isn't a string");
  expect_error(revisions(R"({"start":1,"ids":["a\r\nb"]})"), Errc::doc_validation,
               "RevId isn't a valid revision");
  expect_error(revisions(R"({"start":1,"ids":["a","b"]})"), Errc::doc_validation,
               "_revisions.start is less than the number of _revisions.ids.");
  expect_error(revisions(R"({"start":1,"ids":[]})"), Errc::doc_validation, "_revisions.ids is empty.");
}

TEST(ReadEdit, TheStampIsAddedOrMustAgree) {
  EXPECT_EQ(body_of("{}", kStamped), R"({"tenant":"tenant_a"})");
  EXPECT_EQ(body_of(R"({"a":1})", kStamped), R"({"a":1,"tenant":"tenant_a"})");
  EXPECT_EQ(body_of(R"({"tenant":"tenant_\u0061","a":1})", kStamped), R"({"tenant":"tenant_\u0061","a":1})");
  for (std::string_view value : {R"("tenant_b")", "null", R"(["tenant_a"])", R"("tenant_a ")"}) {
    expect_error(read(R"({"tenant":)" + std::string(value) + "}", kStamped), Errc::forbidden,
                 R"("tenant" is set by the server and has another value)");
  }
  EXPECT_EQ(body_of(R"({"tenant":"tenant_b"})"), R"({"tenant":"tenant_b"})");
}

TEST(ReadEdit, ABodyOverTheLimitIsTooLarge) {
  EditRules rules{.max_document_size = 7};
  EXPECT_EQ(body_of(R"({"a":1})", rules), R"({"a":1})");
  expect_error(read(R"({"a":12})", rules), Errc::too_large, "document_too_large: over 7 bytes");
}

Result<std::vector<IncomingAttachment>> attachments(std::string_view members) {
  MYCOUCH_TRY(Edit edit, read(R"({"_attachments":{)" + std::string(members) + "}}"));
  return edit.attachments;
}

TEST(ReadEdit, InlineAttachmentsAreDecoded) {
  auto read = attachments(
      R"("a.txt":{"content_type":"text\/plain","data":"aGk="},"b\"":{"data":"aG\nk=","revpos":3},"c":{"data":""})");
  ASSERT_TRUE(read) << read.error().reason;
  ASSERT_EQ(read->size(), 3U);
  const auto& [plain, bare, empty] = std::tie((*read)[0], (*read)[1], (*read)[2]);
  EXPECT_EQ(plain.name, "a.txt");
  EXPECT_EQ(plain.content_type, "text/plain");
  EXPECT_EQ(plain.data, "hi");
  EXPECT_FALSE(plain.revpos);
  EXPECT_FALSE(plain.follows);
  EXPECT_EQ(bare.name, "b\"");
  EXPECT_EQ(bare.content_type, "application/octet-stream");
  EXPECT_EQ(bare.data, "hi");
  EXPECT_EQ(bare.revpos, 3U);
  EXPECT_EQ(empty.data, "");
}

TEST(ReadEdit, StubsAndThoseThatFollowNameTheirContent) {
  std::string digest = md5_text(base::md5("hi"));
  auto read = attachments(
      R"("s":{"stub":true,"revpos":2,"digest":")" + digest +
      R"(","length":2,"data":"ignored"},"f":{"follows":true,"length":2},"o":{"stub":true,"digest":"sha1-x"})");
  ASSERT_TRUE(read) << read.error().reason;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_FALSE((*read)[0].data);
  EXPECT_FALSE((*read)[0].follows);
  EXPECT_EQ((*read)[0].revpos, 2U);
  EXPECT_EQ((*read)[0].digest, base::md5("hi"));
  EXPECT_TRUE((*read)[1].follows);
  EXPECT_FALSE((*read)[1].data);
  EXPECT_FALSE((*read)[2].digest);
}

TEST(ReadEdit, MalformedAttachmentsAreRefused) {
  auto refused = [](std::string_view members, std::string_view reason) {
    auto result = attachments(members);
    ASSERT_FALSE(result) << members;
    EXPECT_EQ(result.error().code, Errc::bad_request);
    EXPECT_EQ(result.error().reason, reason);
  };
  refused(R"("_a":{"data":""})", "Attachment name '_a' starts with prohibited character '_'");
  refused(R"("":{"data":""})", R"(Bad attachment "": the name is empty)");
  refused(R"("a":1)", R"(Bad attachment "a": it isn't an object)");
  refused(R"("a":{})", "Invalid attachment data for a");
  refused(R"("a":{"data":1})", "Invalid attachment data for a");
  refused(R"("a":{"data":"%"})", "Invalid attachment data for a");
  refused(R"("a":{"data":"","stub":false,"follows":"true","revpos":-1})",
          R"(Bad attachment "a": revpos isn't an integer)");
  refused(R"("a":{"data":"","content_type":1})", R"(Bad attachment "a": content_type isn't a string)");
  refused(R"("a":{"data":"","content_type":"x\r\nSet-Cookie: y"})",
          R"(Bad attachment "a": content_type has control characters)");
}

TEST(ReadEdit, AStubsDigestMayNameNothing) {
  Result<Edit> edit = read(R"({"_id":"x","_attachments":{"a":{"stub":true,"digest":"md5-x"}}})");
  ASSERT_TRUE(edit);
  EXPECT_FALSE(edit->attachments.at(0).digest);
}

TEST(ReadEdit, AReplicatorsStateStaysInTheBody) {
  EXPECT_EQ(body_of(R"({"_replication_id":"r","_replication_stats":{},"n":1})"),
            R"({"_replication_id":"r","_replication_stats":{},"n":1})");
}

TEST(NextRevision, CountsGenerationsAndIsTheSameEverywhere) {
  Revision first = next_revision({}, false, R"({"a":1})", {});
  EXPECT_EQ(first.text(), "1-b66a073f63d54419b800f4a0bd5cc4ae");
  EXPECT_EQ(next_revision({}, false, R"({"a":1})", {}), first);
  EXPECT_EQ(next_revision(first, false, "{}", {}).generation, 2U);
}

TEST(NextRevision, DependsOnAllOfTheContent) {
  Attachment a{.name = "a", .content_type = "t", .digest = base::md5("1")};
  Attachment b{.name = "b", .content_type = "t", .digest = base::md5("2")};
  Attachment longer_name{.name = "at", .content_type = "", .digest = base::md5("1")};
  Attachment other_content{.name = "a", .content_type = "t", .digest = base::md5("2")};
  Revision parent{1, RevHash(kHash)};
  Revision other_parent{1, RevHash("x")};
  std::vector<Revision> all = {
      next_revision({}, false, "{}", {}),
      next_revision({}, true, "{}", {}),
      next_revision({}, false, "{ }", {}),
      next_revision(parent, false, "{}", {}),
      next_revision(other_parent, false, "{}", {}),
      next_revision({}, false, "{}", {a}),
      next_revision({}, false, "{}", {longer_name}),
      next_revision({}, false, "{}", {other_content}),
      next_revision({}, false, "{}", {a, b}),
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(all[i].hash, all[k].hash) << i << " " << k;
  }
  EXPECT_EQ(next_revision({}, false, "{}", {a, b}), next_revision({}, false, "{}", {b, a}));
}

}  // namespace
}  // namespace mycouch::doc
