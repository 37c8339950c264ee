#include "json/outline.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "json/repeated_members.h"
#include "json/value.h"
#include "json/writer.h"

namespace mycouch::json {
namespace {

std::string reason(std::string_view text) {
  auto result = outline(text, 3);
  return result ? "" : result.error().reason;
}

TEST(OutlineTest, MembersKeepTheirExactText) {
  auto o = outline(R"( {"a": [1, 2.50 ,{"b" : null}], "c":"x\n" , "":{}} )", 1);
  ASSERT_TRUE(o) << o.error().reason;
  std::vector<std::pair<std::string, std::string>> seen;
  for (const Node& n : o->children(o->root())) seen.emplace_back(n.name, n.text);
  std::vector<std::pair<std::string, std::string>> expected = {
      {"a", R"([1, 2.50 ,{"b" : null}])"}, {"c", R"("x\n")"}, {"", "{}"}};
  EXPECT_EQ(seen, expected);
}

TEST(OutlineTest, ReachesAsDeepAsAsked) {
  std::string text = R"({"docs":[{"_id":"a","n":1},{"_id":"b"},[],7],"new_edits":false})";
  auto o = outline(text, 3);
  ASSERT_TRUE(o) << o.error().reason;
  const Node* docs = o->find(o->root(), "docs");
  ASSERT_NE(docs, nullptr);
  std::vector<std::string> ids;
  std::vector<Kind> kinds;
  for (const Node& doc : o->children(*docs)) {
    kinds.push_back(doc.kind);
    if (const Node* id = o->find(doc, "_id")) ids.push_back(decode_string(id->text));
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::object, Kind::object, Kind::array, Kind::number}));
  EXPECT_EQ(o->find(o->root(), "new_edits")->text, "false");
}

TEST(OutlineTest, EscapedNamesAreDecoded) {
  auto o = outline(R"({"\u005fid":"x","e\u00e9\ud83d\ude00":1})", 1);
  ASSERT_TRUE(o) << o.error().reason;
  EXPECT_NE(o->find(o->root(), "_id"), nullptr);
  EXPECT_NE(o->find(o->root(), "eé😀"), nullptr);
}

TEST(OutlineTest, RefusesWhatIsNotJson) {
  for (std::string_view text : {"{",
                                "}",
                                "[",
                                "]",
                                "[1,]",
                                "[,1]",
                                "{\"a\"}",
                                "{\"a\":}",
                                "{\"a\":1,}",
                                "{,}",
                                "[1 2]",
                                "{\"a\" 1}",
                                "{a:1}",
                                "'a'",
                                "nul",
                                "truE",
                                "tru",
                                "nulll",
                                "falsey",
                                "01",
                                "-",
                                "1.",
                                ".5",
                                "1e",
                                "+1",
                                "0x1",
                                "NaN",
                                "[1]]",
                                "[1] 2",
                                "{}{}",
                                "\"a",
                                "\"\\x\"",
                                "\"\\u12\"",
                                "\"\\ud800\"",
                                "\"\\udc00\"",
                                "\"\\ud800\\u0041\"",
                                "[\"a\nb\"]",
                                "[\"\x01\"]",
                                "{\"a\nb\":1}",
                                "[nul]",
                                "[01]",
                                "[1.]",
                                "[-]",
                                "[\"a\" \"b\"]",
                                "{\"a\":1 \"b\":2}",
                                "[true false]",
                                "[1,2",
                                "{\"a\":[}",
                                "{\"a\":1]",
                                "[}",
                                "{]",
                                "[\"\\ud800\"]",
                                "[1]x",
                                "\"a\"x",
                                "1 1",
                                "[\"a]",
                                "{\"\\q\":1}",
                                "[1e+]",
                                "[--1]",
                                "[truefalse]",
                                "[nullx]",
                                "[1x]",
                                "[\"a\"x]",
                                "{\"a\":{}x}",
                                "[[]x]"}) {
    EXPECT_NE(reason(text), "") << text;
    EXPECT_NE(reason(fmt::format("[{}]", text)), "") << "in an array: " << text;
  }
}

