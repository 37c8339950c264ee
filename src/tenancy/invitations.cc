// Invitations: a secret that makes its bearer a member, once.
//
// What is stored is the token's SHA-256. A pending invitation is of two scopes, its tenant's (so that listing
// costs what the tenant holds) and its token's (so that looking one up is reading a scope); one that was used
// or revoked is of none, and is not found any more. Whatever makes it impossible to accept is told in one
// way, so that nobody learns about tokens.

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"
#include "tenancy/documents.h"
#include "tenancy/invitation_delivery.h"
#include "tenancy/invitation_token.h"
#include "tenancy/outbox.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {
namespace {

constexpr std::chrono::seconds kDefaultLife = std::chrono::days(7);
constexpr std::chrono::seconds kShortestLife{60};
constexpr std::chrono::seconds kLongestLife = std::chrono::days(30);

// A tenant's document holds all of its members.
constexpr std::size_t kMostMembers = 5'000;
constexpr std::size_t kMostPending = 1'000;

std::unexpected<Error> no_invitation() {
  return fail(Errc::not_found, "no such invitation, or it was used, revoked or has expired");
}

struct InvitationRequest {
  Role role = Role::member;
  std::string email;
  std::chrono::seconds life = kDefaultLife;
};

Result<Role> read_role(const json::Value& value) {
  std::optional<Role> role;
  if (const std::string* text = value.as_string()) role = role_from(*text);
  if (!role || *role == Role::owner) return fail(Errc::bad_request, "'role' must be admin, member or viewer");
  return *role;
}

Result<std::chrono::seconds> read_life(const json::Value& value) {
  std::optional<std::int64_t> seconds = value.as_int();
  if (!seconds || *seconds < kShortestLife.count() || *seconds > kLongestLife.count()) {
    return fail(Errc::bad_request, "'expires_in' must be a number of seconds from 60 to 2592000");
  }
  return std::chrono::seconds(*seconds);
}

Result<InvitationRequest> read_request(const json::Object& request) {
  InvitationRequest read;
  if (!request.contains("role")) return fail(Errc::bad_request, "an invitation needs a 'role'");
  for (const auto& [name, value] : request) {
    if (name == "role") {
      MYCOUCH_TRY(read.role, read_role(value));
    } else if (name == "email") {
      MYCOUCH_TRY(read.email, read_email(value));
    } else if (name == "expires_in") {
      MYCOUCH_TRY(read.life, read_life(value));
    } else {
      return unknown_field(name);
    }
  }
  return read;
}

std::string hash_of(std::string_view token) {
  return base::to_hex(base::as_text(base::sha256(token)));
}

json::Object document_of(const Tenancy::Invitation& invitation, std::string_view application_id,
                         std::string_view token) {
  json::Object document{{"_id", invitation.id},
                        {"type", "invitation"},
                        {"status", kPending},
                        {"tenantId", invitation.tenant_id},
                        {"applicationId", application_id},
                        {"role", to_string(invitation.role)},
                        {"tokenHash", hash_of(token)},
                        {"invitedBy", invitation.invited_by},
                        {"createdAt", invitation.created_at},
                        {"expiresAt", invitation.expires_at}};
  if (!invitation.email.empty()) document.set("email", invitation.email);
  return document;
}

Tenancy::Invitation invitation_of(const json::Object& document) {
  auto text = [&](std::string_view name) { return std::string(document.string(name).value_or("")); };
  return {.id = std::string(id_of(document)),
          .tenant_id = text("tenantId"),
          .role = role_from(text("role")).value_or(Role::viewer),
          .email = text("email"),
          .invited_by = text("invitedBy"),
          .created_at = text("createdAt"),
          .expires_at = text("expiresAt")};
}

bool can_be_accepted(const json::Object& document, base::WallTime now) {
  std::optional<base::WallTime> expires = base::from_rfc3339(document.string("expiresAt").value_or(""));
  return document.string("status") == kPending && expires && now < *expires;
}

bool same_email(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Result<void> check_email(const Tenancy::Invitation& invitation, const auth::Principal& caller) {
  if (invitation.email.empty()) return {};
  if (!caller.email_verified || !same_email(invitation.email, caller.email)) {
    return fail(Errc::forbidden, "this invitation is for another e-mail address, or yours is not verified");
  }
  return {};
}

Result<void> add_member(TenantChange& change, const Tenancy::Invitation& invitation,
                        const std::string& user_id, const std::string& now) {
  json::Value* members = change.tenant.find("members");
  if (members == nullptr || members->as_object() == nullptr) return no_invitation();
  if (members->as_object()->size() >= kMostMembers) {
    return fail(Errc::forbidden, "the tenant has as many members as one may have");
  }
  members->as_object()->set(user_id, json::Object{{"role", to_string(invitation.role)}, {"joinedAt", now}});
  json::Array ids;
  for (std::string& id : members_of(change.tenant)) ids.emplace_back(std::move(id));
  change.tenant.set("userIds", std::move(ids));
  change.relinked = {user_id};
  return {};
}

std::string name_in(const std::optional<json::Object>& document) {
  return std::string(document ? document->string("name").value_or("") : "");
}

InvitationMessage message_of(const Tenancy::NewInvitation& made, const std::optional<json::Object>& tenant,
                             const std::optional<json::Object>& inviter) {
  return {.id = made.invitation.id,
          .token = made.token,
          .tenant_id = made.invitation.tenant_id,
          .tenant_name = name_in(tenant),
          .role = std::string(to_string(made.invitation.role)),
          .email = made.invitation.email,
          .inviter_id = made.invitation.invited_by,
          .inviter_name = name_in(inviter),
          .expires_at = made.invitation.expires_at};
}

}  // namespace

// The pending invitation with the token, and its tenant; `not_found` for anything else, in one way.
struct Tenancy::FoundInvitation {
  json::Object document;
  json::Object tenant;
};

Task<Tenancy::FoundInvitation> Tenancy::find_invitation(const Actor& actor, std::string token) {
  if (actor.principal->administrator) co_return fail(Errc::forbidden, "the administrator is not a user");
  MYCOUCH_CO_CHECK(co_await state_->checked_profile(*actor.principal));
  MYCOUCH_CO_TRY(std::vector<json::Object> found,
                 co_await state_->system.documents_of(invitation_scope(hash_of(token))));
  if (found.empty() || !can_be_accepted(found.front(), state_->clock.now())) co_return no_invitation();
  json::Object& document = found.front();
  if (document.string("applicationId") != actor.principal->application->id) co_return no_invitation();
  const std::string tenant_id(document.string("tenantId").value_or(""));
  MYCOUCH_CO_TRY(std::optional<json::Object> tenant, co_await state_->system.read(tenant_id));
  if (!tenant || is_deleted(*tenant)) co_return no_invitation();
  std::optional<Role> inviter = role_in(*tenant, document.string("invitedBy").value_or(""));
  if (!inviter || !may(*inviter, Right::invite)) co_return no_invitation();
  co_return FoundInvitation{std::move(document), *std::move(tenant)};
}

Task<Tenancy::NewInvitation> Tenancy::invite(const Actor& actor, std::string tenant_id,
                                             json::Object request) {
  Deed deed{.action = "invitation.create",
            .tenant = std::move(tenant_id),
            .invitation = std::string(kInvitationPrefix) + base::random_uuid()};
  co_return co_await state_->recorded(actor, deed,
                                      make_invitation(actor, deed.tenant, deed.invitation, request));
}

Task<Tenancy::NewInvitation> Tenancy::make_invitation(const Actor& actor, const std::string& tenant_id,
                                                      const std::string& id, const json::Object& request) {
  if (actor.principal->administrator) {
    co_return fail(Errc::forbidden, "the administrator is not a user, and cannot invite");
  }
  MYCOUCH_CO_CHECK(co_await state_->checked_profile(*actor.principal));
  MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock, co_await state_->locks.lock(tenant_id));
  MYCOUCH_CO_TRY(std::optional<json::Object> tenant, co_await state_->system.read(tenant_id));
  if (!tenant) co_return fail(Errc::not_found, "missing");
  MYCOUCH_CO_CHECK(state_->check_right(actor, *tenant, Right::invite));
  MYCOUCH_CO_TRY(InvitationRequest read, read_request(request));
  MYCOUCH_CO_TRY(auto pending, co_await state_->system.documents_of(invitations_scope(tenant_id)));
  std::erase_if(pending,
                [now = state_->clock.now()](const json::Object& one) { return !can_be_accepted(one, now); });
  if (pending.size() >= kMostPending) {
    co_return fail(Errc::forbidden, "the tenant has as many pending invitations as one may have");
  }

