// Setting a user up: the personal tenant and the user document, however many requests ask for it at once and
// wherever the server is stopped.
//
// Both documents have ids that follow from the user's, and are written as one batch. Where only one of them
// is there, as the administrator or another store may have left them, or where the user document does not
// list the tenants that have the user as a member, the next reader writes what is missing. A user who is
// settled is remembered until something of that user's own changes, so that the usual request reads nothing.

#include <algorithm>

#include "base/log.h"
#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {
namespace {

// A larger one is made anew for each request, so that memory stays bounded.
constexpr std::size_t kLargestKept = 16 << 10;

void sort_by_name(std::vector<json::Object>& tenants) {
  std::ranges::sort(tenants, {}, [](const json::Object& tenant) {
    return std::pair(tenant.string("name").value_or(""), id_of(tenant));
  });
}

std::string array_of(const std::vector<json::Object>& objects) {
  std::string text = "[";
  for (const json::Object& object : objects) {
    if (text.size() > 1) text += ',';
    text += json::write(object);
  }
  return text + "]";
}

}  // namespace

Task<std::shared_ptr<const Settled>> Tenancy::State::settle_once(const Actor& actor) {
  const auth::Principal& caller = *actor.principal;
  const std::uint64_t generation = settled.generation(caller.user_id);
  auto found = std::make_shared<Settled>();
  MYCOUCH_CO_TRY(std::optional<json::Object> user, co_await system.read(caller.user_id));
  if (user) MYCOUCH_CO_CHECK(check_user(profile_in(*user), caller));
  MYCOUCH_CO_TRY(found->tenants, co_await system.documents_of(tenants_scope(caller.user_id)));

  std::vector<json::Object> documents;
  const std::string personal = personal_tenant_id(caller.user_id);
  if (std::ranges::find(found->tenants, personal, id_of) == found->tenants.end()) {
    MYCOUCH_CO_TRY(std::optional<json::Object> existing, co_await system.read(personal));
    if (!existing) documents.push_back(new_personal_tenant(caller, clock.now()));
    // It came after the tenants were read: another request is the faster one.
    if (existing && role_in(*existing, caller.user_id)) co_return fail(Errc::conflict, "set up meanwhile");
    // Otherwise it belongs to the caller no more: an administrator has taken it away.
    if (existing && found->tenants.empty()) {
      co_return fail(Errc::forbidden, "you are not a member of any tenant");
    }
  }
  const bool has_new_tenant = !documents.empty();
  if (has_new_tenant) found->tenants.push_back(documents.front());

  found->created = !user;
  const std::string active(user ? user->string("active_tenant_id").value_or("") : "");
  if (!user) user = new_user(caller, clock.now());
  const bool linked = link_tenants(*user, found->tenants);
  if (found->created || linked) {
    user->set("updatedAt", now());
    documents.push_back(*user);
    if (user->string("active_tenant_id") != active) {
      MYCOUCH_CO_CHECK(co_await append_notice(caller.user_id, caller.application->id, documents));
    }
  }
  const bool writes = !documents.empty();
  if (writes) {
    const Deed deed{.action = "bootstrap", .user = caller.user_id, .tenant = has_new_tenant ? personal : ""};
    const bool user_written = found->created || linked;
    MYCOUCH_CO_TRY(std::vector<std::string> revs, co_await write(actor, deed, std::move(documents)));
    if (user_written) set_revision(*user, std::move(revs[has_new_tenant ? 1 : 0]));
    if (has_new_tenant) set_revision(found->tenants.back(), std::move(revs.front()));
  }
  if (found->created) log::info("user set up", {{"user", caller.user_id}});

  found->user = *std::move(user);
  sort_by_name(found->tenants);
  found->user_json = json::write(found->user);
  found->tenants_json = array_of(found->tenants);
  const bool small = found->user_json.size() + found->tenants_json.size() <= kLargestKept;
  if (small && !writes) settled.offer(caller.user_id, found, generation);
  co_return found;
}

Task<std::shared_ptr<const Settled>> Tenancy::State::settle(const Actor& actor) {
  const auth::Principal& caller = *actor.principal;
  if (caller.administrator) co_return fail(Errc::forbidden, "the administrator is not a user");
  if (auto known = settled.find(caller.user_id)) {
    MYCOUCH_CO_CHECK(check_user(profile_in(known->user), caller));
    co_return known;
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    co_await pause_before(attempt);
    // The first attempt usually writes nothing, and needs no turn.
    base::KeyedMutex::Lock lock;
    if (attempt > 0) {
      MYCOUCH_CO_TRY(lock, co_await locks.lock(caller.user_id));
    }
    auto found = co_await settle_once(actor);
    if (found || found.error().code != Errc::conflict) co_return found;
  }
  co_return fail(Errc::unavailable, "too many changes of this user at once; try again");
}

Task<Bootstrap> Tenancy::bootstrap(const Actor& actor) {
  MYCOUCH_CO_TRY(std::shared_ptr<const Settled> settled, co_await state_->settle(actor));
  std::string active(settled->user.string("active_tenant_id").value_or(""));
  auto tenant = std::ranges::find(settled->tenants, active, id_of);  // there: link_tenants has seen to it
  co_return Bootstrap{.active_tenant_id = std::move(active),
                      .user = settled->user,
                      .tenant = *tenant,
                      .bootstrapped = settled->created};
}

}  // namespace mycouch::tenancy
