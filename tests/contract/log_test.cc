// Logs: what is appended, alone and with edits, and how it is read and removed.
#include <algorithm>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const base::WallTime kStart{milliseconds{1'765'380'600'000}};  // 2025-12-10T15:30:00Z

// More than are left without an index, several times over.
constexpr int kMany = 4'500;

constexpr const char* kTooMany = "thousands of records, each a request, would take long";

class LogTest : public StoreContractTest {
 protected:
  LogTest() { under_test.set_time(kStart); }

  void append(std::string text, std::vector<std::string> topics = {}, std::string log = "log") {
    ASSERT_TRUE(run(store().append_log({std::move(log), std::move(text), std::move(topics)})));
  }

  /// Records that count from 1, one each second, in groups of one time: every hundredth is of the topic
  /// "rare", each of "even" or "odd".
  void append_many(int count = kMany) {
    constexpr int kTogether = 50;
    for (int i = 1; i <= count;) {
      std::vector<Task<void>> together;
      for (int n = 0; n < kTogether && i <= count; ++n, ++i) {
        std::vector<std::string> topics{i % 2 == 0 ? "even" : "odd"};
        if (i % 100 == 0) topics.emplace_back("rare");
        together.push_back(store().append_log({"log", std::to_string(i), std::move(topics)}));
      }
      for (const Result<void>& each : testing_support::run_tasks(std::move(together))) ASSERT_TRUE(each);
      under_test.set_time(under_test.time() + seconds(kTogether));
    }
  }

  LogPage page(LogQuery query) {
    if (query.log.empty()) query.log = "log";
    auto read = run(store().read_log(std::move(query)));
    if (!read) throw std::runtime_error(read.error().reason);
    return *std::move(read);
  }

  std::vector<std::string> texts(LogQuery query) {
    std::vector<std::string> list;
    for (LogEntry& entry : page(std::move(query)).entries) list.push_back(std::move(entry.text));
    return list;
  }

  std::vector<std::string> all_texts(LogQuery query) {
    std::vector<std::string> list;
    for (int pages = 0; pages < 10'000; ++pages) {
      LogPage found = page(query);
      for (LogEntry& entry : found.entries) list.push_back(std::move(entry.text));
      if (!found.next) return list;
      query.after = found.next;
    }
    ADD_FAILURE() << "the pages do not end";
    return list;
  }

  static std::vector<std::string> numbers(int from, int to, int step = 1) {
    std::vector<std::string> list;
    for (int i = from; i <= to; i += step) list.push_back(std::to_string(i));
    return list;
  }
  static std::vector<std::string> reversed(std::vector<std::string> list) {
    std::ranges::reverse(list);
    return list;
  }

  /// Waits until the job in the background has left as little to scan as it does.
  void wait_for_index() {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (page({.topic = "rare"}).looked_at >= 1'000 + kMany / 100) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the topics are not indexed";
      std::this_thread::yield();
    }
  }

  static DatabaseEdits edit(std::string id, std::optional<std::string> parent = {}) {
    doc::Edit made;
    made.id = std::move(id);
    made.body = "{}";
    if (parent) made.parent = revision(*parent);
    return {.database = "db", .confinement = {}, .edits = {std::move(made)}};
  }
};

TEST_P(LogTest, RecordsAreReadInTheOrderInWhichTheyWereWritten) {
  EXPECT_THAT(texts({}), IsEmpty());
  append("1", {"a", "b"});
  append("2");
  append(std::string("3\0\xff", 3));
  const LogPage found = page({});
  ASSERT_THAT(found.entries, SizeIs(3));
  EXPECT_EQ(found.next, std::nullopt);
  EXPECT_EQ(found.entries[0].text, "1");
  EXPECT_THAT(found.entries[0].topics, ElementsAre("a", "b"));
  EXPECT_EQ(found.entries[0].position, (LogPosition{.time = kStart, .number = 0}));
  EXPECT_EQ(found.entries[1].position, (LogPosition{.time = kStart, .number = 1}));
  EXPECT_EQ(found.entries[2].text, std::string("3\0\xff", 3));
  EXPECT_THAT(texts({.descending = true, .limit = 1}), ElementsAre(std::string("3\0\xff", 3)));
}

