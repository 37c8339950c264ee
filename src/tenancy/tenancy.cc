#include "tenancy/tenancy.h"

#include "tenancy/documents.h"
#include "tenancy/state.h"

namespace mycouch::tenancy {

Tenancy::Tenancy(store::Store& store, std::string system_database, const auth::Issuers& issuers,
                 const base::Clock& clock, TenancyOptions options)
    : state_(std::make_unique<State>(store, std::move(system_database), issuers, clock, options)) {}
Tenancy::~Tenancy() = default;

Task<void> Tenancy::start() {
  state_->store.set_scope_rule(state_->name, scopes_of);
  state_->store.keep_for_merging(state_->name);
  // The store is closed before Tenancy goes; nothing observes afterwards.
  state_->store.observe(
      state_->name, [state = state_.get()](const store::Store::Written& written) { state->drop(written); });
  co_return co_await state_->system.create();
}

Audit& Tenancy::audit() {
  return state_->audit;
}

std::string Tenancy::internal_tenant_id(std::string_view in_url) {
  if (in_url.starts_with(kTenantPrefix)) return std::string(in_url);
  return std::string(kTenantPrefix).append(in_url);
}

std::string Tenancy::internal_user_id(const auth::Principal& caller, std::string_view in_url) {
  if (in_url == "_me") return caller.user_id;
  return std::string(kUserPrefix).append(in_url);
}

// Both end with the one that is returned.
Task<store::Subscription> Tenancy::watch_memberships(const auth::Principal& caller,
                                                     std::shared_ptr<base::Waiter> waiter) {
  MYCOUCH_CO_TRY(auto own, co_await state_->system.open(caller.user_id));
  MYCOUCH_CO_TRY(auto tenants, co_await state_->system.open(tenants_scope(caller.user_id)));
  store::Subscription first = own->subscribe(waiter);
  store::Subscription second = tenants->subscribe(std::move(waiter));
  co_return store::Subscription([first = std::move(first), second = std::move(second)] {});
}

}  // namespace mycouch::tenancy
