#include "auth/jwk.h"

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <optional>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "auth/owned.h"
#include "base/encoding.h"

namespace mycouch::auth {
namespace {

using Pkey = Owned<EVP_PKEY, EVP_PKEY_free>;
using PkeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = Owned<BIGNUM, BN_free>;
using Parameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using ParameterBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using EcdsaSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = OPENSSL_RSA_MAX_MODULUS_BITS;
constexpr std::size_t kP256Bytes = 32;
constexpr std::size_t kEd25519Bytes = 32;

enum class Kind : std::uint8_t { rsa, p256, ed25519 };

Kind kind_for(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::rs384:
    case Algorithm::rs512:
    case Algorithm::ps256:
      return Kind::rsa;
    case Algorithm::es256:
      return Kind::p256;
    case Algorithm::eddsa:
      return Kind::ed25519;
  }
  std::unreachable();
}

const EVP_MD* digest_for(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
    case Algorithm::es256:
      return EVP_sha256();
    case Algorithm::rs384:
      return EVP_sha384();
    case Algorithm::rs512:
      return EVP_sha512();
    case Algorithm::eddsa:
      return nullptr;  // Ed25519 hashes by itself
  }
  std::unreachable();
}

// OpenSSL leaves its errors in a queue of the thread; ours are told otherwise.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard() { ERR_set_mark(); }
  ~ErrorQueueGuard() { ERR_pop_to_mark(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<Error> unusable(std::string why) {
  return fail(Errc::bad_request, std::move(why));
}

// A Base64urlUInt (RFC 7518, section 2): big-endian, in as few bytes as hold it.
Result<Number> number_member(const json::Object& jwk, std::string_view name) {
  auto text = jwk.string(name);
  auto bytes = text ? base::from_base64url(*text) : std::nullopt;
  if (!bytes || bytes->empty() || bytes->front() == '\0') return unusable("malformed number in key");
  Number number(BN_bin2bn(bytes_of(*bytes), static_cast<int>(bytes->size()), nullptr));
  if (!number) throw std::bad_alloc();
  return number;
}

// Bytes of a fixed length.
Result<std::string> bytes_member(const json::Object& jwk, std::string_view name, std::size_t size) {
  auto text = jwk.string(name);
  auto bytes = text ? base::from_base64url(*text) : std::nullopt;
  if (!bytes || bytes->size() != size) return unusable("malformed coordinate in key");
  return *std::move(bytes);
}

// RSA keys of one maker's chips can be factored (CVE-2017-15361). Their moduli are, modulo each small prime,
// a power of 65537; others are so for all of these primes with a chance of about 2^-28.
bool is_roca_weak(const BIGNUM* modulus) {
  static constexpr std::array<BN_ULONG, 38> kPrimes = {
      3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
      73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
  return std::ranges::all_of(kPrimes, [&](BN_ULONG prime) {
    BN_ULONG residue = BN_mod_word(modulus, prime);
    BN_ULONG power = 1;
    do {
      if (power == residue) return true;
      power = power * 65537 % prime;
    } while (power != 1);
    return false;
  });
}

Result<Pkey> key_from(const char* type, const OSSL_PARAM* parameters) {
  PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  if (!context) throw std::bad_alloc();
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(parameters)) != 1) {
    return unusable("key is not valid");
  }
  return Pkey(raw);
}

Result<Pkey> rsa_key(const json::Object& jwk) {
  MYCOUCH_TRY(Number n, number_member(jwk, "n"));
  MYCOUCH_TRY(Number e, number_member(jwk, "e"));
  if (BN_num_bits(n.get()) < kMinRsaBits) return unusable("RSA key below 2048 bits");
  if (BN_num_bits(n.get()) > kMaxRsaBits) return unusable("RSA key too long");
  // A long exponent makes each verification dear; OpenSSL refuses it for long moduli, and nobody has one.
  bool exponent_in_use = BN_is_odd(e.get()) && !BN_is_one(e.get()) && BN_num_bits(e.get()) <= 64;
  if (!BN_is_odd(n.get()) || !exponent_in_use) return unusable("key is not valid");
  if (is_roca_weak(n.get())) return unusable("RSA key of a weak generator");

  ParameterBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder) throw std::bad_alloc();
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  return key_from("RSA", parameters.get());
}

Result<Pkey> p256_key(const json::Object& jwk) {
  if (jwk.string("crv") != "P-256") return unusable("curve not supported");
  MYCOUCH_TRY(std::string x, bytes_member(jwk, "x", kP256Bytes));
  MYCOUCH_TRY(std::string y, bytes_member(jwk, "y", kP256Bytes));
  std::string point = '\x04' + x + y;  // uncompressed (SEC 1, section 2.3.3)
  std::string group = "P-256";
  std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  MYCOUCH_TRY(Pkey key, key_from("EC", parameters.data()));
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!context || EVP_PKEY_public_check(context.get()) != 1) return unusable("key is not valid");
  return key;
}

