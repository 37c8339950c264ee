#include "sync/selection.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "sync/feed.h"
#include "unit/sync/fake_database.h"
#include "unit/sync/text_output.h"

namespace mycouch::sync {
namespace {

doc::Selector selector(std::string_view text) {
  auto parsed = doc::Selector::parse(*json::parse(text));
  EXPECT_TRUE(parsed) << text;
  return *std::move(parsed);
}

class SelectionTest : public testing::Test {
 protected:
  std::vector<store::ChangeRow> select(std::string_view text, SelectionOptions options = {}) {
    doc::Selector chosen = selector(text);
    std::optional<Result<std::vector<store::ChangeRow>>> result;
    boost::asio::co_spawn(context_, select_rows(database_, chosen, database_.rows, options),
                          [&](std::exception_ptr, auto selected) { result = std::move(selected); });
    context_.restart();
    context_.run();
    EXPECT_TRUE(result && result->has_value());
    return result && *result ? **std::move(result) : std::vector<store::ChangeRow>();
  }

  std::string ids(std::string_view text) {
    std::string joined;
    for (const store::ChangeRow& row : select(text)) joined += row.id;
    return joined;
  }

  boost::asio::io_context context_;
  FakeDatabase database_;
};

TEST_F(SelectionTest, KeepsTheRowsWhoseDocumentsMatchInTheirOrder) {
  for (const char* id : {"a", "b", "c", "d"}) database_.change(id);
  database_.bodies = {{"a", R"({"n":1})"}, {"b", R"({"n":2})"}, {"d", R"({"n":3})"}};
  EXPECT_EQ(ids(R"({"n":{"$ne":2}})"), "ad");
  EXPECT_EQ(ids("{}"), "abcd");
  EXPECT_EQ(ids(R"({"_id":{"$gte":"c"}})"), "cd");
  EXPECT_EQ(ids(R"({"_rev":"1-aa"})"), "abcd");
}

TEST_F(SelectionTest, AsksAgainForWhatTheStoreDidNotAnswerAtOnce) {
  for (const char* id : {"a", "b", "c", "d"}) database_.change(id);
  database_.bodies = {{"a", R"({"n":1})"}, {"d", R"({"n":3})"}};
  database_.most_at_once = 1;
  EXPECT_EQ(ids(R"({"n":{"$gt":0}})"), "ad");
}

TEST_F(SelectionTest, OneLeafIsMatchedOrAll) {
  database_.change("a");
  database_.rows[0].leaves = {*doc::parse_revision("2-b"), *doc::parse_revision("2-a"),
                              *doc::parse_revision("1-c")};
  auto all = select(R"({"_rev":{"$lt":"2-b"}})", {.all_leaves = true});
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0].leaves.size(), 2U);
  EXPECT_EQ(all[0].leaves[0].text(), "2-a");
  EXPECT_EQ(all[0].leaves[1].text(), "1-c");
  EXPECT_TRUE(select(R"({"_rev":{"$lt":"2-b"}})").empty());
  EXPECT_EQ(select(R"({"_rev":"2-b"})").size(), 1U);
}

// Each of a hundred documents costs some milliseconds: others have their turns meanwhile.
TEST_F(SelectionTest, LetsOthersHaveTheThread) {
  for (int i = 0; i < 100; ++i) {
    std::string id = std::to_string(i);
    database_.change(id);
    database_.bodies[id] = R"({"a":")" + std::string(500, 'a') + R"(b"})";
  }
  int turns = 0;
  std::function<void()> take_turn = [&] {
    ++turns;
    if (turns < 1'000'000 && !context_.stopped()) boost::asio::post(context_, [&] { take_turn(); });
  };
  doc::Selector chosen = selector(R"({"a":{"$regex":"^(a+)+$"}})");
  int turns_at_end = -1;
  boost::asio::co_spawn(context_, select_rows(database_, chosen, database_.rows, {}),
                        [&](std::exception_ptr, auto selected) {
                          EXPECT_TRUE(selected && selected->empty());
                          turns_at_end = turns;
                          context_.stop();
                        });
  boost::asio::post(context_, [&] { take_turn(); });
  context_.run();
  EXPECT_GT(turns_at_end, 1);
}

}  // namespace
}  // namespace mycouch::sync
