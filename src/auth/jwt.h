// Reading a token: a compact JWS (RFC 7515) whose payload is a set of claims (RFC 7519). Pure functions;
// nothing here says that a token is genuine: that is PublicKey::verify of the issuer's key, over
// `signed_text`.
//
// All errors are `unauthorized` with one of the reasons in reasons.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/error.h"
#include "json/value.h"

namespace mycouch::auth {

inline constexpr std::size_t kMaxToken = 16 << 10;  // bytes
inline constexpr std::size_t kMaxSubject = 255;     // bytes

struct Jws {
  std::string_view signed_text;  // of the text that was read
  Algorithm algorithm;
  std::string kid;
  std::string payload;    // decoded
  std::string signature;  // decoded
};

/// Takes the token apart and checks its header. Keys and addresses of keys in the header (`jwk`, `jku`,
/// `x5c`, `x5u`) mean nothing: the sender wrote them.
Result<Jws> read_jws(std::string_view token);

/// The payload as a JSON object.
Result<json::Object> read_claims(std::string_view payload);

/// Checks times, audience, authorized party and subject as the application has them, and takes from the
/// claims what mycouch uses. `leeway` is granted to the clocks, for each of the times.
Result<Principal> check_claims(const json::Object& claims, std::shared_ptr<const Application> application,
                               base::WallTime now, std::chrono::seconds leeway);

}  // namespace mycouch::auth
