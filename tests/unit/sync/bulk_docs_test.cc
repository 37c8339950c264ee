#include "sync/bulk_docs.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "sync/limits.h"
#include "unit/sync/fake_database.h"

namespace mycouch::sync {
namespace {

class BulkDocs : public testing::Test {
 protected:
  Result<BulkOutcomes> run(std::string body, WriteRules rules = {}) {
    Result<BulkOutcomes> result;
    boost::asio::io_context context;
    boost::asio::co_spawn(
        context, bulk_docs(database_, std::move(body), rules),
        [&](std::exception_ptr, Result<BulkOutcomes> outcomes) { result = std::move(outcomes); });
    context.run();
    return result;
  }

  FakeDatabase database_;
};

TEST_F(BulkDocs, OutcomesStandInTheOrderOfTheDocuments) {
  auto outcomes = run(R"({"docs":[{"_id":"a"},{"_id":"_local/x","n":1},{"_id":"conflicting"},{"_id":"b"}]})");
  ASSERT_TRUE(outcomes.has_value());
  ASSERT_EQ(outcomes->rows.size(), 4U);
  EXPECT_EQ(outcomes->rows[0].id, "a");
  EXPECT_EQ(outcomes->rows[0].rev, "1-aa");
  EXPECT_EQ(outcomes->rows[1].id, "_local/x");
  EXPECT_EQ(outcomes->rows[1].rev, "0-1");
  EXPECT_EQ(outcomes->rows[2].error->code, Errc::conflict);
  EXPECT_EQ(outcomes->rows[3].id, "b");
  EXPECT_EQ(database_.written.size(), 3U);
  EXPECT_EQ(database_.locals, (std::vector<std::pair<std::string, std::string>>{{"x", R"({"n":1})"}}));
}

TEST_F(BulkDocs, DocumentsWithoutAnIdGetOne) {
  auto outcomes = run(R"({"docs":[{},{}]})");
  ASSERT_TRUE(outcomes.has_value());
  EXPECT_EQ(outcomes->rows[0].id.size(), 32U);
  EXPECT_NE(outcomes->rows[0].id, outcomes->rows[1].id);
}

TEST_F(BulkDocs, WhatItsWriterMayNotStoreFailsAlone) {
  auto outcomes = run(R"({"docs":[{"_id":"a","tenant":"other"},{"_id":"b"}]})", {.stamp = {"tenant", "own"}});
  ASSERT_TRUE(outcomes.has_value());
  EXPECT_EQ(outcomes->rows[0].id, "a");
  EXPECT_EQ(outcomes->rows[0].error->code, Errc::forbidden);
  EXPECT_FALSE(outcomes->rows[1].error.has_value());
  EXPECT_EQ(database_.written.size(), 1U);
}

TEST_F(BulkDocs, ABadDocumentFailsTheRequestBeforeAnythingIsWritten) {
  const std::string long_local = R"({"_id":"_local/)" + std::string(4097, 'x') + R"("})";
  for (const std::string& bad :
       {std::string("3"), std::string(R"({"_id":"_x"})"), std::string(R"({"_id":"_local/"})"), long_local,
        std::string(R"({"_foo":1})")}) {
    EXPECT_FALSE(run(R"({"docs":[{"_id":"a"},)" + bad + "]}").has_value()) << bad;
  }
  EXPECT_TRUE(database_.written.empty());
}

TEST_F(BulkDocs, TheRequestIsAnObjectWithAListOfDocuments) {
  EXPECT_EQ(run("[]").error().reason, "Request body must be a JSON object");
  EXPECT_EQ(run("{}").error().reason, "POST body must include `docs` parameter.");
  EXPECT_EQ(run(R"({"docs":3})").error().reason, "`docs` parameter must be an array.");
  EXPECT_EQ(run(R"({"docs":[],"new_edits":3})").error().reason, "`new_edits` parameter must be a boolean.");
}

TEST_F(BulkDocs, ReplicatedEditsNameTheirRevisions) {
  auto outcomes = run(R"({"new_edits":false,"docs":[{"_id":"conflicting","_rev":"3-cc"}]})");
  ASSERT_TRUE(outcomes.has_value());
  EXPECT_FALSE(outcomes->new_edits);
  EXPECT_EQ(outcomes->rows[0].rev, "3-cc");
}

TEST_F(BulkDocs, TooManyDocumentsAreRefused) {
  auto bodies = [](std::size_t count) {
    std::string body = R"({"docs":[{})";
    for (std::size_t i = 1; i < count; ++i) body += ",{}";
    return body + "]}";
  };
  EXPECT_TRUE(run(bodies(kMaxDocuments)).has_value());
  database_.written.clear();
  auto refused = run(bodies(kMaxDocuments + 1));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::too_large);
  EXPECT_EQ(refused.error().reason, "at most 10000 documents in one request");
  EXPECT_TRUE(database_.written.empty());
}

TEST_F(BulkDocs, RemovingALocalDocumentThatIsNotThereIsNoError) {
  auto outcomes = run(R"({"docs":[{"_id":"_local/x","_deleted":true}]})");
  ASSERT_TRUE(outcomes.has_value());
  EXPECT_EQ(outcomes->rows[0].rev, "0-0");
}

TEST_F(BulkDocs, ALocalDocumentThatFollowsNoLocalRevisionFailsAlone) {
  auto outcomes = run(R"({"docs":[{"_id":"_local/x","_rev":"1-a"},{"_id":"_local/y"}]})");
  ASSERT_TRUE(outcomes.has_value());
  EXPECT_EQ(outcomes->rows[0].error->reason, "Invalid rev format");
  EXPECT_EQ(outcomes->rows[1].rev, "0-1");
}

TEST_F(BulkDocs, AReplicatedLocalDocumentNeedsARevision) {
  EXPECT_EQ(run(R"({"docs":[{"_id":"_local/x"}],"new_edits":false})").error().code, Errc::bad_request);
}

}  // namespace
}  // namespace mycouch::sync
