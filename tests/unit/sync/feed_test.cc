#include "sync/feed.h"

#include <functional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "unit/sync/fake_database.h"
#include "unit/sync/text_output.h"

namespace mycouch::sync {
namespace {

using SteadyClock = std::chrono::steady_clock;

class FakeHost final : public FeedHost {
 public:
  std::shared_ptr<base::Waiter> waiter;
  std::function<void()> on_watch;
  bool allowed = true;
  bool gone = false;
  SteadyClock::time_point ends = SteadyClock::time_point::max();

  Task<void> watch(std::shared_ptr<base::Waiter> w) override {
    waiter = std::move(w);
    if (on_watch) on_watch();
    co_return Result<void>{};
  }
  Task<bool> goes_on() override {
    if (gone) co_return fail(Errc::cancelled, "gone");
    co_return allowed;
  }
  SteadyClock::time_point deadline() const override { return ends; }
};

class FeedTest : public testing::Test {
 protected:
  /// Runs a feed to its end. `when_waiting` runs each time that the feed has begun to wait.
  std::string run(FeedOptions options, std::function<void()> when_waiting = {}) {
    output_.tap = [&](const std::string&) {
      if (when_waiting) boost::asio::post(context_, when_waiting);
    };
    Feed feed(database_, host_, output_, std::move(options));
    boost::asio::co_spawn(context_, feed.run(),
                          [&](std::exception_ptr, Result<void> ended) { result_ = ended; });
    context_.restart();
    context_.run();
    return output_.sent + output_.text();
  }

  void change_all(std::initializer_list<const char*> ids) {
    for (const char* id : ids) database_.change(id);
  }

  static std::string end(const std::string& last_seq, int pending) {
    return "\n],\n\"last_seq\":\"" + last_seq + "\",\"pending\":" + std::to_string(pending) + "}\n";
  }
  static std::size_t count(std::string_view text, std::string_view part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
    return n;
  }

