// What the handlers work on, by reference: all of it outlives the server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "auth/issuers.h"
#include "base/clock.h"
#include "store/store.h"
#include "tenancy/tenancy.h"

namespace mycouch::api {

struct ServiceOptions {
  std::string version;  // mycouch's own
  std::string system_database =
      "couch-sitter";  // where users and tenants are kept: the administrator's to see
  std::uint64_t max_document_size = 8'000'000;            // bytes of one document's body
  std::uint64_t max_request = std::uint64_t{64} << 20;    // bytes of a request's body
  std::uint64_t max_attachment = std::uint64_t{1} << 30;  // bytes of one attachment
};

struct Backend {
  store::Store& store;
  tenancy::Tenancy& tenancy;
  const auth::Issuers& issuers;
  const base::Clock& clock;
  ServiceOptions options;
};

}  // namespace mycouch::api
