#include "tenancy/application_documents.h"

#include <chrono>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "base/waiter.h"
#include "tenancy/application.h"
#include "tenancy/background.h"
#include "tenancy/documents.h"
#include "tenancy/system_database.h"

namespace mycouch::tenancy {
namespace {

using boost::asio::awaitable;
using std::chrono::steady_clock;

constexpr std::chrono::hours kLongestRest{1};

using Documents = std::map<std::string, json::Object>;  // by application id

std::string application_id_of(const json::Object& document) {
  return std::string(id_of(document).substr(kApplicationPrefix.size()));
}

std::string revision_of(const json::Object& document) {
  return std::string(document.string("_rev").value_or(""));
}

Result<auth::Application> usable_application(const json::Object& document, std::string_view system_database) {
  MYCOUCH_TRY(auth::Application application, read_application(document));
  std::string all;
  for (const std::string& complaint : complaints_of(application, system_database)) {
    all += all.empty() ? "" : "; ";
    all += complaint;
  }
  if (!all.empty()) return fail(Errc::bad_request, std::move(all));
  return application;
}

}  // namespace

// Its coroutine shares it. `load` is over before the coroutine begins.
struct ApplicationDocuments::State : std::enable_shared_from_this<State> {
  State(store::Store& the_store, std::string system_database, auth::Issuers& the_issuers)
      : name(std::move(system_database)), system(the_store, name), issuers(the_issuers) {
    for (const auto& application : issuers.applications()) configured.insert(application->id);
  }

  awaitable<void> run(std::shared_ptr<State> self, std::shared_ptr<base::Waiter> alarm);
  Task<void> follow(std::shared_ptr<base::Waiter> alarm);
  Task<Documents> read();

  void apply(const Documents& documents);
  void remove_missing(const Documents& documents);
  void take_up(const std::string& id, const json::Object& document);
  Result<void> put(const json::Object& document);

  const std::string name;
  SystemDatabase system;
  auth::Issuers& issuers;
  std::set<std::string> configured;            // ids of the configuration file
  std::map<std::string, std::string> applied;  // id → revision that is in force
  std::map<std::string, std::string> refused;  // id → revision that was complained of

  Background background;
};

ApplicationDocuments::ApplicationDocuments(store::Store& store, std::string system_database,
                                           auth::Issuers& issuers)
    : state_(std::make_shared<State>(store, std::move(system_database), issuers)) {}

ApplicationDocuments::~ApplicationDocuments() = default;

Task<void> ApplicationDocuments::load() {
  MYCOUCH_CO_TRY(const Documents documents, co_await state_->read());
  state_->apply(documents);
  co_return Result<void>();
}

void ApplicationDocuments::start(boost::asio::any_io_executor executor) {
  boost::asio::co_spawn(executor, state_->run(state_, state_->background.begin(executor)),
                        boost::asio::detached);
}

void ApplicationDocuments::stop() {
  state_->background.stop();
}

// Its first parameter keeps the state while the coroutine lives.
awaitable<void> ApplicationDocuments::State::run(std::shared_ptr<State>,
                                                 std::shared_ptr<base::Waiter> alarm) {
  co_await keep_following(background, alarm, "the application documents cannot be read",
                          [this, alarm] { return follow(alarm); });
}

// Returns when it is stopped, or the database cannot be read.
Task<void> ApplicationDocuments::State::follow(std::shared_ptr<base::Waiter> alarm) {
  MYCOUCH_CO_TRY(std::unique_ptr<store::Database> database,
                 co_await system.open(std::string(kApplicationsScope)));
  const store::Subscription subscription = database->subscribe(alarm);
  while (!background.is_stopped()) {
    MYCOUCH_CO_TRY(const Documents documents, co_await read());
    apply(documents);
    co_await alarm->wait_until(steady_clock::now() + kLongestRest);
  }
  co_return Result<void>();
}

Task<Documents> ApplicationDocuments::State::read() {
  MYCOUCH_CO_TRY(std::vector<json::Object> found,
                 co_await system.documents_of(std::string(kApplicationsScope)));
  Documents documents;
  for (json::Object& document : found) {
    std::string id = application_id_of(document);
    documents.insert_or_assign(std::move(id), std::move(document));
  }
  co_return documents;
}

void ApplicationDocuments::State::apply(const Documents& documents) {
  remove_missing(documents);
  for (const auto& [id, document] : documents) take_up(id, document);
}

void ApplicationDocuments::State::remove_missing(const Documents& documents) {
  std::erase_if(refused, [&](const auto& each) { return !documents.contains(each.first); });
  for (auto at = applied.begin(); at != applied.end();) {
    if (documents.contains(at->first)) {
      ++at;
      continue;
    }
    issuers.remove(at->first);
    log::info("an application was removed", {{"application", at->first}});
    at = applied.erase(at);
  }
}

void ApplicationDocuments::State::take_up(const std::string& id, const json::Object& document) {
  const std::string revision = revision_of(document);
  auto in_force = applied.find(id);
  if (in_force != applied.end() && in_force->second == revision) return;
  Result<void> done = put(document);
  if (done) {
    applied.insert_or_assign(id, revision);
    refused.erase(id);
    log::info("serving an application", {{"application", id}, {"revision", revision}});
    return;
  }
  // It is tried at each look, and complained of once.
  if (std::exchange(refused[id], revision) == revision) return;
  log::error("an application document cannot be used",
             {{"application", id}, {"revision", revision}, {"reason", done.error().reason}});
}

Result<void> ApplicationDocuments::State::put(const json::Object& document) {
  const std::string id = application_id_of(document);
  if (configured.contains(id)) {
    return fail(Errc::bad_request, "the configuration file has an application of this id");
  }
  MYCOUCH_TRY(auth::Application application, usable_application(document, name));
  if (applied.contains(id)) return issuers.replace(std::move(application));
  return issuers.add(std::move(application));
}

}  // namespace mycouch::tenancy
