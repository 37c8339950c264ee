#include "http/multipart.h"

#include <gmock/gmock.h>

#include "http/accept.h"
#include "http/byte_ranges.h"

namespace mycouch::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Event = MultipartReader::Event;

struct Part {
  std::string head;  // "name=value|…"
  std::string content;
  bool operator==(const Part&) const = default;
};

struct Body {
  std::vector<Part> parts;
  bool ended = false;
  std::string error;
};

// Fed `step` bytes at a time.
Body read(std::string_view body, std::string_view boundary = "b", std::size_t step = SIZE_MAX) {
  MultipartReader reader(boundary);
  Body read;
  for (;;) {
    Result<Event> event = reader.next();
    if (!event) {
      read.error = event.error().reason;
      return read;
    }
    switch (*event) {
      case Event::need_more:
        if (body.empty()) return read;
        reader.feed(body.substr(0, step));
        body.remove_prefix(std::min(step, body.size()));
        break;
      case Event::part_begin:
        read.parts.emplace_back();
        for (const auto& [name, value] : reader.headers()) read.parts.back().head += name + "=" + value + "|";
        break;
      case Event::data:
        read.parts.back().content += reader.data();
        break;
      case Event::part_end:
        break;
      case Event::end:
        read.ended = true;
        return read;
    }
  }
}

TEST(MultipartReader, TakesABodyApartHoweverItIsCut) {
  const std::string body =
      "preamble\r\n--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b \t\r\n\r\n\r\n--x\r\n--\r\n\r\n"
      "--b\r\nA:1\r\nB: 2 \r\n\r\n\r\n--b--\r\nepilogue\r\n--b\r\n";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    Body found = read(body, "b", step);
    EXPECT_EQ(found.error, "");
    EXPECT_TRUE(found.ended) << step;
    EXPECT_THAT(found.parts, ElementsAre(Part{"Content-Type=application/json|", "{}"},
                                         Part{"", "\r\n--x\r\n--\r\n"}, Part{"A=1|B=2|", ""}))
        << step;
  }
}

TEST(MultipartReader, ABodyWithoutItsEndHasNone) {
  for (const char* body :
       {"", "--", "--b", "--b\r\n", "--b\r\nA: 1\r\n\r\nxyz", "--b\r\nA: 1\r\n\r\nxyz\r\n-",
        "--b\r\nA: 1\r\n\r\nxyz\r\n--b", "--c\r\n\r\n\r\n--c--", "x--b--"}) {
    Body found = read(body);
    EXPECT_FALSE(found.ended) << body;
    EXPECT_EQ(found.error, "") << body;
  }
}

TEST(MultipartReader, WhatIsHeldBackIsOnlyWhatMayBeABoundary) {
  EXPECT_THAT(read("--b\r\n\r\nhello").parts, ElementsAre(Part{"", "hello"}));
  EXPECT_THAT(read("--b\r\n\r\nhello\r\n--").parts, ElementsAre(Part{"", "hello"}));
}

