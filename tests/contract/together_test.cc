// Store::write_together: edits of several documents and databases, as a whole or not at all.
#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

doc::Edit edit(std::string id, std::string body, std::optional<std::string> parent = {}) {
  doc::Edit made;
  made.id = std::move(id);
  made.body = std::move(body);
  if (parent) made.parent = revision(*parent);
  return made;
}

DatabaseEdits part(std::string database, std::vector<doc::Edit> edits) {
  return {.database = std::move(database), .confinement = {}, .edits = std::move(edits)};
}

TEST_P(StoreContractTest, EditsOfTwoDatabasesAreWrittenTogether) {
  ASSERT_TRUE(run(store().create("other")));
  auto here = under_test.view("db");
  auto there = under_test.view("other");
  auto written = run(store().write_together(
      {part("db", {edit("x", R"({"a":1})"), edit("y", "{}")}), part("other", {edit("x", R"({"b":1})")})}));
  ASSERT_TRUE(written);
  ASSERT_THAT(*written, SizeIs(3));
  EXPECT_EQ(body_of(*here, "x"), R"({"a":1})");
  EXPECT_EQ(body_of(*there, "x"), R"({"b":1})");
  EXPECT_EQ(run(there->read("x", {}))->revision, written->back());
}

TEST_P(StoreContractTest, OneConflictLeavesEverythingAsItWas) {
  ASSERT_TRUE(run(store().create("other")));
  auto here = under_test.view("db");
  const std::string first = put(*here, "x", R"({"n":1})").revision.text();
  put(*here, "x", R"({"n":2})", first);
  auto written =
      run(store().write_together({part("other", {edit("new", "{}")}), part("db", {edit("y", "{}")}),
                                  part("db", {edit("x", R"({"n":3})", first)})}));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::conflict);
  EXPECT_EQ(body_of(*here, "x"), R"({"n":2})");
  EXPECT_EQ(body_of(*here, "y"), "missing");
  EXPECT_THAT(change_ids(*under_test.view("other")), IsEmpty());
}

TEST_P(StoreContractTest, OneMissingDatabaseLeavesEverythingAsItWas) {
  auto written =
      run(store().write_together({part("db", {edit("y", "{}")}), part("nowhere", {edit("x", "{}")})}));
  EXPECT_EQ(written.error().code, Errc::not_found);
  EXPECT_EQ(body_of(*under_test.view("db"), "y"), "missing");
}

// Of many that start from the same revisions, one is written, however they share a group.
TEST_P(StoreContractTest, OfRivalsOneIsWritten) {
  constexpr int kRivals = 20;
  auto here = under_test.view("db");
  const std::string x = put(*here, "x", "{}").revision.text();
  std::vector<Task<std::vector<doc::Revision>>> rivals;
  for (int i = 0; i < kRivals; ++i) {
    rivals.push_back(store().write_together(
        {part("db", {edit("own" + std::to_string(i), "{}"), edit("x", std::to_string(i), x)})}));
  }
  auto outcomes = testing_support::run_tasks(std::move(rivals));
  EXPECT_EQ(std::ranges::count_if(outcomes, [](const auto& outcome) { return outcome.has_value(); }), 1);
  EXPECT_THAT(run(here->all_docs({}))->rows, SizeIs(2));
}

}  // namespace
}  // namespace mycouch::store::testing
