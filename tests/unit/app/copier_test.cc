#include "app/copier.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/run_each.h"
#include "app/store_comparison.h"
#include "base/offload.h"
#include "json/value.h"
#include "store/rocks/engine.h"
#include "support/run_task.h"

namespace mycouch::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// More names than a page has.
constexpr int kMany = 2'300;

class CopierTest : public testing::Test {
 protected:
  ~CopierTest() override {
    from->close();
    to->close();
    pool.join();
  }

  template <class T>
  T run(Task<T> task) {
    Result<T> result = testing_support::run_task(std::move(task));
    if (!result) throw std::runtime_error(result.error().reason);
    return *std::move(result);
  }
  void run(Task<void> task) {
    Result<void> result = testing_support::run_task(std::move(task));
    if (!result) throw std::runtime_error(result.error().reason);
  }

  void put(store::Store& store, const std::string& tenant, std::string id, std::string body = "{}") {
    doc::Edit edit;
    edit.id = std::move(id);
    edit.body = std::move(body);
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    run(run(store.open("db", {tenant, tenant}))
            ->write(std::move(edits), {.durability = store::Durability::relaxed}));
  }
  void put_local(store::Store& store, const std::string& tenant, std::string id) {
    run(run(store.open("db", {tenant, tenant}))->write_local(std::move(id), {"{}", 1}));
  }

  CopyCounts copy() {
    return run(Copier(*from, *to, {.system_database = "system"}, [this](auto done, auto total) {
                 EXPECT_LE(done, total);
                 shown = {done, total};
               }).run());
  }
  std::vector<std::string> differences() {
    std::vector<std::string> found;
    run(StoreComparison(*from, *to, "system",
                        {.differs = [&found](const std::string& each) { found.push_back(each); },
                         .progress = [](auto, auto) {}})
            .run());
    return found;
  }

  base::Pool pool{2};
  std::unique_ptr<store::Store> from = *store::rocks::open({}, pool);
  std::unique_ptr<store::Store> to = *store::rocks::open({}, pool);
  std::pair<std::uint64_t, std::uint64_t> shown;
};

TEST_F(CopierTest, ManyTenantsCome) {
  run(from->create("db"));
  for (int i = 0; i < kMany; ++i) {
    const std::string tenant = "t" + std::to_string(i);
    if (i % 3 != 0) put(*from, tenant, "x");
    if (i % 2 == 0) put_local(*from, tenant, "c");
  }
  const CopyCounts counts = copy();
  EXPECT_EQ(counts.documents, static_cast<std::uint64_t>(kMany - (kMany + 2) / 3));
  EXPECT_EQ(counts.local_documents, static_cast<std::uint64_t>(kMany / 2));
  EXPECT_EQ(shown.first, counts.documents);
  EXPECT_EQ(shown.second, counts.documents);
  EXPECT_THAT(differences(), IsEmpty());
  EXPECT_EQ(copy(), CopyCounts());
}

TEST_F(CopierTest, ATenantThatOnlyTheTargetHasDiffers) {
  run(from->create("db"));
  put(*from, "a", "x");
  copy();
  put(*to, "b", "y");
  EXPECT_THAT(differences(), ElementsAre(HasSubstr(R"(tenant "b")")));
}

TEST_F(CopierTest, ACheckpointOfAnotherSourceDoesNotCount) {
  run(from->create("db"));
  put(*from, "a", "x");
  copy();
  from->close();
  from = *store::rocks::open({}, pool);
  run(from->create("db"));
  put(*from, "a", "y");
  EXPECT_EQ(copy().documents, 1U);
  EXPECT_EQ(run(run(to->open("db", {"a", "a"}))->info()).doc_count, 2U);
}

TEST_F(CopierTest, ACheckpointBehindTheSourcesEndDoesNotCount) {
  run(from->create("db"));
  put(*from, "a", "x");
  run(to->create("db"));
  const std::string epoch = run(run(from->open("db", {"a", "a"}))->info()).epoch;
  const json::Object later{{"source", from->uuid()}, {"epoch", epoch}, {"last_seq", 9}};
  run(run(to->open("db", {"a", "a"}))
          ->write_local(std::string(kCopyCheckpoint), {.body = json::write(later), .version = 1}));
  EXPECT_EQ(copy().documents, 1U);
}

TEST_F(CopierTest, ALocalDocumentThatIsGoneGoes) {
  run(from->create("db"));
  put_local(*from, "a", "c");
  put_local(*from, "a", "d");
  copy();
  run(run(from->open("db", {"a", "a"}))->remove_local("d"));
  EXPECT_EQ(copy().local_documents, 1U);
  EXPECT_THAT(differences(), IsEmpty());
}

TEST(RunEach, EndsWithTheFirstError) {
  std::vector<std::size_t> begun;
  const Result<void> ended = testing_support::run_task(run_each(9, 2, [&begun](std::size_t i) -> Task<void> {
    begun.push_back(i);
    if (i == 3) co_return fail(Errc::unavailable, "three");
    co_return Result<void>();
  }));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().reason, "three");
  EXPECT_THAT(begun, testing::SizeIs(testing::Lt(9U)));
  EXPECT_TRUE(
      testing_support::run_task(run_each(0, 2, [](std::size_t) -> Task<void> { co_return Result<void>(); })));
}

}  // namespace
}  // namespace mycouch::app
