#include "json/erlang_term.h"

#include <gtest/gtest.h>

namespace mycouch::json {
namespace {

std::string term(std::string_view text) {
  return erlang_term(*parse(text));
}

TEST(ErlangTermTest, ValuesAreWrittenAsIoLibWritesThem) {
  EXPECT_EQ(term(R"([null,true,false,1,-20,123456789012345678901234567890])"),
            "[null,true,false,1,-20,123456789012345678901234567890]");
  EXPECT_EQ(term(R"(["","ab","é"])"), "[<<>>,<<97,98>>,<<195,169>>]");
  EXPECT_EQ(term(R"({})"), "{[]}");
  EXPECT_EQ(term(R"({"a":1,"b":[]})"), "{[{<<97>>,1},{<<98>>,[]}]}");
}

// Taken from the reasons of CouchDB's errors.
TEST(ErlangTermTest, FloatsHaveTheirShorterForm) {
  EXPECT_EQ(term("[1.5,100.0,1000.0,100000.0,1e22,123456789.5,0.0001,0.001,0.00001]"),
            "[1.5,100.0,1.0e3,1.0e5,1.0e22,123456789.5,0.0001,0.001,1.0e-5]");
  EXPECT_EQ(
      term("[-0.5,0.0,1.25e-7,12345678901234567.0,9007199254740991.0,1e300,0.1,123456.0,0.00012,1200000.0]"),
      "[-0.5,0.0,1.25e-7,1.2345678901234568e16,9007199254740991.0,1.0e300,0.1,123456.0,1.2e-4,1.2e6]");
}

TEST(ErlangTermTest, LongOnesAreCut) {
  Array array(100'000, Value("abcdefghij"));
  EXPECT_LT(erlang_term(array, 1000).size(), 1100U);
  EXPECT_LT(erlang_term(std::string(100'000, 'x'), 1000).size(), 1100U);
}

}  // namespace
}  // namespace mycouch::json
