#include "api/admission.h"

#include <algorithm>
#include <utility>

#include "auth/reasons.h"

namespace mycouch::api {
namespace {

// With all members of a crowded tenant.
constexpr std::uint64_t kMaxTableDocument = 1 << 20;

constexpr std::string_view kNoDatabase = "Database does not exist.";

Error no_database() {
  return {Errc::not_found, std::string(kNoDatabase)};
}

Task<std::unique_ptr<store::Database>> open_existing(store::Store& store, std::string name,
                                                     store::Confinement confinement) {
  auto database = co_await store.open(std::move(name), std::move(confinement));
  if (!database && database.error().code == Errc::not_found) co_return std::unexpected(no_database());
  co_return database;
}

Task<std::unique_ptr<store::Database>> open_or_create(store::Store& store, std::string name,
                                                      store::Confinement confinement) {
  auto database = co_await store.open(name, confinement);
  if (database || database.error().code != Errc::not_found) co_return database;
  auto created = co_await store.create(name);
  if (!created && created.error().code != Errc::file_exists)
    co_return std::unexpected(std::move(created).error());
  co_return co_await open_existing(store, std::move(name), std::move(confinement));
}

bool is_named_by_any(const Backend& backend, const std::string& name) {
  return std::ranges::any_of(backend.issuers.applications(), [&](const auto& application) {
    std::vector<std::string> names = named_databases(backend, *application);
    return std::ranges::find(names, name) != names.end();
  });
}

// The application whose users the tenant's are, for the member that its documents carry.
Task<std::shared_ptr<const auth::Application>> application_of(Backend& backend, const auth::Principal& caller,
                                                              std::string tenant) {
  MYCOUCH_CO_TRY(json::Object document, co_await backend.tenancy.tenant(caller, std::move(tenant)));
  co_return backend.issuers.application(document.string("applicationId").value_or(""));
}

Result<void> check_role(tenancy::Role role, bool writes) {
  if (writes && !tenancy::may(role, tenancy::Right::write)) {
    return fail(Errc::forbidden, "a viewer may not write");
  }
  return {};
}

// Whether the application that the caller came in by is still one of the server's.
bool is_served(const Backend& backend, const auth::Application& application) {
  std::optional<auth::Issuer> issuer = backend.issuers.find(application.issuer);
  return issuer && issuer->application->id == application.id;
}

}  // namespace

bool serves(const Backend& backend, const auth::Application& application, std::string_view name) {
  return name != backend.options.system_database && application.serves(name);
}

std::vector<std::string> named_databases(const Backend& backend, const auth::Application& application) {
  std::vector<std::string> names;
  for (const std::string& name : application.databases) {
    if (name.find('*') == std::string::npos && serves(backend, application, name)) names.push_back(name);
  }
  return names;
}

Task<Admission> Admission::open_table(Backend& backend, tenancy::Actor actor, tenancy::Table table) {
  Admission admission(backend, actor.principal);
  admission.rules_.max_document_size = kMaxTableDocument;
  MYCOUCH_CO_TRY(admission.database_, co_await backend.tenancy.open_table(std::move(actor), table));
  co_return admission;
}

Task<Admission> Admission::open(Backend& backend, tenancy::Actor actor, AdmissionRequest request,
                                std::string* active_tenant) {
  Admission admission(backend, actor.principal);
  admission.rules_.max_document_size = backend.options.max_document_size;
  // Two underscores are where mycouch's own endpoints are.
  if (request.database.starts_with("__")) co_return std::unexpected(no_database());
  if (admission.administrator()) {
    MYCOUCH_CO_CHECK(co_await admission.open_as_administrator(request));
  } else {
    MYCOUCH_CO_CHECK(co_await admission.open_as_user(actor, request, active_tenant));
  }
  co_return admission;
}

Task<void> Admission::open_as_administrator(const AdmissionRequest& request) {
  if (!request.tenant) {
    auto database = co_await open_existing(backend_->store, request.database, {});
    if (!database && database.error().code == Errc::not_found &&
        is_named_by_any(*backend_, request.database)) {
      database = co_await open_or_create(backend_->store, request.database, {});
    }
    if (!database) co_return std::unexpected(std::move(database).error());
    database_ = *std::move(database);
    co_return Result<void>{};
  }
  std::string tenant = tenancy::Tenancy::internal_tenant_id(*request.tenant);
  MYCOUCH_CO_TRY(tenancy::Access access, co_await backend_->tenancy.access(*caller_, tenant));
  tenant_ = std::move(access.tenant);
  MYCOUCH_CO_TRY(auto application, co_await application_of(*backend_, *caller_, tenant_));
  if (!application || !serves(*backend_, *application, request.database))
    co_return std::unexpected(no_database());
  co_return co_await open_for_tenant(request.database, application.get());
}

Task<void> Admission::open_as_user(const tenancy::Actor& actor, const AdmissionRequest& request,
                                   std::string* active_tenant) {
  const auth::Application& application = *caller_->application;
  if (!serves(*backend_, application, request.database)) co_return std::unexpected(no_database());
  tenancy::Access access;
  if (request.tenant) {
    std::string tenant = tenancy::Tenancy::internal_tenant_id(*request.tenant);
    MYCOUCH_CO_TRY(access, co_await backend_->tenancy.access(*caller_, std::move(tenant)));
  } else {
    MYCOUCH_CO_TRY(access, co_await backend_->tenancy.active_access(actor, active_tenant));
  }
  writes_ = request.writes;
  MYCOUCH_CO_CHECK(check_role(access.role, writes_));
  tenant_ = std::move(access.tenant);
  co_return co_await open_for_tenant(request.database, &application);
}

Task<void> Admission::open_for_tenant(const std::string& name, const auth::Application* application) {
  rules_.stamp = {application->tenant_field, tenant_};
  rules_.design_code = false;
  store::Confinement confinement{.partition = tenant_, .scope = tenant_};
  MYCOUCH_CO_TRY(database_, co_await open_or_create(backend_->store, name, std::move(confinement)));
  co_return Result<void>{};
}

Task<void> Admission::check() const {
  if (administrator()) co_return Result<void>();
  if (!is_served(*backend_, *caller_->application)) {
    co_return fail(Errc::unauthorized, std::string(auth::reason::kUnknownIssuer));
  }
  if (tenant_.empty()) co_return co_await backend_->tenancy.check_welcome(*caller_);
  MYCOUCH_CO_TRY(const tenancy::Access access, co_await backend_->tenancy.access(*caller_, tenant_));
  co_return check_role(access.role, writes_);
}

Task<bool> Admission::holds() const {
  Result<void> checked = co_await check();
  if (checked) co_return true;
  const Errc code = checked.error().code;
  if (code == Errc::forbidden || code == Errc::not_found || code == Errc::unauthorized) co_return false;
  co_return std::unexpected(std::move(checked).error());
}

Task<store::Subscription> Admission::watch(std::shared_ptr<base::Waiter> waiter) const {
  if (administrator()) co_return store::Subscription();
  co_return co_await backend_->tenancy.watch_memberships(*caller_, std::move(waiter));
}

std::optional<base::WallTime> Admission::expires() const {
  if (administrator()) return std::nullopt;
  return caller_->expires;
}

}  // namespace mycouch::api