  const auth::Application& application = *actor.principal->application;
  const base::WallTime now = state_->clock.now();
  NewInvitation made{.invitation = {.id = id,
                                    .tenant_id = tenant_id,
                                    .role = read.role,
                                    .email = std::move(read.email),
                                    .invited_by = actor.principal->user_id,
                                    .created_at = base::to_rfc3339(now),
                                    .expires_at = base::to_rfc3339(now + read.life)},
                     .token = new_invitation_token(application, id)};
  std::vector<json::Object> documents{document_of(made.invitation, application.id, made.token)};
  if (!application.invitation_webhook.empty()) {
    documents.push_back(invitation_notice(id, application.id, now));
  }
  const Deed deed{.action = "invitation.create", .tenant = tenant_id, .invitation = id};
  MYCOUCH_CO_CHECK(co_await state_->write(actor, deed, std::move(documents)));
  if (state_->options.invitations != nullptr) {
    MYCOUCH_CO_TRY(std::optional<json::Object> inviter,
                   co_await state_->system.read(actor.principal->user_id));
    (void)co_await state_->options.invitations->deliver(actor.principal->application,
                                                        message_of(made, tenant, inviter));
  }
  co_return made;
}

Task<std::vector<Tenancy::Invitation>> Tenancy::invitations(const Actor& actor, std::string tenant_id) {
  MYCOUCH_CO_TRY(json::Object tenant, co_await this->tenant(*actor.principal, tenant_id));
  MYCOUCH_CO_CHECK(state_->check_right(actor, tenant, Right::invite));
  MYCOUCH_CO_TRY(std::vector<json::Object> documents,
                 co_await state_->system.documents_of(invitations_scope(tenant_id)));
  std::vector<Invitation> pending;
  for (const json::Object& document : documents) {
    if (can_be_accepted(document, state_->clock.now())) pending.push_back(invitation_of(document));
  }
  std::ranges::sort(pending, {}, [](const Invitation& one) { return std::pair(one.created_at, one.id); });
  co_return pending;
}

