#include "doc/revision.h"

#include <gtest/gtest.h>

namespace mycouch::doc {
namespace {

constexpr std::string_view kDigest = "917fa2381192822767f010b95b45325b";

TEST(Revision, IsWrittenAsItWasRead) {
  for (std::string text :
       {"1-a", "4294967295-x", "3-917fa2381192822767f010b95b45325b", "2-917FA2381192822767F010B95B45325B",
        "7-a-b", "1-", "1-00000000000000000000000000000000", "1-\\"}) {
    Result<Revision> revision = parse_revision(text);
    ASSERT_TRUE(revision) << text;
    EXPECT_EQ(revision->text(), text);
  }
}

TEST(Revision, MalformedTextIsRefusedInCouchdbsWords) {
  for (std::string text : {"", "1", "-", "-a", "0-a", "a-1", "+1-a", "-1-a", " 1-a", "1 -a", "4294967296-a",
                           "1.0-a", "1-a b", "1-a\r\nX: y", "1-\"", "1-\xc3\xa9"}) {
    Result<Revision> revision = parse_revision(text);
    ASSERT_FALSE(revision) << text;
    EXPECT_EQ(revision.error().code, Errc::bad_request);
    EXPECT_EQ(revision.error().reason, "Invalid rev format");
  }
  EXPECT_TRUE(parse_revision("1-" + std::string(255, 'a')));
  EXPECT_FALSE(parse_revision("1-" + std::string(256, 'a')));
}

TEST(RevHash, LowerCaseHexOf32DigitsIsADigest) {
  EXPECT_TRUE(RevHash(kDigest).is_digest());
  EXPECT_EQ(RevHash(kDigest), RevHash(RevHash(kDigest).digest()));
  EXPECT_FALSE(RevHash(kDigest.substr(1)).is_digest());
  EXPECT_FALSE(RevHash("917FA2381192822767F010B95B45325B").is_digest());
  EXPECT_NE(RevHash("917FA2381192822767F010B95B45325B"), RevHash(kDigest));
}

TEST(RevHash, IsOrderedByItsText) {
  std::vector<std::string> ascending = {"0",
                                        "917",
                                        "917FA2381192822767F010B95B45325B",
                                        "917fa2381192822767f010b95b45325b",
                                        "917fa2381192822767f010b95b45325c",
                                        "917g",
                                        "a",
                                        "aa",
                                        "b"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t k = 0; k < ascending.size(); ++k) {
      EXPECT_EQ(RevHash(ascending[i]) <=> RevHash(ascending[k]), i <=> k)
          << ascending[i] << " " << ascending[k];
    }
  }
}

TEST(Revision, GenerationOutweighsHash) {
  EXPECT_LT(*parse_revision("9-z"), *parse_revision("10-a"));
  EXPECT_LT(*parse_revision("10-a"), *parse_revision("10-b"));
}

}  // namespace
}  // namespace mycouch::doc
