// Invitations: a tenant's, under /__tenants/{tenant}/invitations, and by their tokens, under /__invitations.

#include "api/handlers.h"
#include "tenancy/documents.h"

namespace mycouch::api {
namespace {

using tenancy::Tenancy;

std::string tenant_id(ServerCall& call) {
  return Tenancy::internal_tenant_id(call.parameter("tenant"));
}

// The server makes these ids, so either form names one.
std::string invitation_id(ServerCall& call) {
  std::string_view id = call.parameter("invite");
  if (id.starts_with(tenancy::kInvitationPrefix)) return std::string(id);
  return std::string(tenancy::kInvitationPrefix).append(id);
}

json::Object object_of(const Tenancy::Invitation& invitation) {
  json::Object object{{"id", invitation.id},
                      {"tenantId", invitation.tenant_id},
                      {"role", to_string(invitation.role)},
                      {"createdBy", invitation.invited_by},
                      {"createdAt", invitation.created_at},
                      {"expiresAt", invitation.expires_at}};
  if (!invitation.email.empty()) object.set("email", invitation.email);
  return object;
}

}  // namespace

Task<void> get_invitations(ServerCall& call) {
  MYCOUCH_CO_TRY(auto pending, co_await call.backend().tenancy.invitations(call.actor(), tenant_id(call)));
  json::Array list;
  for (const Tenancy::Invitation& invitation : pending) list.emplace_back(object_of(invitation));
  co_return co_await call.send_json(200, json::write(json::Value(std::move(list))));
}

Task<void> post_invitation(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object request, co_await call.read_object(kMaxTableBody));
  MYCOUCH_CO_TRY(auto made,
                 co_await call.backend().tenancy.invite(call.actor(), tenant_id(call), std::move(request)));
  json::Object answer = object_of(made.invitation);
  answer.set("token", made.token);
  co_return co_await call.send_json(201, json::write(answer));
}

Task<void> delete_invitation(ServerCall& call) {
  std::string id = invitation_id(call);
  MYCOUCH_CO_CHECK(co_await call.backend().tenancy.revoke_invitation(call.actor(), tenant_id(call), id));
  co_return co_await call.send_json(200, json::write(json::Object{{"ok", true}, {"id", std::move(id)}}));
}

Task<void> get_invitation(ServerCall& call) {
  MYCOUCH_CO_TRY(auto preview, co_await call.backend().tenancy.preview_invitation(
                                   call.actor(), std::string(call.parameter("token"))));
  json::Object answer{
      {"tenant", json::Object{{"id", preview.invitation.tenant_id}, {"name", preview.tenant_name}}},
      {"role", to_string(preview.invitation.role)},
      {"invitedBy", json::Object{{"id", preview.invitation.invited_by}, {"name", preview.inviter_name}}},
      {"expiresAt", preview.invitation.expires_at}};
  co_return co_await call.send_json(200, json::write(answer));
}

Task<void> post_accept(ServerCall& call) {
  MYCOUCH_CO_TRY(json::Object tenant, co_await call.backend().tenancy.accept_invitation(
                                          call.actor(), std::string(call.parameter("token"))));
  co_return co_await call.send_json(200, json::write(tenant));
}

}  // namespace mycouch::api
