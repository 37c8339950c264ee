#include "tenancy/audit.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/offload.h"
#include "store/rocks/engine.h"
#include "support/run_task.h"
#include "tenancy/audit_retention.h"

namespace mycouch::tenancy {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const base::WallTime kStart{milliseconds{1'765'380'600'000}};  // 2025-12-10T15:30:00Z

class SetClock final : public base::Clock {
 public:
  base::WallTime now() const override { return time; }
  base::WallTime time = kStart;
};

template <class T>
Result<T> run(Task<T> task) {
  return testing_support::run_task(std::move(task));
}

class AuditTest : public testing::Test {
 protected:
  ~AuditTest() override { engine->close(); }

  static AuditRecord record(std::string action, std::string actor = "user_a", std::string user = "",
                            std::string tenant = "") {
    AuditRecord made;
    made.action = std::move(action);
    made.actor = std::move(actor);
    made.user = std::move(user);
    made.tenant = std::move(tenant);
    made.outcome = "ok";
    made.request_id = "r1";
    made.address = "192.0.2.1";
    return made;
  }

  void append(const AuditRecord& made) { EXPECT_TRUE(run(trail.append(made))); }

  /// A record each second, whose actions count from 1.
  void append_each_second(int count, const std::string& actor = "user_a") {
    for (int i = 1; i <= count; ++i) {
      append(record(std::to_string(i), actor));
      clock.time += std::chrono::seconds(1);
    }
  }

  static std::vector<std::string> actions(const Audit::Page& page) {
    std::vector<std::string> list;
    list.reserve(page.records.size());
    for (const json::Object& each : page.records) list.emplace_back(*each.string("action"));
    return list;
  }
  std::vector<std::string> find(Audit::Query query) { return actions(*run(trail.find(std::move(query)))); }

  /// All pages of a query.
  std::vector<std::string> find_all(Audit::Query query) {
    std::vector<std::string> all;
    for (int pages = 0; pages < 1000; ++pages) {
      Audit::Page page = *run(trail.find(query));
      for (std::string& action : actions(page)) all.push_back(std::move(action));
      if (!page.next) return all;
      query.after = *page.next;
    }
    ADD_FAILURE() << "the pages do not end";
    return all;
  }

  SetClock clock;
  base::Pool pool{1};
  std::unique_ptr<store::Store> engine = *store::rocks::open({.directory = "", .clock = &clock}, pool);
  Audit trail{*engine, "couch-sitter"};
};

TEST_F(AuditTest, ARecordHoldsWhatItWasGiven) {
  AuditRecord made = record("invitation.accept", "user_a", "user_b", "tenant_t");
  made.invitation = "invitation_i";
  made.outcome = "forbidden";
  append(made);
  Audit::Page page = *run(trail.find({}));
  ASSERT_THAT(page.records, SizeIs(1));
  json::Object& found = page.records.front();
  EXPECT_EQ(found.string("id"), "2025-12-10T15:30:00.000Z-0000000000");
  found.erase("id");
  EXPECT_EQ(json::write(found),
            R"({"time":"2025-12-10T15:30:00.000Z","action":"invitation.accept","actor":"user_a",)"
            R"("user":"user_b","tenant":"tenant_t","invitation":"invitation_i","outcome":"forbidden",)"
            R"("request":"r1","address":"192.0.2.1"})");
}

TEST_F(AuditTest, WhatDoesNotApplyIsLeftOut) {
  append(record("bootstrap"));
  Audit::Page page = *run(trail.find({}));
  for (std::string_view name : {"user", "tenant", "invitation"}) {
    EXPECT_FALSE(page.records.front().contains(name)) << name;
  }
}

TEST_F(AuditTest, EachSystemDatabaseHasATrailOfItsOwn) {
  append(record("1"));
  Audit again(*engine, "couch-sitter");
  EXPECT_THAT(actions(*run(again.find({}))), ElementsAre("1"));
  Audit other(*engine, "other");
  EXPECT_THAT(actions(*run(other.find({}))), IsEmpty());
}

TEST_F(AuditTest, WhatARecordHoldsIsWrittenAsJson) {
  AuditRecord made = record("user.update", "admin:\"root\"\n\\");
  made.address = "::1";
  append(made);
  EXPECT_EQ(run(trail.find({}))->records.front().string("actor"), "admin:\"root\"\n\\");
  EXPECT_THAT(find({.user = "admin:\"root\"\n\\"}), ElementsAre("user.update"));
}

TEST_F(AuditTest, TheRecordOfAChangeIsWrittenWithItOrNotAtAll) {
  ASSERT_TRUE(run(engine->create("db")));
  auto change = [this](std::string action) {
    doc::Edit edit;
    edit.id = "x";
    edit.body = R"({"n":1})";
    std::vector<store::DatabaseEdits> parts;
    parts.push_back({.database = "db", .confinement = {}, .edits = {}});
    parts.back().edits.push_back(std::move(edit));
    return run(engine->write_together(std::move(parts), trail.record_of(record(std::move(action)))));
  };
  EXPECT_TRUE(change("1"));
  EXPECT_EQ(change("2").error().code, Errc::conflict);
  EXPECT_THAT(find({}), ElementsAre("1"));
}

TEST_F(AuditTest, RecordsOfOneMillisecondKeepTheirOrder) {
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    append(record(std::to_string(i)));
    expected.push_back(std::to_string(i));
  }
  EXPECT_EQ(find_all({.limit = 7}), expected);
  EXPECT_EQ(find({.limit = 1000}), expected);
}

