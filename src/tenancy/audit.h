// The audit trail: who changed what of users, tenants, members, invitations and active tenants, and what was
// refused, in an append-only database of its own that no tenant can reach.
//
// A change and its record are written together or not at all: the record is one more edit of the batch that
// makes the change. What was refused changes nothing, so its record is written alone, and not waited for on
// the disk.
//
// Records sort by their ids as they sort by time: an id is the UTC time in milliseconds, then a number that
// keeps the records of one millisecond in their order, then random digits that keep those of two servers
// apart. So a range of time is a range of ids. A record is of the scopes of whoever acted, of the user
// concerned and of the tenant; so the records of one user or tenant are that scope's changes, in the order in
// which they were written. Either way a query costs what it looks at, however long the trail is.
//
// Records hold ids: no names, no e-mail addresses, no tokens.
#pragma once

#include <cstdint>
#include <mutex>
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

/// The audit database is named as the system database, and this.
inline constexpr std::string_view kAuditSuffix = "-audit";
std::string audit_database(std::string_view system_database);

/// The scope rule of the audit database: the ids of the actor, of the user concerned and of the tenant.
std::vector<std::string> audit_scopes_of(std::string_view id, bool deleted, std::string_view body);

/// Thread-safe; `clock` and `store` outlive it. Every call may fail with `unavailable`.
class Audit {
 public:
  Audit(store::Store& store, std::string database, const base::Clock& clock);

  /// Creates the database where it lacks. Once, before anything else.
  Task<void> start();
  const std::string& database() const { return database_; }

  /// The record of a change, with the time of now, for the batch of the change itself.
  store::DatabaseEdits edit_of(const AuditRecord& record);
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
    std::vector<json::Object> records;  // with "id" before the members of the document
    std::optional<std::string> next;    // there may be more
  };
  /// A page also ends where many records were looked at that did not match; there is a `next` then.
  /// `query_parse_error` for an `after` that is none of such a query.
  Task<Page> find(Query query);

  /// Removes the records from before that time, without a trace: how many. In batches, so that other writes
  /// get in between; those that are gone stay gone where it fails.
  Task<std::uint64_t> expire(base::WallTime before);

 private:
  struct Stamp {
    std::string id;
    base::WallTime time;
  };
  Stamp next_stamp();
  doc::Edit make_edit(const AuditRecord& record);
  Task<std::unique_ptr<store::Database>> open(std::string scope);
  Task<Page> find_by_time(Query query);
  Task<Page> find_in_scope(Query query, std::string scope);

  store::Store& store_;
  const std::string database_;
  const base::Clock& clock_;

  std::mutex mutex_;  // guards what follows
  base::WallTime last_{};
  std::uint32_t count_ = 0;  // of ids with that time
};

}  // namespace mycouch::tenancy
