// Contents of attachments: how they come, who holds them, and when they go.

#include <thread>

#include <gmock/gmock.h>

#include "base/gzip.h"
#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

// Of many chunks, no two alike; not compressible.
std::string large_content(std::size_t bytes = 5 * kChunk + 123) {
  std::string content;
  std::uint32_t state = 12345;
  while (content.size() < bytes) {
    state = state * 1664525 + 1013904223;
    content += static_cast<char>(state >> 24);
  }
  return content;
}

class AttachmentsTest : public StoreContractTest {
 protected:
  std::shared_ptr<const doc::StoredContent> take(Database& database, const std::string& content,
                                                 NewContent about, std::size_t piece = 50'000) {
    auto writer = run(database.take_content(std::move(about)));
    EXPECT_TRUE(writer);
    for (std::size_t at = 0; at < content.size(); at += piece) {
      EXPECT_TRUE(run((*writer)->write(content.substr(at, piece))));
    }
    auto taken = run((*writer)->finish());
    EXPECT_TRUE(taken);
    return *taken;
  }
  std::shared_ptr<const doc::StoredContent> take(Database& database, const std::string& content,
                                                 const std::string& type = "application/octet-stream") {
    return take(database, content, NewContent{.content_type = type});
  }

  WriteOutcome attach(Database& database, std::string id, std::shared_ptr<const doc::StoredContent> content,
                      std::optional<std::string> parent = {}) {
    doc::Edit edit;
    edit.id = std::move(id);
    if (parent) edit.parent = revision(*parent);
    doc::IncomingAttachment attachment;
    attachment.name = "a";
    attachment.content_type = "application/octet-stream";
    attachment.stored = std::move(content);
    edit.attachments.push_back(std::move(attachment));
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    auto written = run(database.write(std::move(edits), {}));
    EXPECT_TRUE(written);
    return written->front();
  }

  // Rows go in the background.
  void expect_no_rows() {
    for (int i = 0; under_test.rows_of("attachments") > 0; ++i) {
      ASSERT_LT(i, 2000);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  // Whether a content of this digest can be read in the database's partition, whoever may have it.
  bool holds(Database& database, const doc::StoredContent& content) {
    doc::Attachment attachment{.digest = content.digest, .stored_length = content.stored_length};
    auto reader = run(database.open_content(attachment));
    return reader && read_all(**reader).size() == content.stored_length;
  }
};

TEST_P(AttachmentsTest, WhatIsStreamedInIsStreamedOut) {
  auto db = tenant("a");
  for (std::size_t bytes : {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1, 4 * kChunk,
                            20 * kChunk, 20 * kChunk + 1}) {
    std::string content = large_content(bytes);
    std::string id = "of " + std::to_string(bytes);
    auto taken = take(*db, content);
    EXPECT_EQ(taken->digest, base::md5(content));
    EXPECT_EQ(taken->length, bytes);
    EXPECT_EQ(taken->stored_length, bytes);
    ASSERT_FALSE(attach(*db, id, taken).error);
    EXPECT_EQ(content_of(*db, id), content) << bytes;
  }
}

TEST_P(AttachmentsTest, AnyPartOfAContentCanBeRead) {
  auto db = tenant("a");
  std::string content = large_content();
  attach(*db, "x", take(*db, content));
  auto found = run(db->read_attachment("x", {}, "a"));
  ASSERT_TRUE(found);
  for (auto [from, size] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 1}, {kChunk - 1, 2}, {kChunk, 1}, {100, 3 * kChunk}, {content.size() - 1, 1}}) {
    EXPECT_EQ(run(found->content->read(from, size)), content.substr(from, size));
  }
  EXPECT_EQ(run(found->content->read(content.size() - 5, 100)), content.substr(content.size() - 5));
  EXPECT_EQ(run(found->content->read(content.size(), 1)), "");
}