TEST_F(AuditTest, AClockThatIsSetBackIsNotFollowed) {
  append(record("1"));
  clock.time -= std::chrono::hours(1);
  append(record("2"));
  EXPECT_THAT(find({}), ElementsAre("1", "2"));
  EXPECT_EQ(run(trail.find({}))->records.back().string("time"), "2025-12-10T15:30:00.000Z");
}

TEST_F(AuditTest, RecordsAreFoundByTime) {
  append_each_second(9);
  const auto at = [](int seconds) { return kStart + std::chrono::seconds(seconds); };
  EXPECT_THAT(find({.from = at(2), .to = at(5)}), ElementsAre("3", "4", "5"));
  EXPECT_THAT(find({.from = at(7)}), ElementsAre("8", "9"));
  EXPECT_THAT(find({.to = at(2)}), ElementsAre("1", "2"));
  EXPECT_THAT(find({.from = at(2), .to = at(5), .descending = true}), ElementsAre("5", "4", "3"));
  EXPECT_THAT(find({.from = at(5), .to = at(2)}), IsEmpty());
  EXPECT_THAT(find({.from = at(2) + milliseconds(1), .to = at(5) - milliseconds(1)}), ElementsAre("4", "5"));
}

TEST_F(AuditTest, RecordsAreFoundByWhoActedAndByWhomTheyConcern) {
  append(record("1", "user_a"));
  append(record("2", "user_b", "user_a"));
  append(record("3", "user_b", "user_b", "tenant_t"));
  append(record("4", "admin:root", "user_a", "tenant_t"));
  EXPECT_THAT(find({.user = "user_a"}), ElementsAre("1", "2", "4"));
  EXPECT_THAT(find({.user = "user_b"}), ElementsAre("2", "3"));
  EXPECT_THAT(find({.user = "admin:root"}), ElementsAre("4"));
  EXPECT_THAT(find({.tenant = "tenant_t"}), ElementsAre("3", "4"));
  EXPECT_THAT(find({.user = "user_a", .tenant = "tenant_t"}), ElementsAre("4"));
  EXPECT_THAT(find({.user = "user_a", .action = "2"}), ElementsAre("2"));
  EXPECT_THAT(find({.action = "3"}), ElementsAre("3"));
  EXPECT_THAT(find({.user = "user_c"}), IsEmpty());
  EXPECT_THAT(find({.user = "user_a", .descending = true}), ElementsAre("4", "2", "1"));
}

