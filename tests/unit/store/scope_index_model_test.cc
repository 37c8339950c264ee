// The scope index against a model that is too simple to be wrong, and with many readers at once.

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "unit/store/scope_index_fixture.h"

namespace mycouch::store::couch {
namespace {

using ::testing::ElementsAreArray;

/// Of one scope, by the documents' ids.
struct ModelScope {
  std::uint64_t update_seq = 0;
  std::map<std::string, Place> places;
};

class Model {
 public:
  void fold(const FoldedDocument& document) {
    auto& [known, deleted, leaves] = documents_[{document.partition, document.id}];
    const bool same = known && deleted == document.deleted && leaves == document.leaves;
    for (const std::string& name : std::set(document.scopes.begin(), document.scopes.end())) {
      ModelScope& scope = scopes[{document.partition, name}];
      auto at = scope.places.find(document.id);
      if (same && at != scope.places.end() && !at->second.left) continue;
      scope.places[document.id] = {.seq = ++scope.update_seq,
                                   .left = false,
                                   .leaf = document.leaves.front(),
                                   .deleted = document.deleted,
                                   .leaves = document.leaves};
    }
    for (auto& [name, scope] : scopes) {
      auto at = scope.places.find(document.id);
      if (name.partition != document.partition || at == scope.places.end() || at->second.left) continue;
      if (std::ranges::find(document.scopes, name.scope) != document.scopes.end()) continue;
      const doc::Revision& leaf = document.leaves.front();
      at->second = {.seq = ++scope.update_seq, .left = true, .leaf = leaf, .deleted = true, .leaves = {leaf}};
    }
    known = true;
    deleted = document.deleted;
    leaves = document.leaves;
  }

  void purge(const std::string& partition, const std::string& id) {
    documents_.erase({partition, id});
    for (auto& [name, scope] : scopes) {
      if (name.partition == partition) scope.places.erase(id);
    }
  }

  std::map<ScopeName, ModelScope> scopes;

 private:
  struct Known {
    bool known = false;
    bool deleted = false;
    std::vector<doc::Revision> leaves;
  };
  std::map<std::pair<std::string, std::string>, Known> documents_;
};

class ScopeIndexModelTest : public ScopeIndexTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  std::size_t below(std::size_t bound) { return random_() % bound; }

  FoldedDocument some_document() {
    FoldedDocument document{.partition = below(2) == 0 ? "" : "p",
                            .id = "d" + std::to_string(below(8)),
                            .deleted = below(4) == 0,
                            .leaves = {},
                            .scopes = {}};
    for (std::size_t leaf = 0; leaf <= below(2); ++leaf) {
      document.leaves.push_back(revision(std::to_string(1 + below(3)) + "-" + "abc"[below(3)]));
    }
    for (const char* scope : {"", "p", "m", "n"}) {
      if (below(2) == 0) document.scopes.emplace_back(scope);
    }
    return document;
  }

  void expect_as(const ScopeName& name, const ModelScope& scope) {
    std::map<std::uint64_t, std::string> feed;
    std::vector<std::string> live;
    std::size_t deleted = 0;
    for (const auto& [id, expected] : scope.places) {
      feed[expected.seq] = std::to_string(expected.seq) + (expected.deleted ? ":-" : ":") + id;
      if (!expected.deleted) live.push_back(id);
      deleted += expected.deleted ? 1 : 0;
      auto found = *index().place("db", name, id);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->seq, expected.seq);
      EXPECT_EQ(found->left, expected.left);
      EXPECT_EQ(found->deleted, expected.deleted);
      EXPECT_EQ(found->leaves, expected.leaves);
    }
    std::vector<std::string> expected_rows;
    expected_rows.reserve(feed.size());
    for (const auto& [seq, row] : feed) expected_rows.push_back(row);
    EXPECT_THAT(rows(name), ElementsAreArray(expected_rows));
    EXPECT_THAT(ids(name), ElementsAreArray(live));
    EXPECT_EQ(counted(name), std::to_string(scope.update_seq) + "/" + std::to_string(live.size()) + "/" +
                                 std::to_string(deleted));
    for (const ChangeRow& row : index().changes("db", name, {})->rows) {
      EXPECT_EQ(row.leaves, scope.places.at(row.id).leaves);
    }
    const std::uint64_t middle = scope.update_seq / 2;
    EXPECT_EQ(*index().pending("db", name, middle),
              static_cast<std::size_t>(std::distance(feed.upper_bound(middle), feed.end())));
  }

