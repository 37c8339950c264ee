// Indexes of Mango: rows that change with the documents, and the building of new ones.

#include <gmock/gmock.h>

#include "contract/stores.h"
#include "json/writer.h"

namespace mycouch::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

constexpr int kManyDocuments = 1300;  // more than are indexed together

std::string design_of(const std::string& fields, const std::string& filter = "{}",
                      const std::string& name = "i") {
  return R"({"language":"query","views":{")" + name + R"(":{"map":{"fields":)" + fields +
         R"(,"partial_filter_selector":)" + filter + R"(},"reduce":"_count","options":{}}}})";
}

std::string aged(int age) {
  return R"({"age":)" + std::to_string(age) + "}";
}

class IndexesTest : public StoreContractTest {
 protected:
  std::unique_ptr<Database> db = tenant("a");

  void make_index(const std::string& fields, const std::string& filter = "{}") {
    put(*db, "_design/d", design_of(fields, filter));
  }
  // Of the index of make_index() as it is now; of none that was ever made where there is none.
  IndexQuery query(Database& database) {
    IndexQuery asked;
    auto all = run(database.indexes());
    auto at =
        std::ranges::find(*all, "_design/d", [](const Database::Index& index) { return index->design; });
    asked.index = at == all->end() ? std::make_shared<const doc::IndexDefinition>() : *at;
    asked.patience = std::chrono::minutes(1);
    return asked;
  }
  IndexQuery query() { return query(*db); }
  Result<IndexPage> page(Database& database, IndexQuery asked) {
    return run(database.query_index(std::move(asked)));
  }
  Result<IndexPage> page(Database& database) { return page(database, query(database)); }
  static std::vector<std::string> ids_of(const Result<IndexPage>& page) {
    std::vector<std::string> ids;
    if (!page) return {page.error().reason};
    if (!page->built) return {"not built"};
    for (const IndexRow& row : page->rows) ids.push_back(row.document.id);
    return ids;
  }
  std::vector<std::string> ids(IndexQuery asked) { return ids_of(page(*db, std::move(asked))); }
  std::vector<std::string> ids() { return ids(query()); }
  // Whether the documents of the index are those that a scan finds, in the order of their ages.
  void expect_all_indexed() {
    std::vector<std::pair<std::int64_t, std::string>> expected;
    AllDocsQuery all;
    all.limit = 100'000;
    all.max_bytes = 100'000'000;
    all.include_docs = true;
    for (const AllDocsRow& row : run(db->all_docs(all))->rows) {
      json::Value body = json::value_of(row.document->body);
      if (const json::Value* age = body.as_object()->find("age"))
        expected.emplace_back(*age->as_int(), row.id);
    }
    std::ranges::sort(expected);
    std::vector<std::string> wanted;
    for (const auto& [age, id] : expected) wanted.push_back(id);
    IndexQuery asked = query();
    asked.limit = 100'000;
    asked.max_bytes = 100'000'000;
    EXPECT_THAT(ids(asked), ElementsAreArray(wanted));
  }
};

TEST_P(IndexesTest, RowsComeInTheOrderOfValuesThenIds) {
  make_index(R"({"age":"asc"})");
  put(*db, "x", R"({"age":"old"})");
  put(*db, "c", aged(3));
  put(*db, "b", aged(10));
  put(*db, "a", aged(10));
  put(*db, "n", R"({"age":null})");
  put(*db, "none", R"({"name":"n"})");
  EXPECT_THAT(ids(), ElementsAre("n", "c", "a", "b", "x"));
  IndexQuery down = query();
  down.descending = true;
  EXPECT_THAT(ids(down), ElementsAre("x", "b", "a", "c", "n"));
}

