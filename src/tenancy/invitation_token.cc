#include "tenancy/invitation_token.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/random.h"

namespace mycouch::tenancy {

std::string new_invitation_token(const auth::Application& application, std::string_view invitation_id) {
  if (!application.invitation_webhook.empty()) {
    return invitation_token(application.invitation_webhook_secret, invitation_id);
  }
  return base::to_base64url(base::random_bytes(sizeof(base::Sha256)));
}

std::string invitation_token(std::string_view key, std::string_view invitation_id) {
  std::string text = "mycouch invitation ";
  text += invitation_id;
  return base::to_base64url(base::as_text(base::hmac_sha256(key, text)));
}

}  // namespace mycouch::tenancy
