// Which partitions and scopes a database has: what a copy of a whole store goes by.
#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Names = std::vector<std::string>;

class PartitionsTest : public StoreContractTest {
 protected:
  Names partitions(std::optional<std::string> after = {}, std::size_t limit = 100) {
    return run(store().partitions("db", std::move(after), limit)).value();
  }
  Names local_scopes(std::optional<std::string> after = {}, std::size_t limit = 100) {
    return run(store().local_scopes("db", std::move(after), limit)).value();
  }
};

TEST_P(PartitionsTest, ThoseThatHoldDocumentsAreNamedInOrder) {
  EXPECT_THAT(partitions(), IsEmpty());
  for (const std::string name : {"tenant_b", "", "tenant_a", "tenant_a-b", "a", "é"}) {
    put(*tenant(name), "x", "{}");
    put(*tenant(name), "y", "{}");
  }
  EXPECT_THAT(partitions(), ElementsAre("", "a", "tenant_a", "tenant_a-b", "tenant_b", "é"));
  EXPECT_THAT(local_scopes(), IsEmpty());
}

TEST_P(PartitionsTest, PagesGoOnBehindAName) {
  for (const std::string name : {"", "a", "b", "c"}) put(*tenant(name), "x", "{}");
  EXPECT_THAT(partitions({}, 2), ElementsAre("", "a"));
  EXPECT_THAT(partitions("a", 2), ElementsAre("b", "c"));
  EXPECT_THAT(partitions("", 1), ElementsAre("a"));
  EXPECT_THAT(partitions("aa", 9), ElementsAre("b", "c"));
  EXPECT_THAT(partitions("c"), IsEmpty());
  EXPECT_THAT(partitions({}, 0), IsEmpty());
}

TEST_P(PartitionsTest, OneWhoseDocumentsAreAllDeletedIsNamedToo) {
  auto db = tenant("a");
  const std::string rev = put(*db, "x", "{}").revision.text();
  put(*db, "x", "{}", rev, true);
  EXPECT_THAT(partitions(), ElementsAre("a"));
}

TEST_P(PartitionsTest, OneWhoseDocumentsArePurgedIsGone) {
  auto db = tenant("a");
  put(*db, "x", "{}");
  put(*tenant("b"), "x", "{}");
  ASSERT_TRUE(run(db->purge({"x"})));
  EXPECT_THAT(partitions(), ElementsAre("b"));
}

TEST_P(PartitionsTest, ScopesOfLocalDocumentsAreNamedWhateverDocumentsThereAre) {
  put(*tenant("a"), "x", "{}");
  ASSERT_TRUE(run(tenant("b")->write_local("c", {"{}", 1})));
  ASSERT_TRUE(run(under_test.view("db", "", "user_x")->write_local("c", {"{}", 1})));
  ASSERT_TRUE(run(under_test.view("db")->write_local("c", {"{}", 1})));
  EXPECT_THAT(local_scopes(), ElementsAre("", "b", "user_x"));
  EXPECT_THAT(local_scopes("", 1), ElementsAre("b"));
  EXPECT_THAT(partitions(), ElementsAre("a"));
  ASSERT_TRUE(run(tenant("b")->remove_local("c")));
  EXPECT_THAT(local_scopes(), ElementsAre("", "user_x"));
}

TEST_P(PartitionsTest, EachDatabaseHasItsOwn) {
  ASSERT_TRUE(run(store().create("other")));
  put(*under_test.view("other", "o", "o"), "x", "{}");
  put(*tenant("a"), "x", "{}");
  EXPECT_THAT(partitions(), ElementsAre("a"));
  EXPECT_THAT(run(store().partitions("other", {}, 9)).value(), ElementsAre("o"));
  EXPECT_EQ(run(store().partitions("nowhere", {}, 9)).error().code, Errc::not_found);
  EXPECT_EQ(run(store().local_scopes("nowhere", {}, 9)).error().code, Errc::not_found);
}

INSTANTIATE_TEST_SUITE_P(EveryStore, PartitionsTest, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace mycouch::store::testing
