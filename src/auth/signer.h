// Signs tokens with an RSA key of its own: the development issuer's, and the tests'.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "json/value.h"

namespace mycouch::auth {

/// RS256 with 2048 bits. Immutable and thread-safe; copies share the key.
class Signer {
 public:
  /// The key in the PEM file at `path`, made there where there is none: whole or not at all, with mode 0600,
  /// and one and the same for all who open it at once. `unavailable` where the file cannot be read or made,
  /// `bad_request` where it holds no RSA key of at least 2048 bits.
  static Result<Signer> open(const std::filesystem::path& path);
  /// A new key that is kept nowhere.
  static Signer generate();

  /// The key's thumbprint (RFC 7638).
  const std::string& kid() const;
  /// The public key, as the text of a JWK set.
  std::string jwks() const;
  /// A compact JWS of type JWT. Takes about a millisecond.
  std::string sign(const json::Object& claims) const;

 private:
  struct Key;
  explicit Signer(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

}  // namespace mycouch::auth
