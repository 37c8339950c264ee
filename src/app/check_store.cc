#include "app/check_store.h"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/open_store.h"
#include "app/run_here.h"
#include "base/offload.h"
#include "tenancy/check.h"
#include "tenancy/documents.h"

namespace mycouch::app {
namespace {

constexpr std::size_t kPoolThreads = 2;

void print(const tenancy::Finding& finding) {
  const bool is_note = finding.kind == tenancy::Finding::Kind::note;
  fmt::print("{}: {}\n", is_note ? "note" : "violation", finding.text);
}

int report(const Error& error) {
  fmt::print(stderr, "mycouch: {}\n", error.reason);
  return kUnreadable;
}

Result<tenancy::CheckSummary> check(const StoreConfig& config) {
  boost::asio::io_context context(1);
  base::Pool pool(kPoolThreads);
  MYCOUCH_TRY(std::unique_ptr<store::Store> store, open_existing_store(config, pool));
  // Over a CouchDB the scopes are folded here and now.
  store->set_scope_rule(config.system_database, tenancy::scopes_of);
  Result<tenancy::CheckSummary> summary =
      run_here(context, tenancy::check_system_database(*store, config.system_database, print));
  store->stop();
  pool.join();
  store->close();
  if (!summary && summary.error().code == Errc::not_found) {
    return fail(Errc::not_found,
                fmt::format("{}: it has no database \"{}\"", shown_url(config), config.system_database));
  }
  return summary;
}

}  // namespace

int check_store(const StoreConfig& config) {
  Result<tenancy::CheckSummary> summary = check(config);
  if (!summary) return report(summary.error());
  fmt::print("{} users, {} tenants, {} invitations, {} scopes: {} violations, {} notes\n", summary->users,
             summary->tenants, summary->invitations, summary->scopes, summary->violations, summary->notes);
  return summary->violations == 0 ? kSuccess : kFailure;
}

}  // namespace mycouch::app
