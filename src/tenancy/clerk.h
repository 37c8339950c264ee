// Telling Clerk a user's active tenant, by its Backend API: it then stands in the user's public metadata,
// from where the application's session tokens take it (docs/clerk.md).
#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "auth/principal.h"
#include "base/clock.h"
#include "http/client.h"
#include "tenancy/outcome.h"

namespace mycouch::tenancy {

/// `PATCH /v1/users/{sub}/metadata`, which merges: what else the metadata holds stays.
/// https://clerk.com/docs/reference/backend/user/update-user-metadata
http::ClientRequest clerk_metadata_request(const auth::Application& application, const std::string& sub,
                                           const std::string& tenant_id);

/// A user whom Clerk does not know is given up; a key that it refuses, or an address that is not Clerk's, has
/// to be corrected by somebody.
Outcome clerk_outcome(const Result<http::Response>& answer, base::WallTime now);

}  // namespace mycouch::tenancy
