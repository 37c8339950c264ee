#include "json/collation.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mycouch::json {
namespace {

Value read(std::string_view text) {
  auto value = parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Value();
}

std::string key_of(const Value& value) {
  std::string key;
  append_collation_key(key, value);
  return key;
}

int sign(std::weak_ordering order) {
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

int sign(std::strong_ordering order) {
  return sign(std::weak_ordering(order));
}

void expect_order(const Value& a, const Value& b, int expected) {
  EXPECT_EQ(sign(collate(a, b)), expected) << write(a) << " and " << write(b);
  EXPECT_EQ(sign(collate(b, a)), -expected) << write(a) << " and " << write(b);
  EXPECT_EQ(sign(key_of(a) <=> key_of(b)), expected) << "keys of " << write(a) << " and " << write(b);
}

const std::vector<const char*> kAscending = {"null",
                                             "false",
                                             "true",
                                             "-1e400",
                                             "-1e300",
                                             "-123456789012345678901234567890",
                                             "-9007199254740993",
                                             "-9007199254740992.0",
                                             "-100",
                                             "-99.5",
                                             "-1",
                                             "-1e-200",
                                             "0",
                                             "5e-324",
                                             "1e-200",
                                             "0.1",
                                             "0.10000000000000002",
                                             "1",
                                             "1.0000000000000002",
                                             "2",
                                             "3.0",
                                             "4",
                                             "10",
                                             "11",
                                             "100",
                                             "9007199254740991",
                                             "9007199254740992",
                                             "9007199254740993",
                                             "9007199254740994.0",
                                             "12345678901234567890123456789",
                                             "1e29",
                                             "100000000000000000000000000000",
                                             "1e300",
                                             "1e400",
                                             R"("")",
                                             R"(" ")",
                                             R"("_")",
                                             R"("~")",
                                             R"("0")",
                                             R"("a")",
                                             R"("A")",
                                             R"("aa")",
                                             R"("b")",
                                             R"("B")",
                                             R"("ba")",
                                             R"("bb")",
                                             R"("é")",
                                             R"("f")",
                                             R"("\u6f22")",
                                             R"("\uffff")",
                                             R"([])",
                                             R"([null])",
                                             R"(["a"])",
                                             R"(["b"])",
                                             R"(["b","c"])",
                                             R"(["b","c","a"])",
                                             R"(["b","d"])",
                                             R"(["b","d","e"])",
                                             R"([[]])",
                                             R"([{}])",
                                             R"({})",
                                             R"({"":null})",
                                             R"({"a":1})",
                                             R"({"a":1,"b":1})",
                                             R"({"a":2})",
                                             R"({"b":1})",
                                             R"({"b":2})",
                                             R"({"b":2,"a":1})",
                                             R"({"b":2,"c":2})"};

TEST(CollationTest, ValuesStandInCouchDBsOrder) {
  for (std::size_t i = 0; i < kAscending.size(); ++i) {
    for (std::size_t j = i; j < kAscending.size(); ++j) {
      // 1e29 is, as a double, 99999999999999991433150857216.
      expect_order(read(kAscending[i]), read(kAscending[j]), i == j ? 0 : -1);
    }
  }
}

TEST(CollationTest, DifferentTextsMayBeEqual) {
  const std::vector<std::pair<const char*, const char*>> kEqual = {
      {"0", "-0"},
      {"0", "-0.0"},
      {"1", "1.0"},
      {"1000", "1e3"},
      {"1000", "1E+3"},
      {"0.5", "5e-1"},
      {"9007199254740992", "9007199254740992.0"},
      {"9007199254740992.0", "9007199254740993.0"},
      {"1e400", "1e500"},
      {R"("a")", R"("a\u0000")"},
      {R"("\u00e9")", R"("e\u0301")"},
      {R"(["a\u0000",1])", R"(["a",1.0])"},
      {R"({"a":1})", R"({"a\u0000":1.0})"},
  };
  for (auto [a, b] : kEqual) expect_order(read(a), read(b), 0);
}

Value random_value(std::mt19937& random, int depth) {
  static const std::vector<std::string> kPieces = {"a", "A",  "b",  "é", "e\u0301", "\x01",
                                                   "z", "漢", "😀", "-", " "};
  auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  switch (below(depth > 0 ? 6 : 4)) {
    case 0:
      return below(2) == 0 ? Value() : Value(below(2) == 0);
    case 1:
      return Value(static_cast<std::int64_t>(below(2000)) - 1000);
    case 2:
      return Value((static_cast<double>(below(2000)) - 1000) / 16);
    case 3: {
      std::string text;
      for (unsigned i = below(4); i > 0; --i) text += kPieces[below(static_cast<unsigned>(kPieces.size()))];
      return text;
    }
    case 4: {
      Array array;
      for (unsigned i = below(3); i > 0; --i) array.push_back(random_value(random, depth - 1));
      return array;
    }
    default: {
      Object object;
      for (unsigned i = below(3); i > 0; --i) {
        object.set(kPieces[below(static_cast<unsigned>(kPieces.size()))], random_value(random, depth - 1));
      }
      return object;
    }
  }
}

TEST(CollationTest, KeysCompareAsValuesDoAndNoneBeginsAnother) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    Value a = random_value(random, 3);
    Value b = random_value(random, 3);
    std::string ka = key_of(a);
    std::string kb = key_of(b);
    int order = sign(collate(a, b));
    ASSERT_EQ(order, sign(ka <=> kb)) << write(a) << " and " << write(b);
    if (order == 0) continue;
    ASSERT_FALSE(ka.starts_with(kb) || kb.starts_with(ka)) << write(a) << " and " << write(b);
  }
}

TEST(CollationTest, LongStringsHaveKeys) {
  std::string text(100'000, 'x');
  expect_order(text, text + "y", -1);
  std::string wide;
  for (int i = 0; i < 10'000; ++i) wide += "漢\u0301";
  expect_order(wide, wide + "a", -1);
}

TEST(CollationTest, TheVersionIsICUs) {
  EXPECT_FALSE(collation_version().empty());
}

}  // namespace
}  // namespace mycouch::json
