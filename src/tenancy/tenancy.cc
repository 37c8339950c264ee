#include "tenancy/tenancy.h"

#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {

Tenancy::Tenancy(store::Store& store, std::string system_database, const base::Clock& clock)
    : state_(std::make_unique<State>(store, std::move(system_database), clock)) {}
Tenancy::~Tenancy() = default;

Task<void> Tenancy::start() {
  state_->store.set_scope_rule(state_->name, scopes_of);
  // The store is closed before Tenancy goes; nothing observes afterwards.
  state_->store.observe(state_->name, [state = state_.get()](const std::vector<std::string>& ids) {
    state->memberships.drop(ids);
  });
  co_return co_await state_->system.create();
}

std::string Tenancy::internal_tenant_id(std::string_view in_url) {
  if (in_url.starts_with(kTenantPrefix)) return std::string(in_url);
  return std::string(kTenantPrefix).append(in_url);
}

std::string Tenancy::internal_user_id(const auth::Principal& caller, std::string_view in_url) {
  if (in_url == "_me") return caller.user_id;
  return std::string(kUserPrefix).append(in_url);
}

Task<store::Subscription> Tenancy::watch_memberships(const auth::Principal& caller,
                                                     std::shared_ptr<base::Waiter> waiter) {
  return state_->system.watch(caller.user_id, std::move(waiter));
}

}  // namespace mycouch::tenancy
