#include "tenancy/system_database.h"

#include <utility>

#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

constexpr std::size_t kPage = 1000;

std::vector<store::RevisionRequest> tenants_in(const store::ChangesPage& page) {
  std::vector<store::RevisionRequest> requests;
  for (const store::ChangeRow& row : page.rows) {
    if (!row.deleted && row.id.starts_with(kTenantPrefix)) requests.push_back({row.id, std::nullopt});
  }
  return requests;
}

}  // namespace

SystemDatabase::SystemDatabase(store::Store& store, std::string name)
    : store_(store), name_(std::move(name)) {}

Task<void> SystemDatabase::create() {
  Result<void> created = co_await store_.create(name_);
  if (!created && created.error().code != Errc::file_exists)
    co_return std::unexpected(std::move(created).error());
  co_return Result<void>();
}

Task<std::unique_ptr<store::Database>> SystemDatabase::open(std::string scope) {
  Result<std::unique_ptr<store::Database>> database =
      co_await store_.open(name_, store::Confinement{.partition = "", .scope = std::move(scope)});
  if (!database && database.error().code == Errc::not_found) {
    co_return fail(Errc::unavailable, "the system database was deleted");
  }
  co_return std::move(database);
}

Task<std::optional<json::Object>> SystemDatabase::read(std::string id) {
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  Result<doc::Document> document = co_await database->read(std::move(id), {});
  if (document) co_return object_of(*document);
  if (document.error().code == Errc::not_found) co_return std::nullopt;
  co_return std::unexpected(std::move(document).error());
}

Task<std::string> SystemDatabase::write(json::Object document) {
  MYCOUCH_CO_TRY(doc::Edit edit, edit_of(document));
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  MYCOUCH_CO_TRY(std::vector<store::WriteOutcome> outcomes, co_await database->write(std::move(edits), {}));
  store::WriteOutcome& outcome = outcomes.front();
  if (outcome.error) co_return std::unexpected(*std::move(outcome.error));
  co_return outcome.revision.text();
}

Task<std::vector<json::Object>> SystemDatabase::tenants_of(std::string user_id) {
  MYCOUCH_CO_TRY(auto database, co_await open(user_id));
  std::vector<json::Object> tenants;
  store::ChangesQuery query{.since = 0, .limit = kPage};
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(store::ChangesPage page, co_await database->changes(query));
    at_end = page.at_end;
    query.since = page.last_seq;
    MYCOUCH_CO_TRY(auto found, co_await database->read_many(tenants_in(page), {}));
    for (const std::vector<store::OpenRevision>& revisions : found) {
      const std::optional<doc::Document>& document = revisions.front().document;
      if (!document || document->deleted) continue;
      json::Object tenant = object_of(*document);
      // It may have changed since the row was read.
      if (role_in(tenant, user_id)) tenants.push_back(std::move(tenant));
    }
  }
  co_return tenants;
}

Task<store::Subscription> SystemDatabase::watch(std::string user_id, std::shared_ptr<base::Waiter> waiter) {
  MYCOUCH_CO_TRY(auto database, co_await open(std::move(user_id)));
  co_return database->subscribe(std::move(waiter));
}

}  // namespace mycouch::tenancy
