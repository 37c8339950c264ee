// Key pairs that sign what the tests need, good and bad.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "json/value.h"

namespace mycouch::auth {

class TestKey {
 public:
  static TestKey rsa(std::string kid, unsigned bits = 2048);
  static TestKey p256(std::string kid);
  static TestKey ed25519(std::string kid);

  const std::string& kid() const { return kid_; }
  /// The public half, without `alg` and `use`.
  json::Object jwk() const;
  /// JOSE's form of the signature.
  std::string sign(Algorithm algorithm, std::string_view text) const;
  /// A compact JWS; `header` as it is given.
  std::string token(Algorithm algorithm, const json::Object& header, const json::Object& claims) const;
  /// The same with a header of {alg, typ, kid}.
  std::string token(Algorithm algorithm, const json::Object& claims) const;

 private:
  TestKey(std::string kid, void* pkey);
  std::string kid_;
  std::shared_ptr<void> pkey_;
};

/// {"keys":[…]}
std::string jwks_of(std::initializer_list<json::Object> keys);

}  // namespace mycouch::auth
