// The audit trail: who changed what of users, tenants, members, invitations and active tenants, and what was
// refused, in a log of the store's (store/log.h), which no database and so no caller has access to.
//
// A change and its record are written together or not at all: the record is of the batch that makes the
// change. What was refused changes nothing, so its record is written alone, and not waited for on the disk.
//
// A record's topics are whoever acted, the user concerned and the tenant. Its id is its position in the log:
// the UTC time in milliseconds, then a number that keeps the records of one millisecond in their order. So
// records sort by their ids, by their times, and as they were written.
//
// Records hold ids: no names, no e-mail addresses, no tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "json/value.h"
#include "store/store.h"

namespace mycouch::tenancy {

struct AuditRecord {
  std::string action;      // "tenant.update", "member.remove", "invitation.accept", "bootstrap", …
  std::string actor;       // "user_x", or "admin:NAME"
  std::string user;        // concerned, internal id; empty: none
  std::string tenant;      // internal id; empty: none
  std::string invitation;  // its id; empty: none
  std::string outcome;     // "ok", or the error's word, such as "forbidden"
  std::string request_id;
  std::string address;  // of the client
};

/// The log that holds the trail of a system database.
std::string audit_log(std::string_view system_database);

/// Thread-safe; `store` outlives it. Every call may fail with `unavailable`.
class Audit {
 public:
  /// Each system database has a trail of its own.
  Audit(store::Store& store, std::string_view system_database);

  /// The record of a change, for the batch of the change itself.
  store::LogRecord record_of(const AuditRecord& record) const;
  /// The record of what was refused; acknowledged when it survives the end of the process.
  Task<void> append(AuditRecord record);

  struct Query {
    std::optional<base::WallTime> from{};  // inclusive
    std::optional<base::WallTime> to{};    // exclusive
    std::string user{};                    // as actor or as the one concerned, internal id; empty: any
    std::string tenant{};                  // internal id; empty: any
    std::string action{};                  // empty: any
    std::size_t limit = 100;
    bool descending = false;
    std::string after{};  // `next` of the page before, of the same query; empty: from the start
  };
  struct Page {
    std::vector<json::Object> records;  // "id" and "time" before the other members
    std::optional<std::string> next;    // there may be more
  };
  /// A page also ends where many records were looked at that did not match; there is a `next` then.
  /// `query_parse_error` for an `after` that is no record's id.
  Task<Page> find(Query query);

  /// Removes the records from before that time, without a trace: how many. In batches, so that other writes
  /// get in between; those that are gone stay gone where it fails.
  Task<std::uint64_t> expire(base::WallTime before);

 private:
  store::Store& store_;
  const std::string log_;
};

}  // namespace mycouch::tenancy
