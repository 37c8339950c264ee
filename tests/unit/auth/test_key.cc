#include "unit/auth/test_key.h"

#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "auth/owned.h"
#include "base/encoding.h"

namespace mycouch::auth {
namespace {

constexpr int kCoordinate = 32;  // bytes

EVP_PKEY* pkey_of(const std::shared_ptr<void>& pointer) {
  return static_cast<EVP_PKEY*>(pointer.get());
}

void require(bool good) {
  if (!good) throw std::runtime_error("OpenSSL failed in a test");
}

std::string number(EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* raw = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &raw) == 1);
  Owned<BIGNUM, BN_free> owned(raw);
  std::string bytes(static_cast<std::size_t>(size != 0 ? size : BN_num_bytes(raw)), '\0');
  BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return base::to_base64url(bytes);
}

std::string jose_from_der(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  Owned<ECDSA_SIG, ECDSA_SIG_free> pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  require(pair != nullptr);
  std::string out(2 * kCoordinate, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes, kCoordinate);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes + kCoordinate, kCoordinate);
  return out;
}

const EVP_MD* digest_for(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs384:
      return EVP_sha384();
    case Algorithm::rs512:
      return EVP_sha512();
    case Algorithm::eddsa:
      return nullptr;
    default:
      return EVP_sha256();
  }
}

}  // namespace

TestKey::TestKey(std::string kid, void* pkey)
    : kid_(std::move(kid)), pkey_(pkey, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }) {
  require(pkey != nullptr);
}

TestKey TestKey::rsa(std::string kid, unsigned bits) {
  return {std::move(kid), EVP_RSA_gen(bits)};
}
TestKey TestKey::p256(std::string kid) {
  return {std::move(kid), EVP_EC_gen("P-256")};
}
TestKey TestKey::ed25519(std::string kid) {
  return {std::move(kid), EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
}

json::Object TestKey::jwk() const {
  EVP_PKEY* key = pkey_of(pkey_);
  json::Object jwk{{"kid", kid_}};
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    jwk.set("kty", "RSA");
    jwk.set("n", number(key, OSSL_PKEY_PARAM_RSA_N));
    jwk.set("e", number(key, OSSL_PKEY_PARAM_RSA_E));
  } else if (EVP_PKEY_is_a(key, "EC") == 1) {
    jwk.set("kty", "EC");
    jwk.set("crv", "P-256");
    jwk.set("x", number(key, OSSL_PKEY_PARAM_EC_PUB_X, kCoordinate));
    jwk.set("y", number(key, OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinate));
  } else {
    std::string x(32, '\0');
    std::size_t size = x.size();
    require(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(x.data()), &size) == 1);
    jwk.set("kty", "OKP");
    jwk.set("crv", "Ed25519");
    jwk.set("x", base::to_base64url(x));
  }
  return jwk;
}

std::string TestKey::sign(Algorithm algorithm, std::string_view text) const {
  Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  require(EVP_DigestSignInit(context.get(), &options, digest_for(algorithm), nullptr, pkey_of(pkey_)) == 1);
  if (algorithm == Algorithm::ps256) {
    require(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
    require(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::string signature(1024, '\0');
  std::size_t size = signature.size();
  require(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                         text.size()) == 1);
  signature.resize(size);
  return algorithm == Algorithm::es256 ? jose_from_der(signature) : signature;
}

std::string TestKey::token(Algorithm algorithm, const json::Object& header,
                           const json::Object& claims) const {
  std::string text = base::to_base64url(json::write(header)) + '.' + base::to_base64url(json::write(claims));
  return text + '.' + base::to_base64url(sign(algorithm, text));
}

std::string TestKey::token(Algorithm algorithm, const json::Object& claims) const {
  return token(algorithm, {{"alg", to_string(algorithm)}, {"typ", "JWT"}, {"kid", kid_}}, claims);
}

std::string jwks_of(std::initializer_list<json::Object> keys) {
  json::Array list;
  for (const json::Object& key : keys) list.emplace_back(key);
  return json::write(json::Object{{"keys", std::move(list)}});
}

}  // namespace mycouch::auth
