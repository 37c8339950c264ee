// Whether the users, tenants and invitations of a system database agree with each other, and the index of
// scopes with them: what must hold whatever was done at once, and wherever the server was killed.
//
// One pass over the documents in the order of their ids, in which all tenants come before the first user;
// then one over the scopes. Of the documents a page is in memory at a time, of all of them the ids.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/task.h"
#include "store/store.h"

namespace mycouch::tenancy {

/// A sentence that names the documents. A note tells of what may be so, and is seldom meant.
struct Finding {
  enum class Kind : std::uint8_t { violation, note };
  Kind kind = Kind::violation;
  std::string text;
};

struct CheckSummary {
  std::uint64_t users = 0;  // soft-deleted ones too
  std::uint64_t tenants = 0;
  std::uint64_t invitations = 0;
  std::uint64_t scopes = 0;
  std::uint64_t violations = 0;
  std::uint64_t notes = 0;
};

/// Reads only. While others write to the database, it finds what is not so. `not_found` where there is no
/// such database; any error of the store.
Task<CheckSummary> check_system_database(store::Store& store, std::string system_database,
                                         std::function<void(const Finding&)> report);

}  // namespace mycouch::tenancy