Result<Pkey> ed25519_key(const json::Object& jwk) {
  if (jwk.string("crv") != "Ed25519") return unusable("curve not supported");
  MYCOUCH_TRY(std::string x, bytes_member(jwk, "x", kEd25519Bytes));
  Pkey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size()));
  if (!key) return unusable("key is not valid");
  return key;
}

// `use` and `key_ops` (RFC 7517, sections 4.2 and 4.3), where they are given, allow checking signatures.
bool is_for_signatures(const json::Object& jwk) {
  if (jwk.contains("use") && jwk.string("use") != "sig") return false;
  const json::Value* operations = jwk.find("key_ops");
  if (operations == nullptr) return true;
  const json::Array* list = operations->as_array();
  return list != nullptr && std::ranges::find(*list, json::Value("verify")) != list->end();
}

// What JOSE calls an ECDSA signature is two numbers end to end; OpenSSL wants them in DER. Empty for another
// length.
std::string der_from_jose(std::string_view signature) {
  if (signature.size() != 2 * kP256Bytes) return {};
  constexpr int kSize = kP256Bytes;
  Number r(BN_bin2bn(bytes_of(signature), kSize, nullptr));
  Number s(BN_bin2bn(bytes_of(signature.substr(kP256Bytes)), kSize, nullptr));
  EcdsaSignature pair(ECDSA_SIG_new());
  if (!r || !s || !pair) throw std::bad_alloc();
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(pair.get(), &out);
  return der;
}

bool verify_with(EVP_PKEY* key, Algorithm algorithm, std::string_view text, std::string_view signature) {
  DigestContext context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  EVP_PKEY_CTX* options = nullptr;  // the digest context's own
  if (EVP_DigestVerifyInit(context.get(), &options, digest_for(algorithm), nullptr, key) != 1) return false;
  if (algorithm == Algorithm::ps256 &&
      (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

}  // namespace

struct PublicKey::Key {
  std::string kid;
  Kind kind;
  std::optional<Algorithm> only;  // where the JWK names an algorithm
  Pkey pkey;
};

Result<PublicKey> PublicKey::from_jwk(const json::Object& jwk) {
  ErrorQueueGuard guard;
  auto kid = jwk.string("kid");
  if (!kid || kid->empty()) return unusable("key without an id");
  if (!is_for_signatures(jwk)) return unusable("key is not for signatures");
  if (jwk.contains("d")) return unusable("private key published");

  auto kty = jwk.string("kty");
  Result<Pkey> pkey = unusable("kind of key not supported");
  Kind kind = Kind::rsa;
  if (kty == "RSA") {
    pkey = rsa_key(jwk);
  } else if (kty == "EC") {
    kind = Kind::p256;
    pkey = p256_key(jwk);
  } else if (kty == "OKP") {
    kind = Kind::ed25519;
    pkey = ed25519_key(jwk);
  }
  if (!pkey) return std::unexpected(std::move(pkey).error());

  std::optional<Algorithm> only;
  if (jwk.contains("alg")) {
    only = algorithm_from(jwk.string("alg").value_or(""));
    if (!only || kind_for(*only) != kind) return unusable("key for another algorithm");
  }
  return PublicKey(std::make_shared<const Key>(Key{std::string(*kid), kind, only, *std::move(pkey)}));
}

const std::string& PublicKey::kid() const {
  return key_->kid;
}

bool PublicKey::fits(Algorithm algorithm) const {
  return kind_for(algorithm) == key_->kind && (!key_->only || *key_->only == algorithm);
}

bool PublicKey::verify(Algorithm algorithm, std::string_view text, std::string_view signature) const {
  if (!fits(algorithm)) return false;
  ErrorQueueGuard guard;
  if (algorithm != Algorithm::es256) return verify_with(key_->pkey.get(), algorithm, text, signature);
  std::string der = der_from_jose(signature);
  return !der.empty() && verify_with(key_->pkey.get(), algorithm, text, der);
}

bool PublicKey::operator==(const PublicKey& other) const {
  return key_ == other.key_ || (key_->kid == other.key_->kid && key_->only == other.key_->only &&
                                EVP_PKEY_eq(key_->pkey.get(), other.key_->pkey.get()) == 1);
}

Result<std::vector<PublicKey>> parse_jwks(std::string_view text) {
  MYCOUCH_TRY(json::Value value, json::parse(text));
  const json::Object* set = value.as_object();
  const json::Value* member = set != nullptr ? set->find("keys") : nullptr;
  const json::Array* list = member != nullptr ? member->as_array() : nullptr;
  if (list == nullptr) return unusable("not a JWK set");

  std::map<std::string, std::vector<PublicKey>> by_id;
  for (const json::Value& item : *list) {
    const json::Object* jwk = item.as_object();
    if (jwk == nullptr) return unusable("not a JWK set");
    if (auto key = PublicKey::from_jwk(*jwk)) by_id[key->kid()].push_back(*key);
  }
  std::vector<PublicKey> keys;
  for (const auto& [kid, same_id] : by_id) {
    if (same_id.size() == 1) keys.push_back(same_id.front());
  }
  return keys;
}

}  // namespace mycouch::auth
