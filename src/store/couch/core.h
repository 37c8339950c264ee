// What the store over a CouchDB and the databases opened on it share. Private to this folder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/offload.h"
#include "http/upstream.h"
#include "store/couch/names.h"
#include "store/couch/scope_index.h"
#include "store/notifier.h"
#include "store/store.h"

namespace mycouch::store::couch {

class CouchLogs;
class Follower;
class Journal;

/// What was set of a database before the first write.
struct DatabaseRules {
  Store::ScopeRule scopes;  // none: a document belongs to its partition's own scope
  std::vector<Store::Observer> observers;
  /// Its writes come one after the other, whichever gateway makes them (journal.h).
  bool serialized = false;
};

struct CouchCore : std::enable_shared_from_this<CouchCore> {
  CouchCore(http::UpstreamOptions upstream_options, std::unique_ptr<ScopeIndex> scope_index,
            base::Pool& worker_pool, const base::Clock& the_clock);
  ~CouchCore();

  /// Of all that is asked upstream but feeds, which wait for long and have connections of their own.
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  http::Upstream upstream;
  http::Upstream feeds;
  std::unique_ptr<ScopeIndex> index;
  std::shared_ptr<Notifier> notifier;
  base::Pool& pool;
  const base::Clock& clock;

  std::string uuid;             // of the store
  std::string name_prefix;      // of its databases upstream
  std::string meta_database;    // of the journal and the logs, as it is named upstream
  std::string spool_directory;  // for contents on their way
  std::function<bool(const std::string& database)> is_partitioned;
  std::function<std::string(const std::string& database)> tenant_field;  // that documents carry; may be empty
  std::unique_ptr<Journal> journal;
  std::unique_ptr<CouchLogs> logs;

  std::string upstream_name(const std::string& database) const { return name_prefix + database; }
  Layout layout_of(const std::string& database) const {
    return is_partitioned(database) ? Layout::partitioned : Layout::plain;
  }
  DatabaseRules rules_of(const std::string& database) const;
  void change_rules(const std::string& database, const std::function<void(DatabaseRules&)>& change);

  /// The one that follows this database; made where it lacks, and not started.
  std::shared_ptr<Follower> follower_of(const std::string& database);
  /// It was deleted: whoever opens it next asks upstream.
  void forget(const std::string& database);
  /// The same, through this gateway: its waiters are woken at once.
  void end_database(const std::string& database);
  /// Whether it is known to be there.
  bool knows(const std::string& database) const;

  /// Whether nobody has asked for this index before, so that the caller is to make it.
  bool begins_index(const std::string& database, const std::string& design);
  void forget_index(const std::string& database, const std::string& design);

  void stop();
  /// Ends the thread; nothing may be called afterwards.
  void close();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, DatabaseRules> rules_;
  std::map<std::string, std::shared_ptr<Follower>> followers_;
  std::set<std::pair<std::string, std::string>> indexes_;  // that are there: database and design document
  bool stopping_ = false;
  std::jthread thread_;
};

/// What waiters of a scope subscribe to.
std::string notifier_key(const std::string& database, const ScopeName& scope);
/// What those of all scopes of a database begin with.
std::string notifier_prefix(const std::string& database);

}  // namespace mycouch::store::couch
