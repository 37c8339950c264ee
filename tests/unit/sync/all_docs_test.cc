#include "sync/all_docs.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "unit/sync/fake_database.h"
#include "unit/sync/text_output.h"

namespace mycouch::sync {
namespace {

TEST(AllDocs, RowsOfKeysMayComeAFewAtATime) {
  FakeDatabase database;
  for (const char* id : {"a", "b", "c"}) database.change(id);
  TextOutput output;
  for (std::size_t most : {1, 2, 100}) {
    database.most_at_once = most;
    output.text().clear();
    AllDocsOptions options;
    options.keys = json::Array{"c", 3, "none", "a", nullptr, "c"};
    Result<void> result;
    boost::asio::io_context context;
    boost::asio::co_spawn(context, all_docs(database, Listing::all, std::move(options), output),
                          [&](std::exception_ptr, Result<void> ended) { result = std::move(ended); });
    context.run();
    ASSERT_TRUE(result.has_value());
    auto row = [](const std::string& id) {
      return R"({"id":")" + id + R"(","key":")" + id + R"(","value":{"rev":"1-aa"}})";
    };
    auto missing = [](const std::string& key) { return R"({"key":)" + key + R"(,"error":"not_found"})"; };
    EXPECT_EQ(output.text(), "{\"total_rows\":3,\"offset\":null,\"rows\":[\n" + row("c") + ",\n" +
                                 missing("3") + ",\n" + missing(R"("none")") + ",\n" + row("a") + ",\n" +
                                 missing("null") + ",\n" + row("c") + "\n]}");
  }
}

}  // namespace
}  // namespace mycouch::sync
