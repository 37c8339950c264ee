#include "tenancy/outbox_notice.h"

#include <utility>

#include "base/random.h"

namespace mycouch::tenancy {
namespace {

using base::WallTime;

json::Object notice(std::string id, std::string_view kind, std::string_view subject_name,
                    const std::string& subject, const std::string& application_id, WallTime now) {
  return {{"_id", std::move(id)},
          {"type", "outbox"},
          {"kind", kind},
          {std::string(subject_name), subject},
          {"applicationId", application_id},
          {"createdAt", base::to_rfc3339(now)},
          {"attempts", 0},
          {"nextAttemptAt", base::to_rfc3339_milliseconds(now)},
          {"nonce", base::random_uuid()}};
}

}  // namespace

json::Object active_tenant_notice(const std::string& user_id, const std::string& application_id,
                                  WallTime now) {
  return notice("outbox_active_tenant_" + user_id, kActiveTenantNotice, "userId", user_id, application_id,
                now);
}

json::Object invitation_notice(const std::string& invitation_id, const std::string& application_id,
                               WallTime now) {
  return notice("outbox_" + invitation_id, kInvitationNotice, "invitationId", invitation_id, application_id,
                now);
}

std::string destination_of(const json::Object& notice) {
  std::string destination(notice.string("kind").value_or(""));
  destination += ' ';
  destination += notice.string("applicationId").value_or("");
  return destination;
}

std::int64_t attempts_of(const json::Object& notice) {
  const json::Value* attempts = notice.find("attempts");
  return attempts != nullptr ? attempts->as_int().value_or(0) : 0;
}

WallTime due_time_of(const json::Object& notice) {
  return base::from_rfc3339(notice.string("nextAttemptAt").value_or("")).value_or(WallTime());
}

void note_failure(json::Object& notice, WallTime due_again) {
  notice.set("attempts", attempts_of(notice) + 1);
  notice.set("nextAttemptAt", base::to_rfc3339_milliseconds(due_again));
}

}  // namespace mycouch::tenancy
