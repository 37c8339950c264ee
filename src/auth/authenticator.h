// From an Authorization header to a Principal.
//
// A bearer token is verified once: its principal is kept under the token's SHA-256 until it expires, its key
// leaves the issuer's set, or the cache is full. Verification itself (RSA, ECDSA) runs on the pool.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/offload.h"
#include "base/task.h"

namespace mycouch::auth {

class Issuers;

struct Administrator {
  std::string user;
  std::string password;  // empty: nobody is the administrator
};

struct AuthenticatorOptions {
  std::chrono::seconds leeway{60};  // for exp, nbf and iat
  std::size_t cache_entries = 100'000;
};

/// Thread-safe.
class Authenticator {
 public:
  Authenticator(Issuers& issuers, Administrator administrator, AuthenticatorOptions options,
                const base::Clock& clock, base::Pool& pool);
  ~Authenticator();

  /// `header` is the Authorization field; `unauthorized` with the reason, one of those in reasons.h, of the
  /// check that failed. `unavailable` when the issuer's keys were never fetched.
  Task<std::shared_ptr<const Principal>> authenticate(std::optional<std::string> header);
  /// The same without waiting, where the answer is in the cache: the fast path of a warm token.
  std::optional<Result<std::shared_ptr<const Principal>>> cached(std::optional<std::string_view> header);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mycouch::auth
