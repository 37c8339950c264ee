// `mycouch import`: brings an existing database into the store, each document to its tenant.
#pragma once

#include <cstddef>
#include <string>

#include "app/config.h"

namespace mycouch::app {

struct ImportRequest {
  std::string from;          // http://user:password@host:5984/database
  std::string tenant_field;  // empty: `whole`
  bool whole = false;        // as it is, to the administrator's database
  std::string to_db;         // empty: as it is called there
  std::size_t batch = 500;
  bool allow_missing_tenants = false;
  bool from_start = false;
  std::string report;  // a file for what is left out; empty: none
};

/// Prints how far it is, and at the end what came and what was left out. The exit code: success; kLeftOut; a
/// failure where it could not come to its end; kUsage for a request that makes no sense. No server may be
/// running on the store. A store is made where it lacks, but not to bring documents to tenants that it cannot
/// have.
int import_database(const Config& config, const ImportRequest& request);

}  // namespace mycouch::app
