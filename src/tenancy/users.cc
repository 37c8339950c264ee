// GET, PUT and DELETE /__users/{id}.

#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {

Task<std::string> Tenancy::user(const Actor& actor, std::string user_id) {
  if (actor.principal->administrator) {
    MYCOUCH_CO_TRY(std::optional<json::Object> user, co_await state_->system.read(user_id));
    if (!user) co_return fail(Errc::not_found, "missing");
    co_return json::write(*user);
  }
  if (user_id != actor.principal->user_id) {
    co_return fail(Errc::forbidden, "a user document is for that user only");
  }
  MYCOUCH_CO_TRY(std::shared_ptr<const Settled> settled, co_await state_->settle(actor));
  co_return settled->user_json;
}

Task<Tenancy::Written> Tenancy::put_user(const Actor& actor, std::string user_id, json::Object changes) {
  Deed deed{.action = "user.update", .user = user_id};
  auto put = [](State& state, const Actor& by, const Deed& done,
                const json::Object& change) -> Task<Written> {
    const std::string& id = done.user;
    if (by.principal->administrator || id != by.principal->user_id) {
      co_return fail(Errc::forbidden, "a user document can be changed by that user only");
    }
    MYCOUCH_CO_CHECK(co_await state.settle(by));
    MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock, co_await state.locks.lock(id));
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      co_await pause_before(attempt);
      MYCOUCH_CO_TRY(std::optional<json::Object> user, co_await state.system.read(id));
      if (!user) co_return fail(Errc::not_found, "missing");
      const std::string active(user->string("active_tenant_id").value_or(""));
      MYCOUCH_CO_CHECK(merge_changes(Table::users, *user, change));
      user->set("updatedAt", state.now());
      const bool switched = user->string("active_tenant_id") != active;
      std::vector<json::Object> documents{*std::move(user)};
      if (switched) {
        MYCOUCH_CO_CHECK(co_await state.append_notice(id, by.principal->application->id, documents));
      }
      auto revs = co_await state.write(by, done, std::move(documents));
      if (revs) co_return Written{.id = id, .rev = std::move(revs->front())};
      if (revs.error().code != Errc::conflict) co_return std::unexpected(std::move(revs).error());
    }
    co_return fail(Errc::conflict, "Document update conflict.");
  };
  co_return co_await state_->recorded(actor, deed, put(*state_, actor, deed, changes));
}

Task<Tenancy::Written> Tenancy::delete_user(const Actor& actor, std::string user_id) {
  Deed deed{.action = "user.delete", .user = user_id};
  auto remove = [](State& state, const Actor& by, const Deed& done) -> Task<Written> {
    const std::string& id = done.user;
    if (id == by.principal->user_id) co_return fail(Errc::forbidden, "users cannot delete themselves");
    if (!by.principal->administrator) co_return fail(Errc::forbidden, "only the administrator deletes users");
    MYCOUCH_CO_TRY([[maybe_unused]] base::KeyedMutex::Lock lock, co_await state.locks.lock(id));
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      co_await pause_before(attempt);
      MYCOUCH_CO_TRY(std::optional<json::Object> user, co_await state.system.read(id));
      if (!user) co_return fail(Errc::not_found, "missing");
      if (is_deleted(*user)) co_return fail(Errc::not_found, "deleted");
      user->set("deleted", true);
      user->set("deletedAt", state.now());
      user->set("updatedAt", state.now());
      auto revs = co_await state.write(by, done, {*std::move(user)});
      if (revs) co_return Written{.id = id, .rev = std::move(revs->front())};
      if (revs.error().code != Errc::conflict) co_return std::unexpected(std::move(revs).error());
    }
    co_return fail(Errc::conflict, "Document update conflict.");
  };
  co_return co_await state_->recorded(actor, deed, remove(*state_, actor, deed));
}

}  // namespace mycouch::tenancy