TEST_P(LogTest, RecordsOfALargeGroupKeepTheirOrder) {
  const int kTogether = under_test.is_embedded() ? 1'500 : 60;
  std::vector<Task<void>> together;
  for (int i = 1; i <= kTogether; ++i) {
    together.push_back(store().append_log({"log", std::to_string(i), {i % 2 == 0 ? "even" : "odd"}}));
  }
  for (const Result<void>& each : testing_support::run_tasks(std::move(together))) ASSERT_TRUE(each);
  EXPECT_EQ(all_texts({}), numbers(1, kTogether));
  EXPECT_EQ(all_texts({.descending = true, .limit = 7}), reversed(numbers(1, kTogether)));
  EXPECT_EQ(all_texts({.topic = "even", .limit = 7}), numbers(2, kTogether, 2));
}

TEST_P(LogTest, PagesOfAFewRecordsFollowEachOtherUntilTheyExpire) {
  constexpr int kFew = 30;
  for (int i = 1; i <= kFew; ++i) {
    under_test.set_time(kStart + seconds(i));
    append(std::to_string(i), {i % 10 == 0 ? "rare" : "usual"});
  }
  EXPECT_EQ(all_texts({.limit = 7}), numbers(1, kFew));
  EXPECT_EQ(all_texts({.descending = true, .limit = 7}), reversed(numbers(1, kFew)));
  EXPECT_EQ(all_texts({.topic = "rare", .limit = 2}), numbers(10, kFew, 10));
  EXPECT_EQ(all_texts({.from = kStart + seconds(5), .to = kStart + seconds(9), .limit = 3}), numbers(5, 8));
  EXPECT_EQ(run(store().expire_log("log", kStart + seconds(11))), 10U);
  EXPECT_EQ(all_texts({.limit = 7}), numbers(11, kFew));
  EXPECT_EQ(all_texts({.topic = "rare", .descending = true, .limit = 1}),
            (std::vector<std::string>{"30", "20"}));
  EXPECT_EQ(run(store().expire_log("log", kStart + seconds(11))), 0U);
}

TEST_P(LogTest, LogsAndTopicsAreApart) {
  append("1", {"a"}, "log");
  append("2", {"a"}, "log\1");
  append("3", {std::string("a\0", 2)}, "log");
  append("4", {"a", "a"}, std::string("log\0x", 5));
  EXPECT_THAT(texts({}), ElementsAre("1", "3"));
  EXPECT_THAT(texts({.log = "log\1"}), ElementsAre("2"));
  EXPECT_THAT(texts({.topic = "a"}), ElementsAre("1"));
  EXPECT_THAT(texts({.topic = std::string("a\0", 2)}), ElementsAre("3"));
  EXPECT_THAT(texts({.log = std::string("log\0x", 5), .topic = "a"}), ElementsAre("4"));
  EXPECT_THAT(texts({.log = "lo"}), IsEmpty());
}

TEST_P(LogTest, AClockThatIsSetBackIsWaitedFor) {
  append("1");
  under_test.set_time(kStart - std::chrono::hours(1));
  append("2");
  if (under_test.keeps_data()) under_test.reopen();
  append("3");
  under_test.set_time(kStart + milliseconds(1));
  append("4");
  const LogPage found = page({});
  std::vector<LogPosition> positions;
  for (const LogEntry& entry : found.entries) positions.push_back(entry.position);
  ASSERT_THAT(positions, SizeIs(4));
  EXPECT_TRUE(std::ranges::is_sorted(positions, std::less_equal<>()));
  EXPECT_EQ(positions[2].time, kStart);
  EXPECT_EQ(positions[3], (LogPosition{.time = kStart + milliseconds(1), .number = 0}));
}

TEST_P(LogTest, RecordsAreFoundByTime) {
  for (int i = 1; i <= 9; ++i) {
    append(std::to_string(i), {i % 2 == 0 ? "even" : "odd"});
    under_test.set_time(kStart + seconds(i));
  }
  const auto at = [](int n) { return kStart + seconds(n); };
  EXPECT_THAT(texts({.from = at(2), .to = at(5)}), ElementsAre("3", "4", "5"));
  EXPECT_THAT(texts({.from = at(2), .to = at(5), .descending = true}), ElementsAre("5", "4", "3"));
  EXPECT_THAT(texts({.from = at(2), .to = at(5), .topic = "odd"}), ElementsAre("3", "5"));
  EXPECT_THAT(texts({.from = at(7)}), ElementsAre("8", "9"));
  EXPECT_THAT(texts({.to = at(2)}), ElementsAre("1", "2"));
  EXPECT_THAT(texts({.to = at(-1)}), IsEmpty());
  EXPECT_THAT(texts({.from = base::WallTime(seconds(-5)), .to = at(1)}), ElementsAre("1"));
  EXPECT_THAT(texts({.from = at(5), .to = at(2)}), IsEmpty());
  EXPECT_THAT(texts({.from = at(5), .to = at(2), .topic = "odd", .descending = true}), IsEmpty());
}

