// The documents of the outbox: each names one piece of work for another server. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "json/value.h"

namespace mycouch::tenancy {

inline constexpr std::string_view kActiveTenantNotice = "active_tenant";  // the values of `kind`
inline constexpr std::string_view kInvitationNotice = "invitation";

/// The `nonce` in each makes any two differ, so that renewing one makes a new revision. Due at once.
/// One for each user: "outbox_active_tenant_" + user id.
json::Object active_tenant_notice(const std::string& user_id, const std::string& application_id,
                                  base::WallTime now);
/// "outbox_" + invitation id.
json::Object invitation_notice(const std::string& invitation_id, const std::string& application_id,
                               base::WallTime now);

/// The server that it is for.
std::string destination_of(const json::Object& notice);
/// How often it has failed.
std::int64_t attempts_of(const json::Object& notice);
/// Long ago where the document does not say.
base::WallTime due_time_of(const json::Object& notice);
void note_failure(json::Object& notice, base::WallTime due_again);

}  // namespace mycouch::tenancy
