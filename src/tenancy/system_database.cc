#include "tenancy/system_database.h"

#include <utility>

#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

constexpr std::size_t kPage = 1000;

std::vector<store::RevisionRequest> live_in(const store::ChangesPage& page) {
  std::vector<store::RevisionRequest> requests;
  for (const store::ChangeRow& row : page.rows) {
    if (!row.deleted) requests.push_back({row.id, std::nullopt});
  }
  return requests;
}

std::optional<json::Object> live_object_of(const std::vector<store::OpenRevision>& revisions) {
  const std::optional<doc::Document>& document = revisions.front().document;
  if (!document || document->deleted) return std::nullopt;
  return object_of(*document);
}

// All of what is asked: the store answers fewer at once where they are large.
Task<std::vector<std::optional<json::Object>>> read_all(store::Database& database,
                                                        std::vector<store::RevisionRequest> requests) {
  std::vector<std::optional<json::Object>> objects;
  while (objects.size() < requests.size()) {
    std::vector<store::RevisionRequest> left(requests.begin() + static_cast<std::ptrdiff_t>(objects.size()),
                                             requests.end());
    MYCOUCH_CO_TRY(auto found, co_await database.read_many(std::move(left), {}));
    for (const auto& revisions : found) objects.push_back(live_object_of(revisions));
  }
  co_return objects;
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

Task<std::optional<json::Object>> SystemDatabase::read_revision(std::string id, doc::Revision revision) {
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  Result<doc::Document> document =
      co_await database->read(std::move(id), store::ReadOptions{.rev = std::move(revision)});
  if (document && document->deleted) co_return std::nullopt;
  if (document) co_return object_of(*document);
  if (document.error().code == Errc::not_found) co_return std::nullopt;
  co_return std::unexpected(std::move(document).error());
}

Task<std::vector<doc::Revision>> SystemDatabase::missing(std::string id,
                                                         std::vector<doc::Revision> revisions) {
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked;
  asked.emplace_back(std::move(id), std::move(revisions));
  MYCOUCH_CO_TRY(auto diffs, co_await database->revs_diff(std::move(asked)));
  co_return std::move(diffs.front().missing);
}

Task<std::vector<std::optional<json::Object>>> SystemDatabase::read_many(std::vector<std::string> ids) {
  MYCOUCH_CO_TRY(auto database, co_await open(""));
  std::vector<store::RevisionRequest> requests;
  requests.reserve(ids.size());
  for (std::string& id : ids) requests.push_back({std::move(id), std::nullopt});
  co_return co_await read_all(*database, std::move(requests));
}

Task<std::vector<json::Object>> SystemDatabase::documents_of(std::string scope) {
  MYCOUCH_CO_TRY(auto database, co_await open(std::move(scope)));
  std::vector<json::Object> documents;
  store::ChangesQuery query{.since = 0, .limit = kPage};
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(store::ChangesPage page, co_await database->changes(query));
    at_end = page.at_end;
    query.since = page.last_seq;
    MYCOUCH_CO_TRY(auto found, co_await read_all(*database, live_in(page)));
    for (std::optional<json::Object>& document : found) {
      if (document) documents.push_back(*std::move(document));
    }
  }
  co_return documents;
}

}  // namespace mycouch::tenancy
