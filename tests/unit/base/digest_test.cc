#include "base/digest.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace mycouch::base {
namespace {

// RFC 1321, appendix A.5.
TEST(DigestTest, Md5KnownAnswers) {
  EXPECT_EQ(to_hex(as_text(md5(""))), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(as_text(md5("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
}

// FIPS 180-2, appendix B.
TEST(DigestTest, Sha256KnownAnswers) {
  EXPECT_EQ(to_hex(as_text(sha256(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(as_text(sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(as_text(sha256(std::string(1'000'000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(DigestTest, DigestsOfOneThreadDoNotDisturbEachOther) {
  Sha256 first = sha256("abc");
  md5("in between");
  EXPECT_EQ(sha256("abc"), first);
}

TEST(DigestTest, AStreamInPiecesEqualsTheWhole) {
  std::string text(100'000, 'x');
  for (std::size_t piece : {1, 63, 64, 65, 4096}) {
    Sha256Stream stream;
    for (std::size_t at = 0; at < text.size(); at += piece)
      stream.update(std::string_view(text).substr(at, piece));
    EXPECT_EQ(stream.finish(), sha256(text)) << piece;
  }
  EXPECT_EQ(Sha256Stream().finish(), sha256(""));
}

TEST(DigestTest, ConstantTimeEqualityIsEquality) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_in_constant_time("Secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secrets"));
}

}  // namespace
}  // namespace mycouch::base