TEST_P(LogTest, PagesFollowEachOther) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  append_many();
  wait_for_index();
  for (std::size_t limit : {330U, 128U, 10'000U}) {
    EXPECT_EQ(all_texts({.limit = limit}), numbers(1, kMany));
    EXPECT_EQ(all_texts({.descending = true, .limit = limit}), reversed(numbers(1, kMany)));
    EXPECT_EQ(all_texts({.topic = "even", .limit = limit}), numbers(2, kMany, 2));
    EXPECT_EQ(all_texts({.topic = "even", .descending = true, .limit = limit}),
              reversed(numbers(2, kMany, 2)));
  }
  EXPECT_EQ(all_texts({.topic = "rare", .limit = 1}), numbers(100, kMany, 100));
  EXPECT_EQ(all_texts({.topic = "rare", .descending = true, .limit = 1}), reversed(numbers(100, kMany, 100)));
  EXPECT_EQ(all_texts({.limit = 10'000, .max_bytes = 100}), numbers(1, kMany));
  EXPECT_LT(page({.limit = 10'000, .max_bytes = 100}).entries.size(), 110U);
}

TEST_P(LogTest, ATopicIsFoundWithoutLookingAtTheOthers) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  append_many();
  wait_for_index();
  const LogPage first = page({.topic = "rare", .limit = 10});
  EXPECT_THAT(first.entries, SizeIs(10));
  EXPECT_EQ(first.looked_at, 10U);
  EXPECT_LE(page({.topic = "never"}).looked_at, 1'000U);
  // The index is of each time too.
  const auto from = kStart + seconds(1'000);
  const auto to = kStart + seconds(2'000);
  EXPECT_EQ(texts({.from = from, .to = to, .topic = "rare"}), numbers(1'100, 2'000, 100));
  EXPECT_EQ(texts({.from = from, .to = to, .topic = "rare", .descending = true}),
            reversed(numbers(1'100, 2'000, 100)));
  EXPECT_EQ(page({.from = from, .to = to, .topic = "rare"}).looked_at, 10U);
}

TEST_P(LogTest, APageLooksAtSoManyRecordsAndNoMore) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  append_many(6'000);
  const LogPage first = page({.limit = 10'000});
  EXPECT_EQ(first.looked_at, 5'000U);
  EXPECT_TRUE(first.next);
  EXPECT_EQ(all_texts({.limit = 10'000}), numbers(1, 6'000));
}

TEST_P(LogTest, ReadersWhileRecordsAreIndexedMissNothing) {
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::size_t before = 0;
    while (!done) {
      const std::vector<std::string> rare = all_texts({.topic = "rare"});
      EXPECT_EQ(rare, numbers(100, static_cast<int>(rare.size()) * 100, 100));
      EXPECT_GE(rare.size(), before);
      before = rare.size();
    }
  });
  append_many();
  done = true;
  reader.join();
  EXPECT_EQ(all_texts({.topic = "rare"}), numbers(100, kMany, 100));
}

TEST_P(LogTest, TheIndexGoesOnWhereItWasAfterReopening) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  if (!under_test.keeps_data()) return;
  append_many(2'500);
  under_test.reopen();
  EXPECT_EQ(all_texts({.topic = "rare"}), numbers(100, 2'500, 100));
  append("2501", {"rare"});
  wait_for_index();
  std::vector<std::string> expected = numbers(100, 2'500, 100);
  expected.emplace_back("2501");
  EXPECT_EQ(all_texts({.topic = "rare"}), expected);
  EXPECT_EQ(all_texts({.topic = "rare", .descending = true}), reversed(expected));
  EXPECT_THAT(all_texts({}), SizeIs(2'501));
}

TEST_P(LogTest, OldRecordsGoWithWhatTheIndexHasOfThem) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  append_many();
  wait_for_index();
  EXPECT_EQ(run(store().expire_log("log", kStart + seconds(3'200))), 3'200U);
  EXPECT_EQ(all_texts({}), numbers(3'201, kMany));
  EXPECT_EQ(all_texts({.descending = true}), reversed(numbers(3'201, kMany)));
  EXPECT_EQ(all_texts({.topic = "rare"}), numbers(3'300, kMany, 100));
  EXPECT_EQ(all_texts({.topic = "odd", .descending = true}), reversed(numbers(3'201, kMany, 2)));
  EXPECT_EQ(run(store().expire_log("log", kStart + seconds(3'200))), 0U);
  EXPECT_EQ(run(store().expire_log("other", kStart + seconds(3'200))), 0U);
  EXPECT_EQ(run(store().expire_log("log", kStart + seconds(kMany))), 1'300U);
  EXPECT_THAT(texts({}), IsEmpty());
  EXPECT_THAT(texts({.topic = "rare"}), IsEmpty());
}

TEST_P(LogTest, ALogThatHasExpiredGoesOnBehindWhatWasThere) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  append_many(2'500);
  const base::WallTime end = under_test.time();
  EXPECT_EQ(run(store().expire_log("log", end)), 2'500U);
  under_test.set_time(kStart);
  if (under_test.keeps_data()) under_test.reopen();
  append("new", {"rare"});
  EXPECT_THAT(texts({.topic = "rare"}), ElementsAre("new"));
  EXPECT_GE(page({}).entries.front().position.time, end - seconds(50));
}

TEST_P(LogTest, RecordsThatExpireWhileOthersAreWrittenAndIndexed) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  std::atomic<bool> done = false;
  std::thread keeper([&] {
    while (!done) EXPECT_TRUE(run(store().expire_log("log", kStart + seconds(2'000))));
  });
  append_many();
  done = true;
  keeper.join();
  EXPECT_TRUE(run(store().expire_log("log", kStart + seconds(2'000))));
  EXPECT_EQ(all_texts({}), numbers(2'001, kMany));
  EXPECT_EQ(all_texts({.topic = "rare"}), numbers(2'100, kMany, 100));
}

TEST_P(LogTest, ARecordIsThereExactlyIfTheEditsAre) {
  auto written = run(store().write_together({edit("x")}, LogRecord{"log", "1", {"a"}}));
  ASSERT_TRUE(written);
  ASSERT_THAT(*written, SizeIs(1));
  EXPECT_EQ(run(store().write_together({edit("x")}, LogRecord{"log", "2", {"a"}})).error().code,
            Errc::conflict);
  EXPECT_EQ(run(store().write_together({{.database = "nowhere", .confinement = {}, .edits = {}}},
                                       LogRecord{"log", "3", {"a"}}))
                .error()
                .code,
            Errc::not_found);
  EXPECT_TRUE(
      run(store().write_together({edit("x", written->front().text())}, LogRecord{"log", "4", {"a"}})));
  EXPECT_THAT(texts({.topic = "a"}), ElementsAre("1", "4"));
}

// However rivals share a group, the record is the winner's.
TEST_P(LogTest, OfRivalsOneLeavesItsRecord) {
  constexpr int kRounds = 20;
  constexpr int kRivals = 20;
  std::vector<std::string> winners;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Task<std::vector<doc::Revision>>> rivals;
    for (int i = 0; i < kRivals; ++i) {
      rivals.push_back(store().write_together({edit("x" + std::to_string(round))},
                                              LogRecord{"log", std::to_string(i), {"a"}}));
    }
    auto outcomes = testing_support::run_tasks(std::move(rivals));
    const auto winner = std::ranges::find_if(outcomes, [](const auto& each) { return each.has_value(); });
    winners.push_back(std::to_string(winner - outcomes.begin()));
  }
  EXPECT_EQ(texts({}), winners);
  EXPECT_EQ(texts({.topic = "a"}), winners);
}

// An edit that cannot be applied fails its whole group, which is then written commit by commit.
TEST_P(LogTest, AGroupWithACommitThatFailsIsWrittenOnceAllTheSame) {
  constexpr int kWriters = 20;
  for (int round = 0; round < 10; ++round) {
    std::vector<Task<std::vector<doc::Revision>>> writers;
    for (int i = 0; i < kWriters; ++i) {
      const std::string name = std::to_string(round) + "-" + std::to_string(i);
      DatabaseEdits part = edit(name);
      if (i % 5 == 0) part.edits.front().attachments.push_back({.name = "nothing"});  // a stub of nothing
      writers.push_back(store().write_together({std::move(part)}, LogRecord{"log", name, {"a"}}));
    }
    auto outcomes = testing_support::run_tasks(std::move(writers));
    for (int i = 0; i < kWriters; ++i) {
      EXPECT_EQ(outcomes[static_cast<std::size_t>(i)].has_value(), i % 5 != 0) << i;
    }
  }
  EXPECT_THAT(texts({}), SizeIs(160));
  for (const std::string& text : texts({.topic = "a"})) {
    EXPECT_EQ(body_of(*under_test.view("db"), text), "{}") << text;
  }
}

// --- records of another store

TEST_P(LogTest, RestoredRecordsKeepTheirTimesAndTheirOrder) {
  const std::vector<LogEntry> records = {
      {.position = {.time = kStart - seconds(9), .number = 7}, .text = "1", .topics = {"a"}},
      {.position = {.time = kStart - seconds(9), .number = 8}, .text = "2", .topics = {"b", "a"}},
      {.position = {.time = kStart - seconds(9), .number = 10}, .text = std::string("3\0", 2), .topics = {}},
      {.position = {.time = kStart - seconds(1), .number = 0}, .text = "4", .topics = {"a"}}};
  ASSERT_TRUE(run(store().restore_log("log", records)));
  const LogPage found = page({});
  ASSERT_THAT(found.entries, SizeIs(records.size()));
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(found.entries[i].position, records[i].position);
    EXPECT_EQ(found.entries[i].text, records[i].text);
    EXPECT_EQ(found.entries[i].topics, records[i].topics);
  }
  EXPECT_THAT(texts({.topic = "a"}), ElementsAre("1", "2", "4"));
  EXPECT_THAT(texts({.to = kStart - seconds(5), .topic = "a"}), ElementsAre("1", "2"));
}

TEST_P(LogTest, RestoredRecordsMayComeAgain) {
  std::vector<LogEntry> records;
  records.reserve(300);
  for (std::uint32_t i = 0; i < 300; ++i) {
    records.push_back({.position = {.time = kStart + seconds(i / 200), .number = i % 200},
                       .text = std::to_string(i + 1),
                       .topics = {"a"}});
  }
  const auto from = [&records](std::ptrdiff_t at) {
    return std::vector<LogEntry>(records.begin() + at, records.end());
  };
  ASSERT_TRUE(run(store().restore_log("log", {records.begin(), records.begin() + 150})));
  ASSERT_TRUE(run(store().restore_log("log", records)));
  ASSERT_TRUE(run(store().restore_log("log", from(70))));
  if (under_test.keeps_data()) under_test.reopen();
  ASSERT_TRUE(run(store().restore_log("log", from(250))));
  EXPECT_EQ(all_texts({}), numbers(1, 300));
  EXPECT_EQ(all_texts({.topic = "a", .descending = true, .limit = 7}), reversed(numbers(1, 300)));
}

TEST_P(LogTest, WhatIsAppendedComesBehindWhatWasRestored) {
  const LogPosition later{.time = kStart + std::chrono::hours(1), .number = 3};
  ASSERT_TRUE(run(store().restore_log("log", {{.position = later, .text = "1", .topics = {}}})));
  append("2");
  const LogPage found = page({});
  ASSERT_THAT(found.entries, SizeIs(2));
  EXPECT_GT(found.entries[1].position, later);
  EXPECT_EQ(found.entries[1].text, "2");
  ASSERT_TRUE(run(store().restore_log("log", {{.position = {.time = kStart}, .text = "0", .topics = {}}})));
  EXPECT_THAT(texts({}), ElementsAre("1", "2"));
}

TEST_P(LogTest, RestoredRecordsAreIndexedAndExpire) {
  if (!under_test.is_embedded()) GTEST_SKIP() << kTooMany;
  append_many();
  const std::vector<LogEntry> records = page({.limit = kMany}).entries;
  ASSERT_THAT(records, SizeIs(kMany));
  for (auto at = records.begin(); at != records.end();) {
    const auto end = at + std::min<std::ptrdiff_t>(500, records.end() - at);
    ASSERT_TRUE(run(store().restore_log("copy", {at, end})));
    at = end;
  }
  EXPECT_EQ(all_texts({.log = "copy", .topic = "rare"}), numbers(100, kMany, 100));
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  while (page({.log = "copy", .topic = "rare"}).looked_at >= 1'000 + kMany / 100) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the topics are not indexed";
    std::this_thread::yield();
  }
  EXPECT_EQ(all_texts({.log = "copy", .topic = "rare"}), numbers(100, kMany, 100));
  EXPECT_EQ(run(store().expire_log("copy", records[1'000].position.time)), 1'000U);
  EXPECT_EQ(all_texts({.log = "copy"}), numbers(1'001, kMany));
}

INSTANTIATE_TEST_SUITE_P(EveryStore, LogTest, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace mycouch::store::testing