TEST_F(AuditTest, RecordsOfAUserAreFoundByTime) {
  for (int i = 1; i <= 400; ++i) {
    append(record(std::to_string(i), i % 2 == 0 ? "user_a" : "user_b"));
    clock.time += std::chrono::minutes(1);
  }
  const auto at = [](int minutes) { return kStart + std::chrono::minutes(minutes); };
  EXPECT_THAT(find({.from = at(300), .to = at(306), .user = "user_a"}), ElementsAre("302", "304", "306"));
  EXPECT_THAT(find({.from = at(300), .to = at(306), .user = "user_a", .descending = true}),
              ElementsAre("306", "304", "302"));
  EXPECT_THAT(find({.from = at(395), .user = "user_b"}), ElementsAre("397", "399"));
  EXPECT_THAT(find({.to = at(4), .user = "user_b", .descending = true}), ElementsAre("3", "1"));
  EXPECT_THAT(find({.from = at(500), .user = "user_a"}), IsEmpty());
  EXPECT_THAT(find({.to = at(-1), .user = "user_a", .descending = true}), IsEmpty());
}

TEST_F(AuditTest, PagesFollowEachOther) {
  std::vector<std::string> expected;
  for (int i = 1; i <= 1000; ++i) expected.push_back(std::to_string(i));
  append_each_second(1000);
  std::vector<std::string> reversed(expected.rbegin(), expected.rend());
  for (std::string user : {"", "user_a"}) {
    EXPECT_EQ(find_all({.user = user, .limit = 330}), expected);
    EXPECT_EQ(find_all({.user = user, .limit = 330, .descending = true}), reversed);
    EXPECT_EQ(find_all({.user = user, .limit = 2000}), expected);
  }
}

TEST_F(AuditTest, APageThatLooksAtTooManyRecordsEnds) {
  for (int i = 0; i < 5'100; ++i) append(record("common"));
  append(record("rare"));
  for (std::string user : {"", "user_a"}) {
    Audit::Page first = *run(trail.find({.user = user, .action = "rare"}));
    EXPECT_THAT(first.records, IsEmpty());
    EXPECT_TRUE(first.next);
    EXPECT_THAT(find_all({.user = user, .action = "rare"}), ElementsAre("rare"));
  }
}

TEST_F(AuditTest, ACursorIsARecordsId) {
  append_each_second(3);
  const Audit::Page first = *run(trail.find({.limit = 1}));
  EXPECT_EQ(first.next, first.records.front().string("id"));
  for (std::string user : {"", "user_a"}) {
    EXPECT_THAT(find({.user = user, .after = *first.next}), ElementsAre("2", "3"));
    for (const char* none : {"zzz", "-1", "2025-12-10T15:30:00.000Z", "2025-12-10T15:30:00.000Z-",
                             "2025-12-10T15:30:00.000Z-1", "2025-12-10T15:30:00.000Z-4294967296",
                             "2025-12-10T15:30:00Z-0000000001", "2025-12-10T15:30:00.000Z-000000000x"}) {
      EXPECT_EQ(run(trail.find({.user = user, .after = none})).error().code, Errc::query_parse_error) << none;
    }
  }
}

TEST_F(AuditTest, OldRecordsGoWithoutATrace) {
  append_each_second(1'203);
  EXPECT_EQ(run(trail.expire(kStart + std::chrono::seconds(1'200))), 1'200U);
  EXPECT_THAT(find({}), ElementsAre("1201", "1202", "1203"));
  EXPECT_THAT(find({.user = "user_a"}), ElementsAre("1201", "1202", "1203"));
  EXPECT_THAT(find({.from = kStart + std::chrono::seconds(1'201), .user = "user_a"}),
              ElementsAre("1202", "1203"));
  EXPECT_EQ(run(trail.expire(kStart)), 0U);
}

TEST_F(AuditTest, RetentionRemovesWhatIsOldAndEndsWhenItIsStopped) {
  append_each_second(10);
  boost::asio::io_context& context = testing_support::context_of_this_thread();
  context.restart();
  AuditRetention retention(trail, clock, std::chrono::seconds(3));
  retention.start(context.get_executor());
  // The first round begins at once and is not broken off; the next one would be much later.
  boost::asio::post(context, [&retention] { retention.stop(); });
  context.run();
  EXPECT_THAT(find({}), ElementsAre("8", "9", "10"));
}

}  // namespace
}  // namespace mycouch::tenancy
