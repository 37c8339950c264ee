#include "sync/bulk_get.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "sync/limits.h"
#include "unit/sync/fake_database.h"
#include "unit/sync/text_output.h"

namespace mycouch::sync {
namespace {

const Error* error_of(const BulkGetEntry& entry) {
  return std::get_if<Error>(&entry.request);
}

TEST(BulkGet, ReadsIdsAndRevisions) {
  auto entries = read_bulk_get(R"({"docs":[{"id":"a","rev":"1-aa"},{"id":"b"}]})");
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 2U);
  const auto& first = std::get<store::RevisionRequest>((*entries)[0].request);
  EXPECT_EQ(first.id, "a");
  EXPECT_EQ(first.rev, *doc::parse_revision("1-aa"));
  EXPECT_FALSE(std::get<store::RevisionRequest>((*entries)[1].request).rev.has_value());
}

TEST(BulkGet, ABadEntryFailsAlone) {
  auto entries = read_bulk_get(R"({"docs":[{"id":"a","rev":"x"},{},3,{"id":3},{"id":"_x"},{"id":"ok"}]})");
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 6U);
  EXPECT_EQ(error_of((*entries)[0])->reason, "Invalid rev format");
  EXPECT_EQ((*entries)[0].rev_json, R"("x")");
  EXPECT_EQ(error_of((*entries)[1])->reason, "document must be a JSON object");  // as CouchDB
  EXPECT_EQ(error_of((*entries)[2])->reason, "document must be a JSON object");
  EXPECT_EQ(error_of((*entries)[3])->code, Errc::illegal_docid);
  EXPECT_EQ(error_of((*entries)[4])->code, Errc::illegal_docid);
  EXPECT_EQ(error_of((*entries)[5]), nullptr);
}

TEST(BulkGet, RefusesABodyWithoutAList) {
  for (std::string_view body : {"{}", R"({"docs":3})", "[]", "{"}) {
    auto entries = read_bulk_get(body);
    ASSERT_FALSE(entries.has_value()) << body;
    EXPECT_EQ(entries.error().code, Errc::bad_request);
  }
}

TEST(BulkGet, RefusesTooManyEntries) {
  std::string body = R"({"docs":[3)";
  for (std::size_t i = 1; i < kMaxDocuments; ++i) body += ",3";
  EXPECT_TRUE(read_bulk_get(body + "]}").has_value());
  EXPECT_EQ(read_bulk_get(body + ",3]}").error().code, Errc::too_large);
}

TEST(BulkGet, DocumentsMayComeAFewAtATime) {
  FakeDatabase database;
  TextOutput output;
  for (std::size_t most : {1, 2, 100}) {
    database.most_at_once = most;
    output.text().clear();
    auto entries = read_bulk_get(R"({"docs":[3,{"id":"a","rev":"1-aa"},4,{"id":"b","rev":"1-aa"},)"
                                 R"({"id":"c","rev":"1-aa"},5]})");
    Result<void> result;
    boost::asio::io_context context;
    boost::asio::co_spawn(context, bulk_get(database, *std::move(entries), {}, to_string, output),
                          [&](std::exception_ptr, Result<void> ended) { result = std::move(ended); });
    context.run();
    ASSERT_TRUE(result.has_value());
    const std::string error = R"({"id":null,"docs":[{"error":{"id":null,"rev":null,"error":"bad_request",)"
                              R"("reason":"document must be a JSON object"}}]})";
    auto good = [](const std::string& id) {
      return R"({"id":")" + id + R"(","docs":[{"ok":{"_id":")" + id + R"(","_rev":"1-aa"}}]})";
    };
    EXPECT_EQ(output.text(), R"({"results":[)" + error + ',' + good("a") + ',' + error + ',' + good("b") +
                                 ',' + good("c") + ',' + error + "]}");
  }
}

}  // namespace
}  // namespace mycouch::sync