TEST_P(AttachmentsTest, TextIsStoredCompressed) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "CouchDB compresses, as it is configured to";
  auto db = tenant("a");
  for (std::size_t lines : {10U, 200'000U}) {
    std::string text;
    for (std::size_t i = 0; i < lines; ++i) text += "line " + std::to_string(i) + "\n";
    auto taken = take(*db, text, "text/plain");
    EXPECT_EQ(taken->encoding, doc::Encoding::gzip);
    EXPECT_EQ(taken->length, text.size());
    EXPECT_EQ(taken->received_digest, base::md5(text));
    std::string id = "x" + std::to_string(lines);
    attach(*db, id, taken);
    std::string stored = content_of(*db, id);
    EXPECT_EQ(stored.size(), taken->stored_length);
    EXPECT_EQ(taken->digest, base::md5(stored));
    base::GzipDecoder decoder;
    std::string decoded;
    std::string_view left = stored;
    while (!decoder.done()) ASSERT_TRUE(decoder.read(decoded, left, 100'000));
    EXPECT_EQ(decoded, text);
  }
}

TEST_P(AttachmentsTest, TextThatComesInlineIsStoredAsWhenItIsStreamed) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "CouchDB compresses, as it is configured to";
  auto db = tenant("a");
  std::string text(3000, 't');
  auto taken = take(*db, text, "text/plain");
  doc::Edit edit;
  edit.id = "x";
  edit.attachments.push_back({.name = "a", .content_type = "text/plain", .data = text});
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  ASSERT_FALSE(run(db->write(std::move(edits), {}))->front().error);
  EXPECT_EQ(run(db->read_attachment("x", {}, "a"))->attachment.digest, taken->digest);
}

TEST_P(AttachmentsTest, WhatComesEncodedIsKeptAsItIs) {
  auto db = tenant("a");
  std::string bytes = large_content();
  auto taken =
      take(*db, bytes, {.content_type = "text/plain", .encoding = doc::Encoding::gzip, .decoded_length = 7});
  EXPECT_EQ(taken->digest, base::md5(bytes));
  EXPECT_EQ(taken->length, 7U);
  EXPECT_EQ(taken->encoding, doc::Encoding::gzip);
  attach(*db, "x", taken);
  EXPECT_EQ(content_of(*db, "x"), bytes);
}

TEST_P(AttachmentsTest, OneContentIsStoredOnceHoweverItCame) {
  auto db = tenant("a");
  std::string content = large_content();
  auto first = take(*db, content);
  auto second = take(*db, content);
  std::string x = attach(*db, "x", first).revision.text();
  std::string y = attach(*db, "y", second).revision.text();
  put(*db, "x", "{}", x, true);
  ASSERT_TRUE(run(db->purge({"x"})));
  EXPECT_EQ(content_of(*db, "y"), content);
  ASSERT_TRUE(run(db->purge({"y"})));
  EXPECT_FALSE(holds(*db, *first));
}

TEST_P(AttachmentsTest, ATwinWithinOneDocumentCountsToo) {
  auto db = tenant("a");
  std::string content = large_content();
  doc::Edit edit;
  edit.id = "x";
  for (const char* name : {"a", "b"}) {
    doc::IncomingAttachment attachment;
    attachment.name = name;
    attachment.stored = take(*db, content);
    edit.attachments.push_back(std::move(attachment));
  }
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  auto written = run(db->write(std::move(edits), {}));
  ASSERT_FALSE(written->front().error);
  EXPECT_EQ(content_of(*db, "x"), content);
  attach(*db, "x", take(*db, "other"), written->front().revision.text());
  EXPECT_EQ(content_of(*db, "x"), "other");
}

TEST_P(AttachmentsTest, AContentGoesWithTheLastRevisionThatHasIt) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "CouchDB removes contents as it compacts";
  auto db = tenant("a");
  auto taken = take(*db, large_content());
  std::string rev = attach(*db, "x", taken).revision.text();
  rev = put(*db, "x", "{}", rev).revision.text();
  EXPECT_TRUE(holds(*db, *taken));  // the older revision can still be read
  ASSERT_TRUE(run(db->compact()));
  while (run(db->info())->compact_running) std::this_thread::yield();
  EXPECT_FALSE(holds(*db, *taken));
}

TEST_P(AttachmentsTest, AnotherPartitionDoesNotSeeTheContent) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "a content is found by its document";
  auto taken = take(*tenant("a"), large_content());
  attach(*tenant("a"), "x", taken);
  EXPECT_TRUE(holds(*tenant("a"), *taken));
  EXPECT_FALSE(holds(*tenant("b"), *taken));
}

