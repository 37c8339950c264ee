// The token that lets its bearer accept an invitation. The store keeps only its SHA-256.
//
// An invitation that a webhook delivers waits in the outbox, over restarts, until it is taken; so its token
// must be known again later, and may not be stored. It is derived from the invitation's id with the webhook's
// secret, which the receiver, who gets every token, has anyway. Any other token is random.
#pragma once

#include <string>
#include <string_view>

#include "auth/principal.h"

namespace mycouch::tenancy {

/// 43 characters of base64url: 256 bits.
std::string new_invitation_token(const auth::Application& application, std::string_view invitation_id);

/// The derived token: base64url(HMAC-SHA256(key, "mycouch invitation " + id)).
std::string invitation_token(std::string_view key, std::string_view invitation_id);

}  // namespace mycouch::tenancy