TEST_P(IndexesTest, BoundsAreOfTheFirstFieldsAndInclusive) {
  make_index(R"({"a":"asc","b":"asc"})");
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      std::string id = std::to_string(a) + std::to_string(b);
      put(*db, id, R"({"a":)" + std::to_string(a) + R"(,"b":)" + std::to_string(b) + "}");
    }
  }
  IndexQuery asked = query();
  asked.low = {1};
  asked.high = {1};
  EXPECT_THAT(ids(asked), ElementsAre("10", "11", "12"));
  asked.low = {1, 2};
  asked.high = {2, 1};
  EXPECT_THAT(ids(asked), ElementsAre("12", "20", "21"));
  asked.descending = true;
  EXPECT_THAT(ids(asked), ElementsAre("21", "20", "12"));
  asked.low = {3};
  asked.high = {2};
  EXPECT_THAT(ids(asked), IsEmpty());
}

TEST_P(IndexesTest, PagesFollowEachOtherByPosition) {
  make_index(R"({"age":"asc"})");
  for (int i = 0; i < 10; ++i) put(*db, "d" + std::to_string(i), aged(i / 3));
  for (bool descending : {false, true}) {
    std::vector<std::string> all = ids([&] {
      IndexQuery asked = query();
      asked.descending = descending;
      return asked;
    }());
    std::vector<std::string> paged;
    IndexQuery asked = query();
    asked.descending = descending;
    asked.limit = 3;
    for (bool at_end = false; !at_end;) {
      auto found = page(*db, asked);
      ASSERT_TRUE(found);
      for (const IndexRow& row : found->rows) paged.push_back(row.document.id);
      at_end = found->at_end;
      if (!found->rows.empty()) asked.after = found->rows.back().position;
    }
    EXPECT_THAT(paged, ElementsAreArray(all));
  }
}

TEST_P(IndexesTest, RowsMoveWithUpdatesDeletionsAndRebirths) {
  make_index(R"({"age":"asc"})");
  std::string first = put(*db, "a", aged(1)).revision.text();
  put(*db, "b", aged(2));
  std::string second = put(*db, "a", aged(3), first).revision.text();
  EXPECT_THAT(ids(), ElementsAre("b", "a"));
  std::string third = put(*db, "a", "{}", second).revision.text();
  EXPECT_THAT(ids(), ElementsAre("b"));
  std::string fourth = put(*db, "a", aged(0), third).revision.text();
  EXPECT_THAT(ids(), ElementsAre("a", "b"));
  put(*db, "a", aged(0), fourth, true);
  EXPECT_THAT(ids(), ElementsAre("b"));
  put(*db, "a", aged(9));
  EXPECT_THAT(ids(), ElementsAre("b", "a"));
}

TEST_P(IndexesTest, TheWinnerOfAConflictIsIndexed) {
  make_index(R"({"age":"asc"})");
  put(*db, "m", aged(5));
  replicate(*db, "a", aged(1), {"1-a"});
  replicate(*db, "a", aged(9), {"1-b"});
  EXPECT_THAT(ids(), ElementsAre("m", "a"));
  replicate(*db, "a", aged(2), {"1-0"});
  EXPECT_THAT(ids(), ElementsAre("m", "a"));
  replicate(*db, "a", "{}", {"2-c", "1-b"}, true);
  EXPECT_THAT(ids(), ElementsAre("a", "m"));
}

TEST_P(IndexesTest, ManyEditsOfADocumentInOneWriteLeaveOneRow) {
  make_index(R"({"age":"asc"})");
  put(*db, "a", aged(7));
  std::vector<doc::Edit> edits;
  for (int i = 1; i < 5; ++i) {
    doc::Edit edit;
    edit.id = "a";
    edit.body = aged(i);
    edit.path = {1, {doc::RevHash("f" + std::to_string(i))}};
    edits.push_back(std::move(edit));
  }
  ASSERT_TRUE(run(db->write(std::move(edits), {.new_edits = false})));
  EXPECT_THAT(ids(), ElementsAre("a"));
  expect_all_indexed();
}