TEST_P(AttachmentsTest, AReaderReadsOnWhenTheDocumentIsGone) {
  auto db = tenant("a");
  std::string content = large_content(40 * kChunk);
  attach(*db, "x", take(*db, content));
  auto found = run(db->read_attachment("x", {}, "a"));
  ASSERT_TRUE(found);
  ASSERT_TRUE(run(db->purge({"x"})));
  EXPECT_EQ(content_of(*db, "x"), "missing");
  EXPECT_EQ(read_all(*found->content), content);
}

TEST_P(AttachmentsTest, WhatNoEditTookIsNobodys) {
  auto db = tenant("a");
  std::string content = large_content();
  auto dropped = take(*db, content);
  EXPECT_FALSE(holds(*db, *dropped));
  dropped.reset();
  put(*db, "x", "{}");
  EXPECT_EQ(attach(*db, "x", take(*db, content)).error->code, Errc::conflict);
  std::string rev = run(db->read("x", {}))->revision.text();
  ASSERT_FALSE(attach(*db, "x", take(*db, content), rev).error);
  EXPECT_EQ(content_of(*db, "x"), content);
}

TEST_P(AttachmentsTest, AContentOutlastsTheStore) {
  std::string content = large_content();
  attach(*tenant("a"), "x", take(*tenant("a"), content));
  auto left_behind = take(*tenant("a"), content + "more");
  if (!under_test.keeps_data()) GTEST_SKIP() << "a store in memory";
  under_test.reopen();
  EXPECT_EQ(content_of(*tenant("a"), "x"), content);
}

TEST_P(AttachmentsTest, WhatACrashLeftIsSweptAtTheNextStart) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "what waits lies in a file without a name";
  if (!under_test.keeps_data()) GTEST_SKIP() << "a store in memory";
  auto left_behind = take(*tenant("a"), large_content(40 * kChunk));
  EXPECT_EQ(under_test.rows_of("attachments"), 40U);
  under_test.reopen();
  expect_no_rows();
}

TEST_P(AttachmentsTest, WhatIsDroppedIsSweptAtOnce) {
  if (!under_test.is_embedded()) GTEST_SKIP() << "what waits lies in a file without a name";
  if (!under_test.keeps_data()) GTEST_SKIP() << "a store in memory";
  (void)take(*tenant("a"), large_content(40 * kChunk));
  expect_no_rows();
  {
    auto db = tenant("a");
    auto writer = run(db->take_content({.content_type = "image/png"}));
    EXPECT_TRUE(run((*writer)->write(large_content(40 * kChunk))));
  }
  expect_no_rows();
}

TEST_P(AttachmentsTest, AStubOfAnotherGenerationRefersToNothing) {
  auto db = tenant("a");
  std::string rev = attach(*db, "x", take(*db, "content")).revision.text();
  for (auto [revpos, good] : std::vector<std::pair<std::uint32_t, bool>>{{2, false}, {1, true}}) {
    doc::Edit edit;
    edit.id = "x";
    edit.parent = revision(rev);
    doc::IncomingAttachment stub;
    stub.name = "a";
    stub.revpos = revpos;
    edit.attachments.push_back(std::move(stub));
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    auto outcome = run(db->write(std::move(edits), {}))->front();
    EXPECT_EQ(!outcome.error, good) << revpos;
    if (!good) EXPECT_EQ(outcome.error->code, Errc::missing_stub);
  }
}

TEST_P(AttachmentsTest, OnlyAttachmentsNewerThanWhatIsKnownAreSent) {
  auto db = tenant("a");
  std::string first = attach(*db, "x", take(*db, "one")).revision.text();
  std::string second = put(*db, "y", "{}").revision.text();
  ReadOptions options;
  options.attachments = doc::AttachmentForm::inline_data;
  auto sent = [&](std::vector<doc::Revision> since) {
    options.atts_since = std::move(since);
    auto document = run(db->read("x", options));
    return document->sends(document->attachments.front());
  };
  EXPECT_TRUE(sent({}));
  EXPECT_TRUE(sent({revision(second), revision("7-unknown")}));
  EXPECT_FALSE(sent({revision(second), revision(first)}));
}

INSTANTIATE_TEST_SUITE_P(EveryStore, AttachmentsTest, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace mycouch::store::testing