Task<void> Tenancy::revoke_invitation(const Actor& actor, std::string tenant_id, std::string invitation_id) {
  Deed deed{
      .action = "invitation.revoke", .tenant = std::move(tenant_id), .invitation = std::move(invitation_id)};
  auto revoke = [](Tenancy& tenancy, const Actor& by, const Deed& done) -> Task<void> {
    State& state = *tenancy.state_;
    MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock, co_await state.locks.lock(done.tenant));
    MYCOUCH_CO_TRY(json::Object tenant, co_await tenancy.tenant(*by.principal, done.tenant));
    MYCOUCH_CO_CHECK(state.check_right(by, tenant, Right::invite));
    MYCOUCH_CO_TRY(std::optional<json::Object> invitation, co_await state.system.read(done.invitation));
    const bool pending = invitation && invitation->string("tenantId") == done.tenant &&
                         invitation->string("status") == kPending;
    if (!pending) co_return no_invitation();
    invitation->set("status", "revoked");
    invitation->set("revokedAt", state.now());
    MYCOUCH_CO_CHECK(co_await state.write(by, done, {*std::move(invitation)}));
    co_return Result<void>{};
  };
  co_return co_await state_->recorded(actor, deed, revoke(*this, actor, deed));
}

Task<Tenancy::InvitationPreview> Tenancy::preview_invitation(const Actor& actor, std::string token) {
  MYCOUCH_CO_TRY(FoundInvitation found, co_await find_invitation(actor, std::move(token)));
  InvitationPreview preview{
      .invitation = invitation_of(found.document), .tenant_name = {}, .inviter_name = {}};
  preview.tenant_name = found.tenant.string("name").value_or("");
  MYCOUCH_CO_TRY(std::optional<json::Object> inviter,
                 co_await state_->system.read(preview.invitation.invited_by));
  preview.inviter_name = name_in(inviter);
  co_return preview;
}

Task<json::Object> Tenancy::accept_invitation(const Actor& actor, std::string token) {
  Deed deed{.action = "invitation.accept", .user = actor_name(*actor.principal)};
  auto found = co_await find_invitation(actor, token);
  if (!found) {
    co_await state_->record_refusal(actor, deed, found.error());
    co_return std::unexpected(std::move(found).error());
  }
  deed.tenant = id_of(found->tenant);
  deed.invitation = id_of(found->document);
  co_return co_await state_->recorded(actor, deed, use_invitation(actor, deed.tenant, std::move(token)));
}

Task<json::Object> Tenancy::use_invitation(const Actor& actor, const std::string& tenant_id,
                                           std::string token) {
  const std::string& user_id = actor.principal->user_id;
  MYCOUCH_CO_TRY(std::shared_ptr<const Settled> user, co_await state_->settle(actor));
  MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock, co_await state_->locks.lock(tenant_id));
  // What was found before the turn came may be used by now.
  MYCOUCH_CO_TRY(FoundInvitation found, co_await find_invitation(actor, std::move(token)));
  const Invitation invitation = invitation_of(found.document);
  MYCOUCH_CO_CHECK(check_email(invitation, *actor.principal));
  if (role_in(found.tenant, user_id)) co_return std::move(found.tenant);
  MYCOUCH_CO_CHECK(check_room(*user));

  const std::string now = state_->now();
  found.document.set("status", "used");
  found.document.set("usedBy", user_id);
  found.document.set("usedAt", now);
  const Deed deed{
      .action = "invitation.accept", .user = user_id, .tenant = tenant_id, .invitation = invitation.id};
  co_return co_await state_->change_locked_tenant(
      actor, deed, std::nullopt, [&](TenantChange& change) -> Result<void> {
        MYCOUCH_CHECK(add_member(change, invitation, user_id, now));
        change.others = {found.document};
        return {};
      });
}

}  // namespace mycouch::tenancy
