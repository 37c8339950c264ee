#include <thread>

#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;

TEST_P(StoreContractTest, EverythingIsThereAfterReopening) {
  if (!under_test.keeps_data()) return;
  std::string uuid = store().uuid();
  std::string epoch;
  {
    auto db = tenant("a");
    put(*db, "x", R"({"n":1})");
    replicate(*db, "y", "{}", {"2-b", "1-a"});
    run(db->write_local("c", {R"({"at":7})", 1}));
    epoch = run(db->info())->epoch;
  }
  under_test.reopen();
  auto db = tenant("a");
  EXPECT_EQ(store().uuid(), uuid);
  EXPECT_EQ(run(db->info())->epoch, epoch);
  EXPECT_EQ(run(db->info())->update_seq, 2U);
  EXPECT_EQ(body_of(*db, "x"), R"({"n":1})");
  EXPECT_EQ(run(db->read_local("c"))->body, R"({"at":7})");
  put(*db, "z", "{}");
  EXPECT_THAT(change_ids(*db), ElementsAre("x", "y", "z"));
}

TEST_P(StoreContractTest, ManyWritersAtOnceLoseNothing) {
  constexpr int kWriters = 8;
  constexpr int kWrites = 50;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      auto db = tenant("a");
      for (int i = 0; i < kWrites; ++i) {
        EXPECT_FALSE(put(*db, std::to_string(w) + "-" + std::to_string(i), "{}").error);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  auto db = tenant("a");
  EXPECT_EQ(run(db->info())->doc_count, static_cast<std::uint64_t>(kWriters * kWrites));
  EXPECT_EQ(change_ids(*db).size(), static_cast<std::size_t>(kWriters * kWrites));
}

TEST_P(StoreContractTest, OfManyCreatesOfOneIdOneSucceeds) {
  std::atomic<int> created = 0;
  std::vector<std::thread> writers;
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([&] {
      auto db = tenant("a");
      if (!put(*db, "x", "{}").error) ++created;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(created, 1);
}

}  // namespace
TEST_P(StoreContractTest, AStoreClosesWhileARemovedDatabaseIsSwept) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(run(store().create("swept")));
    auto view = under_test.view("swept");
    for (int id = 0; id < 20; ++id) put(*view, std::to_string(id), "{}");
    view.reset();
    ASSERT_TRUE(run(store().remove("swept")));
    under_test.reopen();
    EXPECT_FALSE(run(store().open("swept", {})));
  }
}

}  // namespace mycouch::store::testing
