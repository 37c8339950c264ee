#include "tenancy/outbox_work.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "http/client.h"
#include "tenancy/clerk.h"
#include "tenancy/documents.h"
#include "tenancy/invitation_token.h"
#include "tenancy/outbox_notice.h"

namespace mycouch::tenancy {
namespace {

using base::WallTime;
using boost::asio::awaitable;

std::string text(const json::Object& object, std::string_view name) {
  return std::string(object.string(name).value_or(""));
}

Outcome give_up(std::string reason) {
  return {.next = Outcome::Next::give_up, .reason = std::move(reason)};
}

Outcome unreadable(const Error& error) {
  return {.next = Outcome::Next::retry, .reason = error.reason};
}

// Whether there is still something to accept.
bool is_open(const json::Object& invitation, WallTime now) {
  std::optional<WallTime> expires = base::from_rfc3339(text(invitation, "expiresAt"));
  return invitation.string("status") == kPending && expires && now < *expires;
}

InvitationMessage message_of(const json::Object& invitation) {
  return {.id = text(invitation, "_id"),
          .token = {},
          .tenant_id = text(invitation, "tenantId"),
          .tenant_name = {},
          .role = text(invitation, "role"),
          .email = text(invitation, "email"),
          .inviter_id = text(invitation, "invitedBy"),
          .inviter_name = {},
          .expires_at = text(invitation, "expiresAt")};
}

}  // namespace

awaitable<Outcome> OutboxWork::perform(json::Object notice) {
  auto application = issuers_.application(text(notice, "applicationId"));
  if (application == nullptr) co_return give_up("there is no such application");
  const std::string kind = text(notice, "kind");
  if (kind == kActiveTenantNotice) {
    co_return co_await tell_active_tenant(std::move(application), text(notice, "userId"));
  }
  if (kind == kInvitationNotice) {
    co_return co_await deliver_invitation(std::move(application), text(notice, "invitationId"));
  }
  co_return give_up("its kind is unknown");
}

awaitable<Outcome> OutboxWork::tell_active_tenant(std::shared_ptr<const auth::Application> application,
                                                  std::string user_id) {
  if (application->clerk_secret_key.empty()) co_return give_up("the application has no clerk_secret_key");
  Result<std::optional<json::Object>> user = co_await system_.read(std::move(user_id));
  if (!user) co_return unreadable(user.error());
  if (!*user || is_deleted(**user)) co_return Outcome{};
  const std::string sub = text(**user, "sub");
  const std::string tenant = text(**user, "active_tenant_id");
  if (sub.empty() || tenant.empty()) co_return give_up("the user document lacks sub or active_tenant_id");
  http::ClientRequest request = clerk_metadata_request(*application, sub, tenant);
  request.timeout = timeout_;
  co_return clerk_outcome(co_await http::fetch(std::move(request)), clock_.now());
}

awaitable<Outcome> OutboxWork::deliver_invitation(std::shared_ptr<const auth::Application> application,
                                                  std::string invitation_id) {
  if (application->invitation_webhook.empty()) co_return give_up("the application has no invitation_webhook");
  Result<std::optional<json::Object>> invitation = co_await system_.read(invitation_id);
  if (!invitation) co_return unreadable(invitation.error());
  if (!*invitation || !is_open(**invitation, clock_.now())) co_return Outcome{};
  InvitationMessage message = message_of(**invitation);
  message.token = invitation_token(application->invitation_webhook_secret, invitation_id);
  if (base::to_hex(base::as_text(base::sha256(message.token))) != text(**invitation, "tokenHash")) {
    co_return give_up("the invitation was made with another invitation_webhook_secret");
  }
  Result<std::optional<json::Object>> tenant = co_await system_.read(message.tenant_id);
  if (!tenant) co_return unreadable(tenant.error());
  if (!*tenant || is_deleted(**tenant)) co_return Outcome{};
  message.tenant_name = text(**tenant, "name");
  Result<std::optional<json::Object>> inviter = co_await system_.read(message.inviter_id);
  if (!inviter) co_return unreadable(inviter.error());
  if (*inviter) message.inviter_name = text(**inviter, "name");
  co_return co_await delivery_.deliver(std::move(application), std::move(message));
}

}  // namespace mycouch::tenancy