TEST_P(IndexesTest, APartialIndexHoldsWhatItsSelectorMatches) {
  make_index(R"({"age":"asc"})", R"({"kind":"person"})");
  put(*db, "tree", R"({"age":300,"kind":"tree"})");
  std::string revision = put(*db, "ann", R"({"age":30,"kind":"person"})").revision.text();
  EXPECT_THAT(ids(), ElementsAre("ann"));
  put(*db, "ann", R"({"age":30,"kind":"ghost"})", revision);
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_P(IndexesTest, DesignDocumentsAreNotIndexed) {
  make_index("{}");
  put(*db, "_design/e", R"({"language":"query"})");
  put(*db, "a", "{}");
  EXPECT_THAT(ids(), ElementsAre("a"));
}

TEST_P(IndexesTest, ANewIndexIsBuiltOverTheDocumentsThatAreThere) {
  for (int i = 0; i < kManyDocuments; i += 100) {
    std::vector<doc::Edit> edits;
    for (int j = i; j < i + 100; ++j) {
      doc::Edit edit;
      edit.id = "d" + std::to_string(j);
      edit.body = aged(j % 7);
      edits.push_back(std::move(edit));
    }
    ASSERT_TRUE(run(db->write(std::move(edits), {})));
  }
  make_index(R"({"age":"asc"})");
  EXPECT_EQ(page(*db,
                 [&] {
                   IndexQuery asked = query();
                   asked.limit = 100'000;
                   asked.max_bytes = 100'000'000;
                   return asked;
                 }())
                ->rows.size(),
            kManyDocuments);
  expect_all_indexed();
}

// Each writer's document changes over and over while the index is built and built anew.
TEST_P(IndexesTest, WritesWhileAnIndexIsBuiltAreInIt) {
  std::vector<std::string> revisions(kManyDocuments);
  std::vector<doc::Edit> edits;
  for (int i = 0; i < kManyDocuments; ++i) {
    doc::Edit edit;
    edit.id = "d" + std::to_string(i);
    edit.body = aged(i % 7);
    edits.push_back(std::move(edit));
  }
  auto written = run(db->write(std::move(edits), {}));
  for (int i = 0; i < kManyDocuments; ++i) revisions[i] = (*written)[i].revision.text();
  std::string design;
  for (int round = 0; round < 6; ++round) {
    std::string filter = R"({"age":{"$gte":)" + std::to_string(-round) + "}}";
    auto made = put(*db, "_design/d", design_of(R"({"age":"asc"})", filter),
                    design.empty() ? std::nullopt : std::optional(design));
    design = made.revision.text();
    std::vector<Task<std::vector<WriteOutcome>>> writes;
    std::vector<int> places;
    for (int i = round; i < kManyDocuments; i += 13) {
      doc::Edit edit;
      edit.id = "d" + std::to_string(i);
      edit.body = aged(100 + round);
      edit.deleted = i % 5 == 0;
      if (!revisions[i].empty()) edit.parent = revision(revisions[i]);
      std::vector<doc::Edit> one;
      one.push_back(std::move(edit));
      writes.push_back(db->write(std::move(one), {}));
      places.push_back(i);
    }
    auto outcomes = testing_support::run_tasks(std::move(writes));
    for (std::size_t at = 0; at < outcomes.size(); ++at) {
      ASSERT_TRUE(outcomes[at]);
      const WriteOutcome& outcome = outcomes[at]->front();
      ASSERT_FALSE(outcome.error);
      revisions[places[at]] = places[at] % 5 == 0 ? "" : outcome.revision.text();
    }
    expect_all_indexed();
  }
}

TEST_P(IndexesTest, AnIndexOutlivesTheStore) {
  if (!under_test.keeps_data()) GTEST_SKIP() << "the memory store keeps nothing";
  make_index(R"({"age":"asc"})");
  put(*db, "b", aged(2));
  put(*db, "a", aged(3));
  EXPECT_THAT(ids(), ElementsAre("b", "a"));
  db.reset();
  under_test.reopen();
  db = tenant("a");
  EXPECT_THAT(ids(), ElementsAre("b", "a"));
  put(*db, "c", aged(1));
  EXPECT_THAT(ids(), ElementsAre("c", "b", "a"));
}

TEST_P(IndexesTest, ABuildGoesOnAfterARestart) {
  if (!under_test.keeps_data()) GTEST_SKIP() << "the memory store keeps nothing";
  std::vector<doc::Edit> edits;
  for (int i = 0; i < kManyDocuments; ++i) {
    doc::Edit edit;
    edit.id = "d" + std::to_string(i);
    edit.body = aged(i % 7);
    edits.push_back(std::move(edit));
  }
  ASSERT_TRUE(run(db->write(std::move(edits), {})));
  make_index(R"({"age":"asc"})");
  db.reset();
  under_test.reopen();
  db = tenant("a");
  put(*db, "zz", aged(1));
  expect_all_indexed();
}

TEST_P(IndexesTest, IndexesAreOfTheirPartition) {
  auto other = tenant("b");
  make_index(R"({"age":"asc"})");
  put(*db, "mine", aged(1));
  put(*other, "theirs", aged(1));
  EXPECT_THAT(ids(), ElementsAre("mine"));
  EXPECT_THAT(*run(other->indexes()), IsEmpty());
  EXPECT_EQ(page(*other).error().code, Errc::not_found);
  put(*other, "_design/d", design_of(R"({"age":"asc"})"));
  EXPECT_THAT(ids_of(page(*other)), ElementsAre("theirs"));
  EXPECT_THAT(ids(), ElementsAre("mine"));
}

TEST_P(IndexesTest, AnIndexGoesWithItsDesignDocument) {
  put(*db, "a", aged(1));
  std::string revision = put(*db, "_design/d", design_of(R"({"age":"asc"})")).revision.text();
  EXPECT_EQ((*run(db->indexes())).size(), 1U);
  put(*db, "_design/d", "{}", revision, true);
  EXPECT_THAT(*run(db->indexes()), IsEmpty());
  EXPECT_EQ(page(*db).error().code, Errc::not_found);
  put(*db, "_design/d", design_of(R"({"name":"asc"})"));
  EXPECT_THAT(ids(), IsEmpty());
  ASSERT_TRUE(run(db->purge({"_design/d"})));
  EXPECT_THAT(*run(db->indexes()), IsEmpty());
}

TEST_P(IndexesTest, PurgedDocumentsLeaveNoRows) {
  make_index(R"({"age":"asc"})");
  put(*db, "a", aged(1));
  put(*db, "b", aged(2));
  ASSERT_TRUE(run(db->purge({"a"})));
  EXPECT_THAT(ids(), ElementsAre("b"));
}

TEST_P(IndexesTest, ADatabaseMadeAnewHasNoIndexesOfBefore) {
  make_index(R"({"age":"asc"})");
  put(*db, "a", aged(1));
  ASSERT_TRUE(run(store().remove("db")));
  ASSERT_TRUE(run(store().create("db")));
  db = tenant("a");
  EXPECT_THAT(*run(db->indexes()), IsEmpty());
  make_index(R"({"age":"asc"})");
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_P(IndexesTest, ARedefinedIndexIsBuiltAnew) {
  put(*db, "a", R"({"age":1,"name":"z"})");
  put(*db, "b", R"({"age":2,"name":"y"})");
  std::string revision = put(*db, "_design/d", design_of(R"({"age":"asc"})")).revision.text();
  EXPECT_THAT(ids(), ElementsAre("a", "b"));
  put(*db, "_design/d", design_of(R"({"name":"asc"})"), revision);
  EXPECT_THAT(ids(), ElementsAre("b", "a"));
}

TEST_P(IndexesTest, WhatIsNoIndexIsPassedOver) {
  put(*db, "_design/javascript", R"({"views":{"v":{"map":"function(doc){}"}}})");
  put(*db, "_design/text", R"({"language":"query","views":{"v":{"map":"x","options":{}}}})");
  put(*db, "_design/list", R"({"language":"query","views":{"v":{"map":{"fields":["a"]},"options":{}}}})");
  put(*db, "_design/selector",
      R"({"language":"query","views":{"v":{"map":{"fields":{},"partial_filter_selector":{"a":{"$no":1}}},"options":{}}}})");
  put(*db, "_design/views", R"({"language":"query","views":7})");
  EXPECT_THAT(*run(db->indexes()), IsEmpty());
}

TEST_P(IndexesTest, LongValuesAreIndexedByTheirBeginning) {
  make_index(R"({"text":"asc"})");
  const std::string text(100'000, 'x');
  put(*db, "a", R"({"text":")" + text + R"("})");
  std::string revision = put(*db, "b", R"({"text":")" + text + R"(a"})").revision.text();
  put(*db, "c", R"({"text":"w"})");
  EXPECT_THAT(ids(), ElementsAre("c", "a", "b"));
  put(*db, "b", "{}", revision);
  EXPECT_THAT(ids(), ElementsAre("c", "a"));
}

std::string design_of_many(int count) {
  std::string views;
  for (int i = 0; i < count; ++i) {
    views += (i == 0 ? "\"v" : ",\"v") + std::to_string(i) +
             R"(":{"map":{"fields":{"age":"asc"},"partial_filter_selector":{}},"options":{}})";
  }
  return R"({"language":"query","views":{)" + views + "}}";
}

TEST_P(IndexesTest, AnEditThatDescribesTooManyIndexesIsRefused) {
  put(*db, "_design/d", design_of(R"({"age":"asc"})"));
  std::vector<doc::Edit> edits(4);
  const std::array<int, 4> counts = {40, 24, 23, 0};
  for (std::size_t i = 0; i < edits.size(); ++i) {
    edits[i].id = "_design/many" + std::to_string(i);
    edits[i].body = design_of_many(counts[i]);
  }
  auto written = run(db->write(std::move(edits), {}));
  ASSERT_TRUE(written);
  EXPECT_FALSE((*written)[0].error);
  ASSERT_TRUE((*written)[1].error);
  EXPECT_EQ((*written)[1].error->code, Errc::forbidden);
  EXPECT_FALSE((*written)[2].error);
  EXPECT_FALSE((*written)[3].error);
  EXPECT_EQ(run(db->indexes())->size(), 64U);
  // In the place of as many others there is room.
  put(*db, "_design/many0", design_of_many(40), (*written)[0].revision.text());
  put(*db, "_design/many0", "{}", run(db->read("_design/many0", {}))->revision.text());
  put(*db, "_design/many1", design_of_many(24));
}

TEST_P(IndexesTest, TooManyIndexesThatAReplicatorBringsAreNone) {
  EXPECT_FALSE(replicate(*db, "_design/d", design_of_many(70), {"1-a"}).error);
  EXPECT_EQ(run(db->indexes())->size(), 64U);
}

TEST_P(IndexesTest, AQueryIsOfOneDefinition) {
  std::string revision = put(*db, "_design/d", design_of(R"({"age":"asc","name":"asc"})")).revision.text();
  put(*db, "a", R"({"age":1,"name":"x"})");
  IndexQuery before = query();
  EXPECT_THAT(ids(before), ElementsAre("a"));
  put(*db, "_design/d", design_of(R"({"name":"asc","age":"asc"})"), revision);
  EXPECT_EQ(page(*db, before).error().code, Errc::not_found);
  EXPECT_THAT(ids(), ElementsAre("a"));
}

INSTANTIATE_TEST_SUITE_P(EveryStore, IndexesTest, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace mycouch::store::testing
