// Public keys as an issuer publishes them (RFC 7517), and checking a signature with one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/error.h"
#include "json/value.h"

namespace mycouch::auth {

/// A key that may check signatures. Immutable and thread-safe; copies share the key.
class PublicKey {
 public:
  /// `bad_request`, saying why, for a key that mycouch does not use: one without `kid`; of another kind than
  /// RSA, P-256 and Ed25519; for another use (`use`, `key_ops`) or another algorithm; an RSA key below 2048
  /// or over 16384 bits, with an exponent of 1, or of the weak kind that ROCA names; a point off its curve;
  /// numbers that are not in their shortest form (RFC 7518, section 2); and a private key, which is nobody's
  /// secret once it is published.
  static Result<PublicKey> from_jwk(const json::Object& jwk);

  const std::string& kid() const;
  /// Whether signatures of this algorithm may be checked with this key: it is of the kind, and its JWK, where
  /// it names an algorithm, names this one.
  bool fits(Algorithm algorithm) const;
  /// Whether `signature`, in JOSE's form (RFC 7518, section 3), is this key's for `text`. False where it does
  /// not fit.
  bool verify(Algorithm algorithm, std::string_view text, std::string_view signature) const;
  /// The same key under the same id for the same algorithms.
  bool operator==(const PublicKey& other) const;

 private:
  struct Key;
  explicit PublicKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

/// The usable keys of a JWK set. Others are passed over, as RFC 7517 (section 5) asks; two keys with one id
/// make that id ambiguous, and neither is used. `bad_request` for text that is no JWK set at all.
Result<std::vector<PublicKey>> parse_jwks(std::string_view text);

}  // namespace mycouch::auth
