#include "tenancy/invitation_delivery.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/log.h"
#include "http/client.h"
#include "json/value.h"

namespace mycouch::tenancy {
namespace {

std::string body_of(const InvitationMessage& message) {
  return json::write(
      json::Object{{"type", "invitation.created"},
                   {"id", message.id},
                   {"token", message.token},
                   {"tenant", json::Object{{"id", message.tenant_id}, {"name", message.tenant_name}}},
                   {"role", message.role},
                   {"email", message.email.empty() ? json::Value() : json::Value(message.email)},
                   {"invitedBy", json::Object{{"id", message.inviter_id}, {"name", message.inviter_name}}},
                   {"expiresAt", message.expires_at}});
}

}  // namespace

boost::asio::awaitable<Outcome> WebhookDelivery::deliver(std::shared_ptr<const auth::Application> application,
                                                         InvitationMessage message) {
  const std::int64_t sent =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
  http::ClientRequest request;
  request.method = http::Method::post;
  request.url = application->invitation_webhook;
  request.timeout = timeout_;
  request.body = body_of(message);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("webhook-id", message.id);
  request.headers.add("webhook-timestamp", std::to_string(sent));
  request.headers.add("webhook-signature", webhook_signature(application->invitation_webhook_secret,
                                                             message.id, sent, request.body));
  const Result<http::Response> answer = co_await http::fetch(std::move(request));
  Outcome outcome = outcome_of(answer, clock_.now());
  // "no longer interested" (Standard Webhooks 1.0, delivery status codes).
  if (answer && answer->status == 410) outcome.next = Outcome::Next::give_up;
  co_return outcome;
}

boost::asio::awaitable<Outcome> LogDelivery::deliver(std::shared_ptr<const auth::Application> application,
                                                     InvitationMessage message) {
  log::info("an invitation", {{"application", application->id},
                              {"tenant", message.tenant_id},
                              {"role", message.role},
                              {"token", message.token}});
  co_return Outcome{};
}

std::optional<std::string> webhook_key(std::string_view secret) {
  if (!secret.starts_with(kWebhookSecretPrefix)) return std::string(secret);
  return base::from_base64(secret.substr(kWebhookSecretPrefix.size()));
}

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                              std::string_view body) {
  std::string signed_text(id);
  signed_text += '.' + std::to_string(unix_seconds) + '.';
  signed_text += body;
  const base::Sha256 signature = base::hmac_sha256(webhook_key(secret).value_or(""), signed_text);
  return "v1," + base::to_base64(base::as_text(signature));
}

}  // namespace mycouch::tenancy
