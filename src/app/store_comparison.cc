#include "app/store_comparison.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/canonical_json.h"
#include "app/run_each.h"
#include "json/writer.h"
#include "tenancy/audit.h"

namespace mycouch::app {
namespace {

constexpr std::size_t kPartsAtOnce = 4;
constexpr std::size_t kExamples = 5;

using HashesById = std::map<std::string, base::Sha256>;

OnDocumentHash gather(HashesById& hashes) {
  return [&hashes](const std::string& id, const base::Sha256& hash) { hashes.insert_or_assign(id, hash); };
}

// As JSON: nothing in a name can play with the terminal.
std::string place(const std::string& database, const std::string& part) {
  if (part.empty()) return fmt::format("database {}, outside any tenant", json::quoted(database));
  return fmt::format("database {}, tenant {}", json::quoted(database), json::quoted(part));
}

std::string counts_of(const PartHash& hash) {
  return fmt::format("{} documents and {} local ones", hash.documents, hash.local_documents);
}

}  // namespace

StoreComparison::StoreComparison(store::Store& from, store::Store& to, std::string system_database,
                                 Events events)
    : from_(from), to_(to), system_database_(std::move(system_database)), events_(std::move(events)) {}

Task<ComparedCounts> StoreComparison::run() {
  MYCOUCH_CO_TRY(const std::vector<std::string> databases, co_await from_.list());
  MYCOUCH_CO_TRY(const std::vector<std::string> theirs, co_await to_.list());
  for (const std::string& database : databases) {
    MYCOUCH_CO_TRY(const std::uint64_t documents, co_await count_documents(from_, database));
    total_ += documents;
  }
  for (const std::string& database : databases) {
    if (std::ranges::find(theirs, database) == theirs.end()) {
      differs(fmt::format("database {}: the target has none", json::quoted(database)));
      continue;
    }
    ++counts_.databases;
    MYCOUCH_CO_CHECK(co_await compare_settings(database));
    MYCOUCH_CO_CHECK(co_await compare_database(database));
  }
  MYCOUCH_CO_CHECK(co_await compare_audit_trail());
  events_.progress(total_, total_);
  co_return counts_;
}

void StoreComparison::differs(const std::string& difference) {
  ++counts_.differences;
  events_.differs(difference);
}

Task<void> StoreComparison::compare_settings(const std::string& database) {
  MYCOUCH_CO_TRY(auto from, co_await from_.open(database, {}));
  MYCOUCH_CO_TRY(auto to, co_await to_.open(database, {}));
  MYCOUCH_CO_TRY(const store::DatabaseSettings theirs, co_await from->settings());
  MYCOUCH_CO_TRY(const store::DatabaseSettings ours, co_await to->settings());
  const bool same_security = theirs.security.empty() || is_same_json(theirs.security, ours.security);
  if (theirs.revs_limit != ours.revs_limit || !same_security) {
    differs(fmt::format("database {}: its settings", json::quoted(database)));
  }
  co_return Result<void>();
}

Task<void> StoreComparison::compare_database(const std::string& database) {
  StoreParts parts({&from_, &to_}, database);
  for (;;) {
    MYCOUCH_CO_TRY(const std::vector<StorePart> page, co_await parts.next());
    if (page.empty()) co_return Result<void>();
    MYCOUCH_CO_CHECK(co_await run_each(page.size(), kPartsAtOnce, [this, &database, &page](std::size_t i) {
      return compare_part(database, page[i]);
    }));
  }
}

Task<void> StoreComparison::compare_part(const std::string& database, StorePart part) {
  const bool system = database == system_database_;
  const auto advance = [this](const std::string& id, const base::Sha256&) {
    if (!id.starts_with("_local/")) events_.progress(std::min(++done_, total_), total_);
  };
  MYCOUCH_CO_TRY(const PartHash ours, co_await hash_part(from_, database, part, system, advance));
  MYCOUCH_CO_TRY(const PartHash theirs,
                 co_await hash_part(to_, database, part, system, [](const auto&, const auto&) {}));
  if (!part.name.empty()) ++counts_.tenants;
  counts_.documents += ours.documents;
  counts_.local_documents += ours.local_documents;
  if (ours == theirs) co_return Result<void>();
  MYCOUCH_CO_TRY(const std::string which, co_await examples(database, part));
  differs(fmt::format("{}: the source has {}, the target {}; {}", place(database, part.name), counts_of(ours),
                      counts_of(theirs), which));
  co_return Result<void>();
}

Task<std::string> StoreComparison::examples(const std::string& database, StorePart part) {
  const bool system = database == system_database_;
  HashesById ours;
  HashesById theirs;
  MYCOUCH_CO_CHECK(co_await hash_part(from_, database, part, system, gather(ours)));
  MYCOUCH_CO_CHECK(co_await hash_part(to_, database, part, system, gather(theirs)));
  std::vector<std::string> ids;
  for (const auto& [id, hash] : ours) {
    const auto other = theirs.find(id);
    if (other == theirs.end() || other->second != hash) ids.push_back(json::quoted(id));
    if (other != theirs.end()) theirs.erase(other);
  }
  for (const auto& [id, hash] : theirs) ids.push_back(json::quoted(id));
  const std::size_t shown = std::min(ids.size(), kExamples);
  co_return fmt::format("{} differ: {}{}", ids.size(),
                        fmt::join(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                        shown < ids.size() ? ", …" : "");
}

// What the target has before and behind the source's records is none of the copy's: records expire, and a
// target that serves makes new ones.
Task<void> StoreComparison::compare_audit_trail() {
  const std::string log = tenancy::audit_log(system_database_);
  MYCOUCH_CO_TRY(const store::LogPage first, co_await from_.read_log({.log = log, .limit = 1}));
  MYCOUCH_CO_TRY(const store::LogPage last,
                 co_await from_.read_log({.log = log, .descending = true, .limit = 1}));
  if (first.entries.empty() || last.entries.empty()) co_return Result<void>();
  const store::LogPosition from = first.entries.front().position;
  const store::LogPosition to = last.entries.front().position;
  MYCOUCH_CO_TRY(const LogHash ours, co_await hash_log(from_, log, from, to));
  MYCOUCH_CO_TRY(const LogHash theirs, co_await hash_log(to_, log, from, to));
  counts_.log_records += ours.records;
  if (ours != theirs) {
    differs(fmt::format("the audit trail: the source has {} records, the target {} of that time",
                        ours.records, theirs.records));
  }
  co_return Result<void>();
}

}  // namespace mycouch::app
