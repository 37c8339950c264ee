// Project Wycheproof's vectors, through the functions that verify tokens. They are not part of mycouch: see
// vectors_folder.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "auth/jwk.h"
#include "auth/jwt.h"
#include "base/encoding.h"

namespace mycouch::auth {
namespace {

std::filesystem::path vectors_folder() {
  const char* named = std::getenv("MYCOUCH_TEST_VECTORS");
  return std::filesystem::path(named != nullptr ? named : MYCOUCH_TEST_VECTORS) / "wycheproof";
}

std::string hex_member(const json::Object& object, std::string_view name) {
  return base::from_hex(object.string(name).value_or("")).value_or("");
}

// As a Base64urlUInt: without the zero that DER puts before a set first bit.
std::string number_member(const json::Object& object, std::string_view name) {
  std::string bytes = hex_member(object, name);
  return base::to_base64url(bytes.substr(std::min(bytes.find_first_not_of('\0'), bytes.size())));
}

class Wycheproof : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(vectors_folder())) {
      GTEST_SKIP() << "NOT TESTED: no Wycheproof vectors in " << vectors_folder()
                   << "; set MYCOUCH_TEST_VECTORS to the folder that holds wycheproof/";
    }
  }

  static json::Value load(const char* file) {
    std::ifstream in(vectors_folder() / file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    auto value = json::parse(text);
    EXPECT_TRUE(value) << file << ": " << (value ? "" : value.error().reason);
    return value ? *std::move(value) : json::Value(json::Object{});
  }

  // Calls f(group, test) for each test.
  template <class F>
  static void for_each(const json::Value& vectors, F f) {
    const json::Value* groups = vectors.as_object()->find("testGroups");
    ASSERT_NE(groups, nullptr);
    for (const json::Value& group : *groups->as_array()) {
      for (const json::Value& test : *group.as_object()->find("tests")->as_array()) {
        f(*group.as_object(), *test.as_object());
      }
    }
  }

  // Signatures of a bare message, under the key that `jwk_of` makes of a group.
  template <class JwkOf>
  static void check_signatures(const char* file, Algorithm algorithm, JwkOf jwk_of) {
    int accepted = 0;
    int refused = 0;
    for_each(load(file), [&](const json::Object& group, const json::Object& test) {
      auto key = PublicKey::from_jwk(jwk_of(group));
      bool verified = key && key->verify(algorithm, hex_member(test, "msg"), hex_member(test, "sig"));
      std::string result(test.string("result").value_or(""));
      ++(verified ? accepted : refused);
      // "acceptable" says that either is right.
      if (result != "acceptable") {
        EXPECT_EQ(verified, result == "valid") << file << ' ' << json::write(*test.find("tcId"));
      }
    });
    EXPECT_GT(accepted, 0) << file;
    EXPECT_GT(refused, 0) << file;
  }

  static bool verify(const std::vector<PublicKey>& keys, std::string_view token) {
    auto jws = read_jws(token);
    if (!jws) return false;
    for (const PublicKey& key : keys) {
      if (key.kid() == jws->kid) return key.verify(jws->algorithm, jws->signed_text, jws->signature);
    }
    return false;
  }
};

json::Object rsa_jwk(const json::Object& group) {
  const json::Object& key = *group.find("publicKey")->as_object();
  return {{"kid", "k"},
          {"kty", "RSA"},
          {"n", number_member(key, "modulus")},
          {"e", number_member(key, "publicExponent")}};
}

json::Object given_jwk(const json::Object& group) {
  json::Object jwk = *group.find("publicKeyJwk")->as_object();
  jwk.set("kid", "k");
  return jwk;
}

json::Object p256_jwk(const json::Object& group) {
  std::string point = hex_member(*group.find("publicKey")->as_object(), "uncompressed");
  return {{"kid", "k"},
          {"kty", "EC"},
          {"crv", "P-256"},
          {"x", base::to_base64url(point.substr(1, 32))},
          {"y", base::to_base64url(point.substr(33))}};
}

TEST_F(Wycheproof, RsaPkcs1) {
  check_signatures("rsa_signature_2048_sha256_test.json", Algorithm::rs256, rsa_jwk);
}

TEST_F(Wycheproof, RsaPss) {
  check_signatures("rsa_pss_2048_sha256_mgf1_32_test.json", Algorithm::ps256, rsa_jwk);
}

TEST_F(Wycheproof, EcdsaP256) {
  check_signatures("ecdsa_secp256r1_sha256_p1363_test.json", Algorithm::es256, p256_jwk);
}

TEST_F(Wycheproof, Ed25519) {
  check_signatures("ed25519_test.json", Algorithm::eddsa, given_jwk);
}

// What is valid there, but not an algorithm or a key that mycouch accepts: HMAC, PS384, PS512, ES512.
bool is_beyond_us(const json::Object& key) {
  static const std::set<std::string_view> kOthers = {"HS256", "HS384", "HS512", "PS384", "PS512", "ES521"};
  return kOthers.contains(key.string("alg").value_or(""));
}

TEST_F(Wycheproof, JsonWebSignature) {
  int accepted = 0;
  for_each(load("json_web_signature_test.json"), [&](const json::Object& group, const json::Object& test) {
    const json::Value* key_value = group.find("public");
    if (key_value == nullptr) key_value = group.find("private");
    const json::Object& jwk = *key_value->as_object();
    std::vector<PublicKey> keys;
    if (auto key = PublicKey::from_jwk(jwk)) keys.push_back(*key);
    bool verified = verify(keys, test.string("jws").value_or(""));
    // RFC 7520's figure 20 is signed with PS384, whatever its key says here.
    bool beyond = is_beyond_us(jwk) || test.string("comment") == "Figure20";
    EXPECT_EQ(verified, !beyond && test.string("result") == "valid") << json::write(*test.find("tcId"));
    accepted += verified;
  });
  EXPECT_GT(accepted, 15);
}

TEST_F(Wycheproof, JsonWebKey) {
  int accepted = 0;
  for_each(load("json_web_key_test.json"), [&](const json::Object& group, const json::Object& test) {
    const json::Value* set = group.find("public");
    if (set == nullptr) set = group.find("private");
    auto keys = parse_jwks(json::write(*set));
    ASSERT_TRUE(keys) << json::write(*test.find("tcId"));
    bool verified = verify(*keys, test.string("jws").value_or(""));
    const json::Value& first = set->as_object()->find("keys")->as_array()->front();
    bool expected = test.string("result") == "valid" && !is_beyond_us(*first.as_object());
    EXPECT_EQ(verified, expected) << json::write(*test.find("tcId"));
    accepted += verified;
  });
  EXPECT_EQ(accepted, 1);
}

}  // namespace
}  // namespace mycouch::auth
