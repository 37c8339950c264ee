#include "store/couch/core.h"

#include <utility>

#include "base/log.h"
#include "store/couch/couch_logs.h"
#include "store/couch/follower.h"
#include "store/couch/journal.h"

namespace mycouch::store::couch {
namespace {

// One for each database that is followed.
constexpr std::size_t kFeeds = 10'000;

http::UpstreamOptions for_feeds(http::UpstreamOptions options) {
  options.connections_per_host = kFeeds;
  return options;
}

}  // namespace

CouchCore::CouchCore(http::UpstreamOptions upstream_options, std::unique_ptr<ScopeIndex> scope_index,
                     base::Pool& worker_pool, const base::Clock& the_clock)
    : context(1),
      work(boost::asio::make_work_guard(context)),
      upstream(context.get_executor(), upstream_options),
      feeds(context.get_executor(), for_feeds(std::move(upstream_options))),
      index(std::move(scope_index)),
      notifier(std::make_shared<Notifier>()),
      pool(worker_pool),
      clock(the_clock),
      thread_([this] { context.run(); }) {}

CouchCore::~CouchCore() {
  stop();
  close();
}

DatabaseRules CouchCore::rules_of(const std::string& database) const {
  std::lock_guard lock(mutex_);
  auto at = rules_.find(database);
  return at == rules_.end() ? DatabaseRules{} : at->second;
}

void CouchCore::change_rules(const std::string& database, const std::function<void(DatabaseRules&)>& change) {
  std::lock_guard lock(mutex_);
  change(rules_[database]);
  // One that was made before the rules were set has not begun.
  followers_.erase(database);
}

std::shared_ptr<Follower> CouchCore::follower_of(const std::string& database) {
  {
    std::lock_guard lock(mutex_);
    if (auto at = followers_.find(database); at != followers_.end()) return at->second;
  }
  auto made = std::make_shared<Follower>(*this, database);
  std::lock_guard lock(mutex_);
  if (stopping_) made->stop();
  return followers_.try_emplace(database, std::move(made)).first->second;
}

void CouchCore::forget(const std::string& database) {
  std::lock_guard lock(mutex_);
  followers_.erase(database);
  std::erase_if(indexes_, [&](const auto& index) { return index.first == database; });
}

void CouchCore::end_database(const std::string& database) {
  std::shared_ptr<Follower> follower;
  {
    std::lock_guard lock(mutex_);
    if (auto at = followers_.find(database); at != followers_.end()) follower = at->second;
  }
  forget(database);
  if (follower) follower->end();
}

bool CouchCore::begins_index(const std::string& database, const std::string& design) {
  std::lock_guard lock(mutex_);
  return indexes_.emplace(database, design).second;
}

void CouchCore::forget_index(const std::string& database, const std::string& design) {
  std::lock_guard lock(mutex_);
  indexes_.erase({database, design});
}

bool CouchCore::knows(const std::string& database) const {
  std::lock_guard lock(mutex_);
  return followers_.contains(database);
}

void CouchCore::stop() {
  std::map<std::string, std::shared_ptr<Follower>> followers;
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    followers = followers_;
  }
  if (journal) journal->stop();
  if (logs) logs->stop();
  for (const auto& [name, follower] : followers) follower->stop();
  feeds.stop();
}

void CouchCore::close() {
  upstream.stop();
  work.reset();
  if (thread_.joinable()) thread_.join();
}

std::string notifier_prefix(const std::string& database) {
  return database + '\0';
}

std::string notifier_key(const std::string& database, const ScopeName& scope) {
  return notifier_prefix(database) + scope.partition + '\0' + scope.scope;
}

}  // namespace mycouch::store::couch
