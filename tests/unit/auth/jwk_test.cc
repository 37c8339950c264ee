#include "auth/jwk.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "unit/auth/test_key.h"

namespace mycouch::auth {
namespace {

const TestKey& rsa_pair() {
  static const TestKey key = TestKey::rsa("r");
  return key;
}
const TestKey& p256_pair() {
  static const TestKey key = TestKey::p256("p");
  return key;
}
const TestKey& ed25519_pair() {
  static const TestKey key = TestKey::ed25519("e");
  return key;
}

const TestKey& pair_for(Algorithm algorithm) {
  if (algorithm == Algorithm::es256) return p256_pair();
  return algorithm == Algorithm::eddsa ? ed25519_pair() : rsa_pair();
}

constexpr Algorithm kAll[] = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512,
                              Algorithm::ps256, Algorithm::es256, Algorithm::eddsa};

json::Object with(json::Object jwk, std::string_view name, json::Value value) {
  jwk.set(name, std::move(value));
  return jwk;
}

TEST(PublicKey, VerifiesWhatItsPairSignedAndNothingElse) {
  for (Algorithm algorithm : kAll) {
    SCOPED_TRACE(to_string(algorithm));
    const TestKey& pair = pair_for(algorithm);
    auto key = PublicKey::from_jwk(pair.jwk());
    ASSERT_TRUE(key) << key.error().reason;
    EXPECT_EQ(key->kid(), pair.kid());
    std::string signature = pair.sign(algorithm, "text");
    EXPECT_TRUE(key->verify(algorithm, "text", signature));
    EXPECT_FALSE(key->verify(algorithm, "texts", signature));
    EXPECT_FALSE(key->verify(algorithm, "text", ""));
    EXPECT_FALSE(key->verify(algorithm, "text", signature + '\0'));
    EXPECT_FALSE(key->verify(algorithm, "text", signature.substr(1)));
    for (std::size_t i : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      std::string changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(key->verify(algorithm, "text", changed)) << i;
    }
  }
}

TEST(PublicKey, ChecksNoOtherAlgorithmsSignature) {
  for (Algorithm signed_with : kAll) {
    std::string signature = pair_for(signed_with).sign(signed_with, "text");
    auto key = PublicKey::from_jwk(pair_for(signed_with).jwk());
    ASSERT_TRUE(key);
    for (Algorithm claimed : kAll) {
      EXPECT_EQ(key->verify(claimed, "text", signature), claimed == signed_with)
          << to_string(signed_with) << " as " << to_string(claimed);
    }
  }
}

TEST(PublicKey, AnAlgorithmInItsJwkExcludesTheOthers) {
  auto any = PublicKey::from_jwk(rsa_pair().jwk());
  auto one = PublicKey::from_jwk(with(rsa_pair().jwk(), "alg", "RS512"));
  ASSERT_TRUE(any && one);
  EXPECT_TRUE(any->fits(Algorithm::rs256) && any->fits(Algorithm::ps256) && any->fits(Algorithm::rs512));
  EXPECT_TRUE(one->fits(Algorithm::rs512));
  EXPECT_FALSE(one->fits(Algorithm::rs256));
  EXPECT_FALSE(one->verify(Algorithm::rs256, "text", rsa_pair().sign(Algorithm::rs256, "text")));
  EXPECT_FALSE(*any == *one);
}

TEST(PublicKey, IsEqualToTheSameJwkOnly) {
  auto key = PublicKey::from_jwk(rsa_pair().jwk());
  auto again = PublicKey::from_jwk(with(rsa_pair().jwk(), "use", "sig"));
  auto other_id = PublicKey::from_jwk(with(rsa_pair().jwk(), "kid", "other"));
  auto other_key = PublicKey::from_jwk(TestKey::rsa("r").jwk());
  ASSERT_TRUE(key && again && other_id && other_key);
  EXPECT_TRUE(*key == *again);
  EXPECT_FALSE(*key == *other_id);
  EXPECT_FALSE(*key == *other_key);
}

TEST(PublicKey, RefusesWhatItCannotTrust) {
  const json::Object rsa = rsa_pair().jwk();
  const json::Object p256 = p256_pair().jwk();
  const json::Object ed25519 = ed25519_pair().jwk();
  auto long_form = [](const json::Object& jwk, std::string_view name) {
    return base::to_base64url('\0' + *base::from_base64url(*jwk.string(name)));
  };
  struct Case {
    const char* what;
    json::Object jwk;
    const char* reason;
  };
  const Case cases[] = {
      {"no kid", with(rsa, "kid", nullptr), "key without an id"},
      {"empty kid", with(rsa, "kid", ""), "key without an id"},
      {"symmetric", {{"kid", "k"}, {"kty", "oct"}, {"k", "AAAA"}}, "kind of key not supported"},
      {"no kty", with(rsa, "kty", nullptr), "kind of key not supported"},
      {"for encryption", with(rsa, "use", "enc"), "key is not for signatures"},
      {"use of another type", with(rsa, "use", 1), "key is not for signatures"},
      {"key_ops without verify", with(rsa, "key_ops", json::Array{"encrypt"}), "key is not for signatures"},
      {"key_ops of another type", with(rsa, "key_ops", "verify"), "key is not for signatures"},
      {"private", with(rsa, "d", "AQAB"), "private key published"},
      {"alg of another kind", with(rsa, "alg", "ES256"), "key for another algorithm"},
      {"alg of HMAC", with(rsa, "alg", "HS256"), "key for another algorithm"},
      {"alg of another type", with(rsa, "alg", 1), "key for another algorithm"},
      {"1024 bits", TestKey::rsa("r", 1024).jwk(), "RSA key below 2048 bits"},
      {"17000 bits", with(rsa, "n", base::to_base64url(std::string(2125, '\xff'))), "RSA key too long"},
      {"leading zero", with(rsa, "n", long_form(rsa, "n")), "malformed number in key"},
      {"leading zero in e", with(rsa, "e", "AAEAAQ"), "malformed number in key"},
      {"e is 1", with(rsa, "e", "AQ"), "key is not valid"},
      {"e is even", with(rsa, "e", "Ag"), "key is not valid"},
      {"e is empty", with(rsa, "e", ""), "malformed number in key"},
      {"e of 72 bits", with(rsa, "e", base::to_base64url(std::string(9, '\x01'))), "key is not valid"},
      {"padded base64", with(rsa, "e", "AQAB="), "malformed number in key"},
      {"e of another type", with(rsa, "e", 65537), "malformed number in key"},
      {"another curve", with(p256, "crv", "P-384"), "curve not supported"},
      {"off its curve", with(p256, "y", *p256.string("x")), "key is not valid"},
      {"short coordinate", with(p256, "x", "AQAB"), "malformed coordinate in key"},
      {"long coordinate", with(p256, "x", long_form(p256, "x")), "malformed coordinate in key"},
      {"X25519", with(ed25519, "crv", "X25519"), "curve not supported"},
      {"short point", with(ed25519, "x", "AQAB"), "malformed coordinate in key"},
  };
  for (const Case& c : cases) {
    auto key = PublicKey::from_jwk(c.jwk);
    ASSERT_FALSE(key) << c.what;
    EXPECT_EQ(key.error().reason, c.reason) << c.what;
    EXPECT_EQ(key.error().code, Errc::bad_request) << c.what;
  }
}

TEST(Jwks, PassesOverKeysThatItDoesNotUse) {
  auto keys = parse_jwks(jwks_of({rsa_pair().jwk(),
                                  {{"kty", "oct"}, {"kid", "k"}, {"k", "AAAA"}},
                                  p256_pair().jwk(),
                                  with(TestKey::rsa("x").jwk(), "use", "enc")}));
  ASSERT_TRUE(keys) << keys.error().reason;
  ASSERT_EQ(keys->size(), 2u);
}

TEST(Jwks, AnIdOfTwoKeysIsNobodys) {
  auto keys =
      parse_jwks(jwks_of({TestKey::p256("same").jwk(), ed25519_pair().jwk(), TestKey::p256("same").jwk()}));
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->front().kid(), ed25519_pair().kid());
}

TEST(Jwks, AnEncryptionKeyMayShareAnIdWithASigningKey) {
  auto keys =
      parse_jwks(jwks_of({with(TestKey::p256("same").jwk(), "use", "enc"), TestKey::p256("same").jwk()}));
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->size(), 1u);
}

TEST(Jwks, RefusesWhatIsNoKeySet) {
  for (const char* text : {"", "<html>", "[]", "{}", R"({"keys":{}})", R"({"keys":[1]})",
                           R"({"keys":[],"keys":[]})", R"({"keys":[{"kty":"RSA","kty":"EC"}]})"}) {
    auto keys = parse_jwks(text);
    ASSERT_FALSE(keys) << text;
    EXPECT_EQ(keys.error().code, Errc::bad_request) << text;
  }
  EXPECT_TRUE(parse_jwks(R"({"keys":[]})"));
}

}  // namespace
}  // namespace mycouch::auth
