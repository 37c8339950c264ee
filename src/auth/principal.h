// Who is asking.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace mycouch::auth {

enum class Algorithm : std::uint8_t { rs256, rs384, rs512, ps256, es256, eddsa };
std::string_view to_string(Algorithm algorithm);  // "RS256"
std::optional<Algorithm> algorithm_from(
    std::string_view jose_name);  // nothing for `none`, HMAC and unknown names

enum class TenantSource : std::uint8_t { claim, profile };

/// One application that may sign its users in: an issuer, and what its users reach.
struct Application {
  std::string id;
  std::string issuer;
  std::string jwks;                    // URL or file:PATH; empty: by the issuer's discovery document
  std::vector<std::string> databases;  // names, or patterns with '*'
  std::vector<Algorithm> algorithms = {Algorithm::rs256};
  std::vector<std::string> audiences;           // accepted `aud`; empty: not checked
  std::vector<std::string> authorized_parties;  // accepted `azp`; empty: not checked
  std::string tenant_claim = "active_tenant_id";
  TenantSource tenant_source = TenantSource::claim;
  std::string tenant_field = "tenant";  // empty: none
  std::string subject_prefix;
  std::vector<std::string> allowed_origins;

  /// Clerk's key of this application ("sk_…"): a user's active tenant is then told to Clerk. Empty: to
  /// nobody.
  std::string clerk_secret_key;
  std::string clerk_api_url = "https://api.clerk.com";
  /// Where invitations are delivered, and the key that signs them. Empty: nowhere.
  std::string invitation_webhook;
  std::string invitation_webhook_secret;

  /// Whether `name` is one of `databases`.
  bool serves(std::string_view name) const;
};

/// The claims of an accepted token that mycouch uses.
struct Principal {
  bool administrator = false;
  std::shared_ptr<const Application> application;  // null for the administrator
  std::string sub;
  std::string user_id;  // internal: "user_" + subject_prefix + sub
  std::string sid;
  std::string email;
  bool email_verified = false;
  std::string name;
  std::optional<std::string> active_tenant;  // internal form, as the claim has it
  base::WallTime expires{};  // the claim, without leeway; WallTime::max() for the administrator
};

}  // namespace mycouch::auth
