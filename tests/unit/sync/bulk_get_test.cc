#include "sync/bulk_get.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(error_of((*entries)[1])->reason, "document id missed");
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

}  // namespace
}  // namespace mycouch::sync
