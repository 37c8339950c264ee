#include "base/encoding.h"

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mycouch::base {
namespace {

std::string every_byte() {
  std::string bytes;
  for (int b = 0; b < 256; ++b) bytes += static_cast<char>(b);
  return bytes;
}

TEST(EncodingTest, HexRoundTrips) {
  EXPECT_EQ(to_hex(std::string("\x00\x0f\xa5\xff", 4)), "000fa5ff");
  EXPECT_EQ(from_hex("000FA5ff"), std::string("\x00\x0f\xa5\xff", 4));
  EXPECT_EQ(from_hex(to_hex(every_byte())), every_byte());
  EXPECT_EQ(from_hex(""), "");
}

TEST(EncodingTest, HexRefusesWhatIsNot) {
  for (std::string_view text : {"0", "0g", "g0", "0x00", " 00", "00 "})
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

// RFC 4648, section 10.
TEST(EncodingTest, Base64KnownAnswers) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kVectors = {
      {{"", ""},
       {"f", "Zg=="},
       {"fo", "Zm8="},
       {"foo", "Zm9v"},
       {"foob", "Zm9vYg=="},
       {"fooba", "Zm9vYmE="},
       {"foobar", "Zm9vYmFy"}}};
  for (auto [plain, encoded] : kVectors) {
    EXPECT_EQ(to_base64(plain), encoded);
    EXPECT_EQ(from_base64(encoded), plain);
  }
}

TEST(EncodingTest, Base64RoundTripsEveryByteAtEveryPhase) {
  for (std::size_t skip = 0; skip < 3; ++skip) {
    std::string bytes = every_byte().substr(skip);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
  }
}

TEST(EncodingTest, Base64IsStrict) {
  for (std::string_view text : {"Zg", "Zg=", "Zg===", "=", "====", "Z", "Zm9v\n", "Zm 9v", "Zm9v====", "Z=9v",
                                "Zh==", "Zm9=", "-_-_", "Zg==Zg=="}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(EncodingTest, Base64UrlHasNoPaddingAndItsOwnAlphabet) {
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(from_base64url("-_8"), "\xfb\xff");
  for (std::string_view text : {"+/8", "-_8=", "Z", "-_9", "Zh"})
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
}

TEST(EncodingTest, PercentEncodingLeavesOnlyTheUnreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/c+é"), "a%20b%2Fc%2B%C3%A9");
  EXPECT_EQ(percent_decode(percent_encode(every_byte())), every_byte());
}

TEST(EncodingTest, PlusIsASpaceOnlyInQueries) {
  EXPECT_EQ(percent_decode("a+b%2b"), "a+b+");
  EXPECT_EQ(percent_decode("a+b%2b", true), "a b+");
}

TEST(EncodingTest, MalformedEscapesAreRefused) {
  for (std::string_view text : {"%", "%2", "a%", "%zz", "%2g", "%%20"})
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(EncodingTest, Utf8IsWellFormedOrNot) {
  for (std::string_view text : {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << to_hex(text);
  }
  for (std::string_view text :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe2\x82",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(text)) << to_hex(text);
    EXPECT_FALSE(is_utf8("before" + std::string(text) + "after")) << to_hex(text);
  }
}

}  // namespace
}  // namespace mycouch::base
