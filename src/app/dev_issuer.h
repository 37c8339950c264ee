// The development issuer: an OpenID provider where anyone signs in under any name, for a server on loopback
// only.
//
// It is part of the server that trusts it, whose requests it sees first: discovery and keys under
// /.well-known/, a page for people at /_dev/sign-in, and tokens at /_dev/token.
#pragma once

#include <memory>

#include <boost/asio/awaitable.hpp>

#include "app/dev_token.h"
#include "auth/jwks_source.h"
#include "auth/principal.h"
#include "auth/signer.h"
#include "base/clock.h"
#include "base/offload.h"
#include "http/server.h"
#include "tenancy/tenancy.h"

namespace mycouch::app {

/// The application that the development issuer signs for; its issuer is set once the server's port is known.
auth::Application development_application();

/// The issuer's keys, without a request to itself.
class SignerJwksSource final : public auth::JwksSource {
 public:
  explicit SignerJwksSource(const auth::Signer& signer) : jwks_(signer.jwks()) {}
  Task<auth::JwksAnswer> fetch() override;

 private:
  const std::string jwks_;
};

/// Thread-safe. What it is given by reference outlives it.
class DevIssuer {
 public:
  DevIssuer(std::shared_ptr<const auth::Application> application, auth::Signer signer,
            tenancy::Tenancy& tenancy, const base::Clock& clock, base::Pool& pool);

  /// Answers the issuer's own requests; false for all others, which it leaves untouched.
  boost::asio::awaitable<bool> handle(http::Exchange& exchange);

 private:
  Task<http::Response> answer(http::Exchange& exchange);
  Task<http::Response> token(http::Exchange& exchange);
  http::Response discovery() const;

  std::shared_ptr<const auth::Application> application_;
  auth::Signer signer_;
  tenancy::Tenancy& tenancy_;
  const base::Clock& clock_;
  base::Pool& pool_;
};

}  // namespace mycouch::app
