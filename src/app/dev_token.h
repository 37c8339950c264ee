// The development issuer's tokens: what is asked for, and what is signed. No I/O.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "auth/signer.h"
#include "base/clock.h"
#include "base/error.h"

namespace mycouch::app {

struct TokenRequest {
  std::string sub;
  std::string email;
  std::string name;
  std::chrono::seconds expires_in = std::chrono::hours(1);
};

/// A request's body, JSON or a form by its Content-Type: {"sub"?, "email"?, "name"?, "expires_in"?}. `sub`
/// follows from the e-mail where it is not given. `bad_request`, saying why.
Result<TokenRequest> read_token_request(std::string_view content_type, std::string_view body);
/// The same checks for a request that was put together otherwise.
Result<TokenRequest> complete_token_request(TokenRequest request);

/// "jo-example-com" for "Jo@example.com".
std::string subject_of_email(std::string_view email);

/// A compact JWS for the application. `active_tenant`: nothing before the user has one.
std::string make_token(const auth::Signer& signer, const auth::Application& application,
                       const TokenRequest& request, const std::optional<std::string>& active_tenant,
                       base::WallTime now);

}  // namespace mycouch::app
