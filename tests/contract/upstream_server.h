// A CouchDB for a store that lies in one: a mycouch of the test's own, or the one that
// MYCOUCH_TEST_COUCHDB_URL names.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "store/couch/couch_store.h"

namespace mycouch::store::testing {

/// What is made there is gone with it.
class UpstreamServer {
 public:
  /// Kind "couch" is a mycouch, "couchdb" the one in the environment.
  UpstreamServer(const std::string& kind, const std::filesystem::path& folder);
  ~UpstreamServer();
  UpstreamServer(const UpstreamServer&) = delete;
  UpstreamServer& operator=(const UpstreamServer&) = delete;

  couch::CouchAddress address() const { return address_; }
  /// Of the databases of this test.
  std::string name_prefix() const { return name_prefix_; }

 private:
  void start_mycouch(const std::filesystem::path& folder);
  void remove_databases() const;

  couch::CouchAddress address_;
  std::string name_prefix_;
  int process_ = 0;
};

}  // namespace mycouch::store::testing