 private:
  std::mt19937 random_{GetParam()};
};

TEST_P(ScopeIndexModelTest, TheIndexIsAsItsModel) {
  Model model;
  for (int round = 0; round < 60; ++round) {
    if (below(6) == 0) {
      const std::string partition = below(2) == 0 ? "" : "p";
      const std::string id = "d" + std::to_string(below(8));
      model.purge(partition, id);
      ASSERT_TRUE(index().purge("db", partition, {id}));
    } else {
      std::vector<FoldedDocument> batch;
      for (std::size_t i = 0; i <= below(6); ++i) model.fold(batch.emplace_back(some_document()));
      fold(batch);
    }
    if (below(20) == 0) reopen();
    for (const auto& [name, scope] : model.scopes) expect_as(name, scope);
    if (HasFailure()) FAIL() << "in round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScopeIndexModelTest, ::testing::Range(1U, 9U));

// Each reader follows the feed from its start: it must have met every document at its last change when it has
// come to the end.
TEST_F(ScopeIndexTest, ReadersFollowWhileFoldsMoveRowsUnderThem) {
  constexpr std::size_t kDocuments = 50;
  constexpr std::size_t kFolds = 300;
  const ScopeName scope{"a", "a"};
  std::atomic<bool> ended = false;
  auto follow = [&] {
    std::map<std::string, std::uint32_t> met;
    ChangesQuery query{.limit = 7};
    while (true) {
      const bool last_look = ended;
      Result<ChangesPage> page = index().changes("db", scope, query);
      ASSERT_TRUE(page);
      for (const ChangeRow& row : page->rows) {
        EXPECT_GT(row.seq, query.since);
        met[row.id] = row.leaves.front().generation;
      }
      EXPECT_GE(page->last_seq, query.since);
      query.since = page->last_seq;
      if (last_look && page->at_end) break;
    }
    ASSERT_EQ(met.size(), kDocuments);
    for (const auto& [id, generation] : met) {
      EXPECT_EQ(generation, index().place("db", scope, id).value()->leaf.generation);
    }
  };
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) readers.emplace_back(follow);
  for (std::size_t i = 0; i < kFolds; ++i) {
    std::vector<FoldedDocument> batch;
    batch.reserve(5);
    for (std::size_t k = 0; k < 5; ++k) {
      batch.push_back(
          tenants("a", std::to_string((i * 7 + k * 11) % kDocuments), {std::to_string(i + 1) + "-a"}));
    }
    fold(batch);
  }
  ended = true;
  for (std::thread& reader : readers) reader.join();
}

// What is read is of one life, or of the next, and never of one that is being swept.
TEST_F(ScopeIndexTest, NoReaderSeesALifeThatIsBeingSwept) {
  const ScopeName scope{"a", "a"};
  const std::vector<FoldedDocument> documents = {tenants("a", "x", {"1-a"}), tenants("a", "y", {"1-a"})};
  fold(documents);
  std::atomic<bool> ended = false;
  std::atomic<std::size_t> halves = 0;
  std::thread reader([&] {
    while (!ended) {
      Result<ChangesPage> page = index().changes("db", scope, {});
      ASSERT_TRUE(page);
      // A life begins empty; from its first fold on it has both documents.
      if (page->rows.size() == 1) ++halves;
      EXPECT_EQ(page->last_seq, page->rows.size());
    }
  });
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(index().begin("db", std::to_string(i)));
    fold(documents);
  }
  ended = true;
  reader.join();
  EXPECT_EQ(halves, 0U);
}

}  // namespace
}  // namespace mycouch::store::couch