TEST(MultipartReader, MangledPartsAreRefused) {
  EXPECT_EQ(read("--b\r\nno colon\r\n\r\nx\r\n--b--").error, "bad part header");
  EXPECT_EQ(read("--bc\r\n\r\nx\r\n--b--").error, "bad part header");
  EXPECT_EQ(read("--b\r\n\r\nx\r\n--b?\r\n").error, "bad part header");
  EXPECT_EQ(read("--b" + std::string(1000, ' ')).error, "bad part header");
  EXPECT_THAT(read("--b\r\nA: " + std::string(100'000, 'x'), "b", 4096).error, HasSubstr("too large"));
}

TEST(MultipartReader, LargeContentsPassThroughInPieces) {
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += "\r\n--" + std::to_string(i) + "\r";
  for (std::size_t step : {1'000U, 4'097U, 65'536U}) {
    Body found = read("--b\r\n\r\n" + content + "\r\n--b--", "b", step);
    ASSERT_EQ(found.parts.size(), 1U);
    EXPECT_EQ(found.parts.front().content, content);
  }
}

TEST(MultipartWriter, WritesWhatTheReaderReads) {
  MultipartWriter writer("b");
  Headers first;
  first.add("Content-Disposition", "attachment; filename=" + quoted_string("a \"b\"\r\n\\c"));
  std::string body = writer.begin_part(first) + "one" + writer.begin_part({}) + writer.end();
  EXPECT_EQ(body,
            "--b\r\nContent-Disposition: attachment; filename=\"a \\\"b\\\"  \\\\c\"\r\n\r\none"
            "\r\n--b\r\n\r\n\r\n--b--");
  Body found = read(body);
  EXPECT_TRUE(found.ended);
  ASSERT_EQ(found.parts.size(), 2U);
  EXPECT_EQ(field_parameter(found.parts.front().head, "filename"), "a \"b\"  \\c");
}

TEST(MultipartWriter, NoFieldCanAddALine) {
  MultipartWriter writer("b");
  Headers headers;
  headers.add("Content-Type", "x\r\nEvil: 1");
  EXPECT_EQ(writer.begin_part(headers), "--b\r\nContent-Type: x  Evil: 1\r\n\r\n");
}

TEST(FieldParameter, FindsValuesOfEitherForm) {
  EXPECT_EQ(field_parameter("a/b; x=1; Y=\"2;3\" ; z = 4 ", "x"), "1");
  EXPECT_EQ(field_parameter("a/b; x=1; Y=\"2;3\" ; z = 4 ", "y"), "2;3");
  EXPECT_EQ(field_parameter("a/b; x=1; Y=\"2;3\" ; z = 4 ", "z"), "4");
  EXPECT_EQ(field_parameter("a/b;x;y=1", "y"), "1");
  for (const char* value : {"", "a/b", "a/b;", "a/b; x", "a/b; y=\"x=1\"", ";;;", "x=1"}) {
    EXPECT_EQ(field_parameter(value, "x"), std::nullopt) << value;
  }
  EXPECT_EQ(field_parameter("a; x=\"unclosed", "x"), "unclosed");
  EXPECT_EQ(field_parameter("a; x=\"\\", "x"), "\\");
}

TEST(MultipartBoundary, MustBeOne) {
  EXPECT_EQ(multipart_boundary("multipart/related; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("multipart/related;boundary=\"a b\""), "a b");
  EXPECT_EQ(multipart_boundary("multipart/related"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/related; boundary=\"\""), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/related; boundary=" + std::string(201, 'x')), std::nullopt);
}

bool accepts(const char* accept, const char* type = "multipart/related") {
  Headers headers;
  if (accept != nullptr) headers.add("Accept", accept);
  return accepts_type(headers, type);
}

TEST(AcceptsType, TheRangeThatFitsBestDecides) {
  EXPECT_TRUE(accepts(nullptr));
  EXPECT_TRUE(accepts("*/*"));
  EXPECT_TRUE(accepts("application/json, multipart/related"));
  EXPECT_TRUE(accepts("multipart/*;q=0.1"));
  EXPECT_TRUE(accepts("*/*;q=0, Multipart/Related"));
  EXPECT_FALSE(accepts("application/json"));
  EXPECT_FALSE(accepts("multipart/mixed"));
  EXPECT_FALSE(accepts("*/*, multipart/related;q=0"));
  EXPECT_FALSE(accepts("multipart/related;q=x"));
  EXPECT_FALSE(accepts(""));
}

std::string ranges_of(std::string_view field, std::uint64_t length = 10) {
  auto ranges = parse_byte_ranges(field, length);
  if (!ranges) return ranges.error().code == Errc::range_not_satisfiable ? "416" : "another error";
  std::string text;
  for (const ByteRange& range : *ranges) text += range.of(length) + " ";
  return text;
}

TEST(ByteRanges, AreTakenWithinTheContent) {
  EXPECT_EQ(ranges_of("bytes=0-3"), "bytes 0-3/10 ");
  EXPECT_EQ(ranges_of("bytes= 2-"), "bytes 2-9/10 ");
  EXPECT_EQ(ranges_of("bytes=-3"), "bytes 7-9/10 ");
  EXPECT_EQ(ranges_of("bytes=-30"), "bytes 0-9/10 ");
  EXPECT_EQ(ranges_of("bytes=0-18446744073709551615"), "bytes 0-9/10 ");
  EXPECT_EQ(ranges_of("bytes=3-99999999999999999999"), "bytes 3-9/10 ");
  EXPECT_EQ(ranges_of("bytes=-99999999999999999999"), "bytes 0-9/10 ");
  EXPECT_EQ(ranges_of("bytes=1-2, 4-5"), "bytes 1-2/10 bytes 4-5/10 ");
}

TEST(ByteRanges, WhatIsNotThereCannotBeSatisfied) {
  for (const char* field : {"bytes=10-", "bytes=20-30", "bytes=5-3", "bytes=-0", "bytes=0-1,30-40",
                            "bytes=99999999999999999999-"}) {
    EXPECT_EQ(ranges_of(field), "416") << field;
  }
  EXPECT_EQ(ranges_of("bytes=0-3", 0), "416");
  EXPECT_EQ(ranges_of("bytes=-3", 0), "416");
}

TEST(ByteRanges, WhatIsNoRangeAsksForAll) {
  for (const char* field :
       {"", "bytes=", "bytes=x", "items=0-1", "bytes=0-", "bytes=-", "bytes=--1", "bytes=1", "bytes=1-2-3",
        "bytes=0-99999999999999999999x", "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9"}) {
    EXPECT_EQ(ranges_of(field), "") << field;
  }
}

}  // namespace
}  // namespace mycouch::http
