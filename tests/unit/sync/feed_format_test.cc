#include "sync/feed_format.h"

#include <gtest/gtest.h>

namespace mycouch::sync {
namespace {

doc::Revision revision(std::string_view text) {
  return *doc::parse_revision(text);
}

store::ChangeRow row() {
  return {.seq = 3, .id = "a\"b", .leaves = {revision("2-bb"), revision("1-aa")}};
}

std::string change(const store::ChangeRow& row, RowForm form, const doc::Document* document = nullptr) {
  std::string out;
  append_change(out, R"("3-e")", row, document, form);
  return out;
}

std::string feed_of_two(FeedKind kind) {
  FeedFormat format(kind);
  std::string out;
  format.begin(out);
  format.row(out, R"({"seq":"1-e"})", R"("1-e")");
  format.row(out, R"({"seq":"2-e"})", R"("2-e")");
  format.heartbeat(out);
  format.end(out, R"("2-e")", 7);
  return out;
}

TEST(FeedFormat, ARowNamesTheWinner) {
  EXPECT_EQ(change(row(), {}), R"({"seq":"3-e","id":"a\"b","changes":[{"rev":"2-bb"}]})");
}

TEST(FeedFormat, ARowOfStyleAllDocsNamesAllLeaves) {
  EXPECT_EQ(change(row(), {.all_leaves = true}),
            R"({"seq":"3-e","id":"a\"b","changes":[{"rev":"2-bb"},{"rev":"1-aa"}]})");
}

TEST(FeedFormat, ADeletionIsMarked) {
  store::ChangeRow deleted = row();
  deleted.deleted = true;
  EXPECT_EQ(change(deleted, {}), R"({"seq":"3-e","id":"a\"b","changes":[{"rev":"2-bb"}],"deleted":true})");
}

TEST(FeedFormat, AnIncludedDocumentThatIsGoneIsNull) {
  EXPECT_EQ(change(row(), {.with_document = true}),
            R"({"seq":"3-e","id":"a\"b","changes":[{"rev":"2-bb"}],"doc":null})");
}

TEST(FeedFormat, NormalAndLongpollAreOneObject) {
  std::string expected =
      "{\"results\":[\n{\"seq\":\"1-e\"},\r\n{\"seq\":\"2-e\"}\n\n],\n\"last_seq\":\"2-e\",\"pending\":7}\n";
  EXPECT_EQ(feed_of_two(FeedKind::normal), expected);
  EXPECT_EQ(feed_of_two(FeedKind::longpoll), expected);
}

TEST(FeedFormat, ContinuousIsALineForEachRow) {
  EXPECT_EQ(feed_of_two(FeedKind::continuous),
            "{\"seq\":\"1-e\"}\n{\"seq\":\"2-e\"}\n\n{\"last_seq\":\"2-e\",\"pending\":7}\n");
}

TEST(FeedFormat, EventSourceHasEventsWithIds) {
  EXPECT_EQ(feed_of_two(FeedKind::eventsource),
            "data: {\"seq\":\"1-e\"}\nid: \"1-e\"\n\ndata: {\"seq\":\"2-e\"}\nid: \"2-e\"\n\n"
            "event: heartbeat\ndata: \n\n");
}

}  // namespace
}  // namespace mycouch::sync
