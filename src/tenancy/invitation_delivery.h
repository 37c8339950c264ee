// How an invitation reaches the one who is invited.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "auth/principal.h"
#include "base/clock.h"
#include "tenancy/outcome.h"

namespace mycouch::tenancy {

struct InvitationMessage {
  std::string id;     // "invitation_…"
  std::string token;  // a secret
  std::string tenant_id;
  std::string tenant_name;
  std::string role;
  std::string email;  // empty: for whoever has the token
  std::string inviter_id;
  std::string inviter_name;
  std::string expires_at;  // RFC 3339
};

class InvitationDelivery {
 public:
  virtual ~InvitationDelivery() = default;
  virtual boost::asio::awaitable<Outcome> deliver(std::shared_ptr<const auth::Application> application,
                                                  InvitationMessage message) = 0;
};

/// A POST of JSON to the application's own server, signed after Standard Webhooks 1.0: its
/// `invitation_webhook`, with its `invitation_webhook_secret`.
class WebhookDelivery final : public InvitationDelivery {
 public:
  explicit WebhookDelivery(const base::Clock& clock,
                           std::chrono::milliseconds timeout = std::chrono::seconds(15))
      : clock_(clock), timeout_(timeout) {}
  boost::asio::awaitable<Outcome> deliver(std::shared_ptr<const auth::Application> application,
                                          InvitationMessage message) override;

 private:
  const base::Clock& clock_;
  const std::chrono::milliseconds timeout_;
};

/// A line in the log, token and all: for development.
class LogDelivery final : public InvitationDelivery {
 public:
  boost::asio::awaitable<Outcome> deliver(std::shared_ptr<const auth::Application> application,
                                          InvitationMessage message) override;
};

inline constexpr std::string_view kWebhookSecretPrefix = "whsec_";

/// The key that signs: the bytes that follow "whsec_" in base64, or else the secret's own. Nothing for bad
/// base64.
std::optional<std::string> webhook_key(std::string_view secret);
/// The value of `webhook-signature`: "v1,…".
std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                              std::string_view body);

}  // namespace mycouch::tenancy
