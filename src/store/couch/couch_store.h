// A store in an existing CouchDB, of one node or a cluster, which any number of gateways may share.
//
// The documents lie there as names.h says; each gateway keeps a copy of the scope index (scope_index.h),
// which it can make again at any time. Nothing is asked of the other side but CouchDB's HTTP API.
//
// An upstream database for the gateways themselves, beside the others, holds the store's identity, the
// journal of changes that belong together (journal.h) and the logs (couch_logs.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/offload.h"
#include "http/upstream.h"
#include "store/store.h"

namespace mycouch::store::couch {

/// "http://user:password@host:5984", with several hosts "http://user:password@a:5984,b:5984". The credentials
/// may be left out, and are escaped as in any URL.
struct CouchAddress {
  std::vector<std::string> origins{};  // without credentials
  std::string authorization{};         // the header field's value; empty: none
};
/// `bad_request` that does not repeat the text, as it may hold a password.
Result<CouchAddress> parse_address(std::string_view url);

struct CouchOptions {
  CouchAddress address;
  std::string index_directory;  // of the scope index, and of contents on their way; empty: in memory
  std::string meta_database = "mycouch";  // upstream, for the gateways themselves
  std::string name_prefix{};              // of all databases upstream, where a CouchDB is shared
  /// Whether tenants lie in a database of this name; thread-safe. Nothing: in every one.
  std::function<bool(const std::string& database)> is_partitioned{};
  /// The member that names the tenant in every document of a database, which indexes begin with; may be
  /// empty.
  std::function<std::string(const std::string& database)> tenant_field{};
  const base::Clock* clock = &base::system_clock();
};

/// Reaches the CouchDB and makes what lacks there. `unavailable` with the cause where it cannot be reached,
/// refuses the credentials, is no CouchDB, is too old, or has a layout that is not ours. May block. `pool`
/// outlives the store.
Result<std::unique_ptr<Store>> open(CouchOptions options, base::Pool& pool);

}  // namespace mycouch::store::couch
