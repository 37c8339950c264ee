// GET and PUT /__users/{id}.

#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {

Task<json::Object> Tenancy::user(const auth::Principal& caller, std::string user_id) {
  if (caller.administrator) {
    MYCOUCH_CO_TRY(std::optional<json::Object> user, co_await state_->system.read(user_id));
    if (!user) co_return fail(Errc::not_found, "missing");
    co_return *std::move(user);
  }
  if (user_id != caller.user_id) co_return fail(Errc::forbidden, "a user document is for that user only");
  MYCOUCH_CO_TRY(Settled settled, co_await state_->settle(caller));
  co_return std::move(settled.user);
}

Task<Tenancy::Written> Tenancy::put_user(const auth::Principal& caller, std::string user_id,
                                         json::Object changes) {
  if (caller.administrator || user_id != caller.user_id) {
    co_return fail(Errc::forbidden, "a user document can be changed by that user only");
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    MYCOUCH_CO_TRY(Settled settled, co_await state_->settle(caller));
    MYCOUCH_CO_CHECK(merge_user_changes(settled.user, changes));
    settled.user.set("updatedAt", base::to_rfc3339(state_->clock.now()));
    Result<std::string> rev = co_await state_->system.write(std::move(settled.user));
    if (rev) co_return Written{.id = std::move(user_id), .rev = *std::move(rev)};
    if (rev.error().code != Errc::conflict) co_return std::unexpected(std::move(rev).error());
  }
  co_return fail(Errc::conflict, "Document update conflict.");
}

}  // namespace mycouch::tenancy