  boost::asio::io_context context_;  // outlives the waiters that the database keeps
  FakeDatabase database_;
  FakeHost host_;
  TextOutput output_;
  Result<void> result_;
};

TEST_F(FeedTest, NormalSendsEveryRowAndEnds) {
  change_all({"a", "b"});
  EXPECT_EQ(run({}),
            "{\"results\":[\n{\"seq\":\"1-e1\",\"id\":\"a\",\"changes\":[{\"rev\":\"1-aa\"}]},\r\n"
            "{\"seq\":\"2-e1\",\"id\":\"b\",\"changes\":[{\"rev\":\"1-aa\"}]}" +
                end("2-e1", 0));
}

TEST_F(FeedTest, NothingNewIsAnEmptyList) {
  change_all({"a", "b"});
  EXPECT_EQ(run({.since = *parse_since("2-e1")}), "{\"results\":[\n" + end("2-e1", 0));
}

TEST_F(FeedTest, ALimitTellsWhatIsPending) {
  change_all({"a", "b", "c"});
  std::string text = run({.limit = 1});
  EXPECT_EQ(count(text, "\"id\""), 1U);
  EXPECT_TRUE(text.ends_with(end("1-e1", 2))) << text;
}

TEST_F(FeedTest, ALimitOfNothingTellsOnlyWhereItIs) {
  change_all({"a", "b"});
  EXPECT_EQ(run({.limit = 0}), "{\"results\":[\n" + end("0-e1", 2));
}

TEST_F(FeedTest, AFilterGoesOnUntilTheLimitIsFull) {
  for (int i = 0; i < 2500; ++i) database_.change("doc" + std::to_string(i));
  change_all({"x", "y", "z"});
  ChangesFilter filter{ChangesFilter::Kind::doc_ids, {"x", "z"}};
  std::string text = run({.limit = 1, .filter = filter});
  EXPECT_EQ(count(text, "\"id\":\"x\""), 1U);
  EXPECT_TRUE(text.ends_with(end("2501-e1", 2))) << text;
}

TEST_F(FeedTest, AFilterThatNothingPassesEndsWhereItGotTo) {
  change_all({"a", "b"});
  EXPECT_EQ(run({.filter = {ChangesFilter::Kind::design, {}}}), "{\"results\":[\n" + end("2-e1", 0));
}

TEST_F(FeedTest, DescendingBeginsWithTheNewest) {
  change_all({"a", "b", "c"});
  std::string text = run({.kind = FeedKind::longpoll, .limit = 2, .descending = true});
  EXPECT_LT(text.find("\"id\":\"c\""), text.find("\"id\":\"b\""));
  EXPECT_TRUE(text.ends_with(end("2-e1", 1))) << text;
}

TEST_F(FeedTest, IncludedDocumentsStandInTheirRows) {
  change_all({"a", "b"});
  EXPECT_EQ(count(run({.include_docs = true}), R"("doc":{"_id":)"), 2U);
}

TEST_F(FeedTest, IncludedDocumentsMayComeOneByOne) {
  change_all({"a", "b", "c"});
  database_.most_at_once = 1;
  std::string text = run({.include_docs = true});
  EXPECT_EQ(count(text, R"("doc":{"_id":)"), 3U);
  EXPECT_TRUE(text.ends_with(end("3-e1", 0))) << text;
}

TEST_F(FeedTest, AFeedThatCatchesUpEndsWhenItsCallerLosesItsAccess) {
  for (int i = 0; i < 2500; ++i) database_.change("doc" + std::to_string(i));
  for (bool descending : {false, true}) {
    output_ = {};
    host_.allowed = false;
    std::string text = run({.descending = descending});
    EXPECT_EQ(count(text, "\"id\""), 1000U);
    EXPECT_TRUE(text.contains("\"pending\":1500}")) << text.substr(text.size() - 100);
  }
}

TEST_F(FeedTest, AFeedThatCatchesUpEndsAtItsDeadline) {
  for (int i = 0; i < 2500; ++i) database_.change("doc" + std::to_string(i));
  host_.ends = SteadyClock::now();
  EXPECT_TRUE(run({.kind = FeedKind::continuous}).ends_with("{\"last_seq\":\"1000-e1\",\"pending\":1500}\n"));
}

TEST_F(FeedTest, ARemovalBeforeTheFeedWatchesIsNoticed) {
  change_all({"a"});
  host_.on_watch = [this] { host_.allowed = false; };
  FeedOptions options{
      .kind = FeedKind::longpoll, .since = *parse_since("now"), .heartbeat = std::chrono::seconds(60)};
  EXPECT_EQ(run(std::move(options)), "{\"results\":[\n" + end("1-e1", 0));
}

TEST_F(FeedTest, OnlySomeRowsCarryTheirSequence) {
  change_all({"a", "b", "c", "d"});
  std::string text = run({.limit = 4, .seq_interval = 2});
  EXPECT_EQ(count(text, "\"seq\":null"), 2U);
  EXPECT_TRUE(text.ends_with(end("4-e1", 0))) << text;
}

TEST_F(FeedTest, LongpollAnswersAtOnceWhereThereIsAChange) {
  change_all({"a"});
  EXPECT_TRUE(run({.kind = FeedKind::longpoll}).ends_with(end("1-e1", 0)));
  EXPECT_EQ(host_.waiter, nullptr);
}

TEST_F(FeedTest, LongpollIsWokenByAChange) {
  change_all({"a"});
  std::string text =
      run({.kind = FeedKind::longpoll, .since = *parse_since("now")}, [this] { database_.change("b"); });
  EXPECT_EQ(output_.sent, "{\"results\":[\n");
  EXPECT_EQ(count(text, "\"id\":\"b\""), 1U);
  EXPECT_TRUE(text.ends_with(end("2-e1", 0))) << text;
}

TEST_F(FeedTest, AChangeThatTheFilterKeepsBackWakesNobody) {
  int changes = 0;
  ChangesFilter filter{ChangesFilter::Kind::doc_ids, {"wanted"}};
  std::string text =
      run({.kind = FeedKind::longpoll, .filter = filter, .heartbeat = std::chrono::milliseconds(1)},
          [&] { database_.change(++changes < 3 ? "other" : "wanted"); });
  EXPECT_EQ(count(text, "\"id\""), 1U);
  EXPECT_TRUE(text.ends_with(end("2-e1", 0)) || text.ends_with(end("3-e1", 0))) << text;
}

TEST_F(FeedTest, LongpollEndsAfterItsTimeout) {
  EXPECT_EQ(run({.kind = FeedKind::longpoll, .timeout = std::chrono::milliseconds(1)}),
            "{\"results\":[\n" + end("0-e1", 0));
}

TEST_F(FeedTest, HeartbeatsComeUntilThereIsAChange) {
  int pieces = 0;
  std::string text = run({.kind = FeedKind::longpoll, .heartbeat = std::chrono::milliseconds(1)}, [&] {
    if (++pieces == 3) database_.change("a");
  });
  EXPECT_TRUE(output_.sent.starts_with("{\"results\":[\n\n\n")) << output_.sent;
  EXPECT_TRUE(text.ends_with(end("1-e1", 0))) << text;
}

TEST_F(FeedTest, AFeedWhoseCallerLosesItsAccessEndsWithItsLastSeq) {
  change_all({"a"});
  std::string text = run({.kind = FeedKind::longpoll, .since = *parse_since("now")}, [this] {
    host_.allowed = false;
    host_.waiter->wake();
  });
  EXPECT_TRUE(result_.has_value());
  EXPECT_TRUE(text.ends_with(end("1-e1", 0))) << text;
}

TEST_F(FeedTest, AFeedEndsAtItsDeadline) {
  host_.ends = SteadyClock::now() + std::chrono::milliseconds(5);
  FeedOptions options{.kind = FeedKind::continuous, .heartbeat = std::chrono::seconds(60)};
  EXPECT_EQ(run(std::move(options)), "\n{\"last_seq\":\"0-e1\",\"pending\":0}\n");
}

TEST_F(FeedTest, AFeedWhoseClientHasGoneIsDropped) {
  run({.kind = FeedKind::longpoll}, [this] {
    host_.gone = true;
    host_.waiter->wake();
  });
  ASSERT_FALSE(result_.has_value());
  EXPECT_EQ(result_.error().code, Errc::cancelled);
}

TEST_F(FeedTest, AFeedWhoseDatabaseIsDeletedEnds) {
  std::string text = run({.kind = FeedKind::longpoll}, [this] {
    database_.removed = true;
    for (const auto& waiter : database_.waiters) waiter->wake();
  });
  EXPECT_TRUE(result_.has_value());
  EXPECT_TRUE(text.ends_with(end("0-e1", 0))) << text;
}

TEST_F(FeedTest, ContinuousGoesOnUntilItsLimit) {
  int changes = 0;
  std::string text = run({.kind = FeedKind::continuous, .limit = 3},
                         [&] { database_.change("doc" + std::to_string(++changes)); });
  EXPECT_EQ(count(text, "\"id\""), 3U);
  EXPECT_TRUE(text.ends_with("{\"last_seq\":\"3-e1\",\"pending\":0}\n") ||
              text.ends_with("{\"last_seq\":\"3-e1\",\"pending\":1}\n"))
      << text;
}

}  // namespace
}  // namespace mycouch::sync
