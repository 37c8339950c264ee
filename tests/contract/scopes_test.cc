#include <gmock/gmock.h>

#include "contract/stores.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_P(StoreContractTest, TenantsWithTheSameIdsDoNotMeet) {
  auto a = tenant("a");
  auto b = tenant("b");
  std::string rev = put(*a, "x", R"({"of":"a"})").revision.text();
  put(*b, "x", R"({"of":"b"})");
  put(*b, "y", R"({"of":"b"})");
  EXPECT_EQ(body_of(*a, "x"), R"({"of":"a"})");
  EXPECT_EQ(body_of(*a, "y"), "missing");
  EXPECT_THAT(change_ids(*a), ElementsAre("x"));
  EXPECT_EQ(run(a->info())->update_seq, 1U);
  EXPECT_EQ(run(b->info())->doc_count, 2U);
  EXPECT_EQ(run(a->all_docs({}))->rows.size(), 1U);
}

// Names that a naive key layout would let lie within each other.
TEST_P(StoreContractTest, NoTenantsKeysLieWithinAnothers) {
  using namespace std::string_literals;
  std::vector<std::string> names = {"a",        "ab",     "a\0"s,   "a\0b"s, "a\0\x01"s,
                                    "a\0\xff"s, "a\xff"s, "a\x01"s, ""};
  for (std::size_t i = 0; i < names.size(); ++i) put(*tenant(names[i]), "x" + std::to_string(i), "{}");
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto db = tenant(names[i]);
    EXPECT_THAT(change_ids(*db), ElementsAre("x" + std::to_string(i)));
    EXPECT_EQ(run(db->all_docs({}))->rows.size(), 1U);
  }
}

// A stand-in for the system database: a document's members are the letters of its body.
class ScopedDatabaseTest : public StoreContractTest {
 protected:
  ScopedDatabaseTest() {
    store().set_scope_rule("system", [](std::string_view, bool deleted, std::string_view body) {
      std::vector<std::string> members;
      for (char c : body) {
        if (!deleted && c >= 'a' && c <= 'z') members.emplace_back(1, c);
      }
      return members;
    });
    EXPECT_TRUE(run(store().create("system")));
  }

  std::unique_ptr<Database> whole() { return under_test.view("system"); }
  std::unique_ptr<Database> user(const std::string& name) { return under_test.view("system", "", name); }
};

TEST_P(ScopedDatabaseTest, AUserSeesTheDocumentsOfItsScope) {
  put(*whole(), "t1", R"({"0":["a","b"]})");
  put(*whole(), "t2", R"({"0":["b"]})");
  EXPECT_EQ(body_of(*user("a"), "t1"), R"({"0":["a","b"]})");
  EXPECT_EQ(body_of(*user("a"), "t2"), "missing");
  EXPECT_THAT(change_ids(*user("a")), ElementsAre("t1"));
  EXPECT_THAT(change_ids(*user("b")), ElementsAre("t1", "t2"));
  EXPECT_THAT(change_ids(*user("c")), IsEmpty());
  EXPECT_THAT(change_ids(*whole()), ElementsAre("t1", "t2"));
  EXPECT_EQ(run(user("a")->all_docs({}))->rows.size(), 1U);
  EXPECT_EQ(run(user("b")->info())->doc_count, 2U);
}

TEST_P(ScopedDatabaseTest, LeavingAScopeIsARemovalThereAndNowhereElse) {
  std::string rev = put(*whole(), "t", R"({"0":["a","b"]})").revision.text();
  rev = put(*whole(), "t", R"({"0":["b"]})", rev).revision.text();
  EXPECT_THAT(change_ids(*user("a")), ElementsAre("-t"));
  EXPECT_THAT(change_ids(*user("b")), ElementsAre("t"));
  EXPECT_EQ(body_of(*user("a"), "t"), "deleted");
  EXPECT_EQ(run(user("a")->info())->doc_count, 0U);

  // What happens there afterwards is no business of who left.
  std::uint64_t seen = run(user("a")->info())->update_seq;
  rev = put(*whole(), "t", R"({"0":["b",1]})", rev).revision.text();
  EXPECT_EQ(run(user("a")->info())->update_seq, seen);

  put(*whole(), "t", R"({"0":["a","b"]})", rev);
  EXPECT_THAT(change_ids(*user("a"), seen), ElementsAre("t"));
  EXPECT_EQ(run(user("a")->info())->doc_count, 1U);
  EXPECT_EQ(run(user("a")->info())->doc_del_count, 0U);
}

TEST_P(ScopedDatabaseTest, WhoHasLeftReadsATombstoneOfTheRevisionByWhichItLeft) {
  const std::string first = put(*whole(), "t", R"({"0":["a","b"]})").revision.text();
  const std::string left = put(*whole(), "t", R"({"0":["b"]})", first).revision.text();
  const std::string later = put(*whole(), "t", R"({"0":["b",1]})", left).revision.text();

  auto found = run(user("a")->read_many({{"t", revision(left)}}, {.rev = {}, .latest = true, .revs = true}));
  ASSERT_TRUE(found);
  const std::optional<doc::Document>& document = found->front().front().document;
  ASSERT_TRUE(document);
  EXPECT_EQ(document->revision.text(), left);
  EXPECT_TRUE(document->deleted);
  EXPECT_EQ(document->body, "{}");
  EXPECT_EQ(document->revisions.hashes.size(), 2U);
  auto leaves = run(user("a")->read_all_leaves("t", {}));
  ASSERT_EQ(leaves->size(), 1U);
  EXPECT_EQ(leaves->front().revision.text(), left);

  // Neither an older body nor anything of what came later.
  EXPECT_EQ(run(user("a")->read("t", {.rev = revision(first)})).error().code, Errc::not_found);
  EXPECT_EQ(run(user("a")->read("t", {.rev = revision(later)})).error().code, Errc::not_found);
  auto diffs = run(user("a")->revs_diff({{"t", {revision(left), revision(later)}}}));
  EXPECT_THAT(diffs->front().missing, ElementsAre(revision(later)));
  EXPECT_THAT(run(user("c")->revs_diff({{"t", {revision(left)}}}))->front().missing,
              ElementsAre(revision(left)));

  // With the same right as before, the same history.
  put(*whole(), "t", R"({"0":["a","b"]})", later);
  EXPECT_EQ(body_of(*user("a"), "t"), R"({"0":["a","b"]})");
  EXPECT_EQ(run(user("a")->read("t", {.rev = revision(left)}))->body, R"({"0":["b"]})");
}

TEST_P(ScopedDatabaseTest, ObserversHearOfScopesToo) {
  std::vector<std::string> heard;
  store().observe("system", [&heard](const Store::Written& written) { heard = written.scopes; });
  std::string rev = put(*whole(), "t", R"({"0":["a","b"]})").revision.text();
  EXPECT_THAT(heard, UnorderedElementsAre("", "a", "b"));
  put(*whole(), "t", R"({"0":["b"]})", rev);
  EXPECT_THAT(heard, UnorderedElementsAre("", "a", "b"));
  put(*whole(), "u", R"({"0":["c"]})");
  EXPECT_THAT(heard, UnorderedElementsAre("", "c"));
}

TEST_P(ScopedDatabaseTest, ObserversHearOfAWriteBeforeItsWriter) {
  std::vector<std::string> heard;
  store().observe("db", [&heard](const Store::Written& written) { heard = written.ids; });
  put(*tenant("a"), "x", "{}");
  EXPECT_THAT(heard, ElementsAre("x"));
}

INSTANTIATE_TEST_SUITE_P(EveryStore, ScopedDatabaseTest, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace mycouch::store::testing
