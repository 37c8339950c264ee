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

// RFC 4231, sections 4.2 to 4.4, 4.7 and 4.8.
TEST(DigestTest, HmacSha256KnownAnswers) {
  struct Case {
    std::string key;
    std::string bytes;
    const char* hmac;
  };
  const Case cases[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
       "to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Case& c : cases) EXPECT_EQ(to_hex(as_text(hmac_sha256(c.key, c.bytes))), c.hmac) << c.bytes;
}

TEST(DigestTest, AnHmacWithAnEmptyKeyOwesNothingToTheOneBefore) {
  hmac_sha256("key", "bytes");
  EXPECT_EQ(to_hex(as_text(hmac_sha256("", ""))),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
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