TEST(OutlineTest, RefusesTextWithoutAValue) {
  EXPECT_NE(reason(""), "");
  EXPECT_NE(reason(" \n\t"), "");
}

TEST(OutlineTest, RefusesMalformedUtf8Everywhere) {
  EXPECT_NE(reason("[\"\xff\"]"), "");
  EXPECT_NE(reason("[\"\xc0\xaf\"]"), "");
  EXPECT_NE(reason("[\"\xed\xa0\x80\"]"), "");
  EXPECT_NE(reason("{\"\xf5\x80\x80\x80\":1}"), "");
  EXPECT_EQ(reason("[\"\xf0\x9f\x98\x80\"]"), "");
}

TEST(OutlineTest, KeepsNumbersThatFitNoMachineType) {
  for (std::string_view text : {"123456789012345678901234567890", "1e400", "-0", "-0.0e-5", "1.10"}) {
    auto value = parse("[" + std::string(text) + "]");
    ASSERT_TRUE(value) << text << value.error().reason;
    EXPECT_EQ(write(*value), "[" + std::string(text) + "]");
  }
}

TEST(OutlineTest, MembersOfTheValueItselfMayRepeatWhereThatIsAskedFor) {
  auto repeated = outline_with_repeated_members(R"({"a":1,"b":2,"a":3})", 1);
  ASSERT_TRUE(repeated) << repeated.error().reason;
  std::string seen;
  for (const Node& member : repeated->children(repeated->root())) {
    seen += std::string(member.name) + std::string(member.text);
  }
  EXPECT_EQ(seen, "a1b2a3");
  EXPECT_FALSE(outline_with_repeated_members(R"({"a":{"b":1,"b":2}})", 2));
  EXPECT_FALSE(outline_with_repeated_members(R"([{"a":1,"a":2}])", 2));
}

TEST(OutlineTest, RefusesDuplicateMembersAtAnyDepth) {
  EXPECT_EQ(reason(R"({"a":1,"a":2})"), "invalid JSON: duplicate member \"a\"");
  EXPECT_EQ(reason(R"({"a":1,"\u0061":2})"), "invalid JSON: duplicate member \"a\"");
  EXPECT_EQ(reason(R"([[[[{"x":{"b":{},"b":[]}}]]]])"), "invalid JSON: duplicate member \"b\"");
  EXPECT_EQ(reason(R"({"a":{"a":{"a":1}},"b":{"a":2}})"), "");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_EQ(reason(many + "\"k100\":1}"), "");
  EXPECT_EQ(reason(many + "\"k50\":1}"), "invalid JSON: duplicate member \"k50\"");
}

TEST(OutlineTest, NestingHasALimit) {
  auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(reason(nested(1000)), "");
  EXPECT_EQ(reason(nested(1003)), "JSON nested deeper than 1000 levels");
  EXPECT_NE(reason(std::string(5000000, '[')), "");
}

TEST(ValueTest, RoundTripsAndComparesByMembers) {
  std::string text = R"({"s":"a\"\\\n\u0001é","n":[1,-2.5,true,false,null],"o":{"x":{}},"e":[]})";
  auto value = parse(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(write(*value), R"({"s":"a\"\\\n\u0001é","n":[1,-2.5,true,false,null],"o":{"x":{}},"e":[]})");
  EXPECT_EQ(*parse(R"({"a":1,"b":2})"), *parse(R"({"b":2,"a":1})"));
  EXPECT_NE(*parse(R"({"a":1,"b":2})"), *parse(R"({"b":2,"a":3})"));
}

TEST(ValueTest, WholeNumbersAreIntegers) {
  EXPECT_EQ(parse("12")->as_int(), 12);
  EXPECT_EQ(parse("2.0")->as_int(), 2);
  EXPECT_EQ(parse("1e3")->as_int(), 1000);
  EXPECT_EQ(parse("1.5")->as_int(), std::nullopt);
  EXPECT_EQ(parse("1e400")->as_int(), std::nullopt);
  EXPECT_EQ(parse("\"1\"")->as_int(), std::nullopt);
}

}  // namespace
}  // namespace mycouch::json
