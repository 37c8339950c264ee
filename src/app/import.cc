#include "app/import.h"

#include <filesystem>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "app/couch_source.h"
#include "app/exit_code.h"
#include "app/import_report.h"
#include "app/importer.h"
#include "app/open_store.h"
#include "app/progress.h"
#include "app/run_here.h"
#include "base/offload.h"

namespace mycouch::app {
namespace {

constexpr std::size_t kPoolThreads = 2;

Result<SourceAddress> check_request(const ImportRequest& request, const StoreConfig& store) {
  Result<SourceAddress> source = parse_source(request.from);
  if (!source) return fail(Errc::bad_request, "--from: " + source.error().reason);
  if (request.whole != request.tenant_field.empty()) {
    return fail(Errc::bad_request,
                "either --tenant-field with the member that names a document's tenant, or --whole");
  }
  const std::string& database = request.to_db.empty() ? source->database : request.to_db;
  if (Result<void> good = store::check_database_name(database); !good) {
    return fail(Errc::bad_request, fmt::format("--to-db: {}: {}", database, good.error().reason));
  }
  if (!request.whole && database == store.system_database) {
    return fail(Errc::bad_request, "the system database holds all tenants: it comes with --whole");
  }
  return source;
}

Result<std::unique_ptr<store::Store>> open(const StoreConfig& config, const ImportRequest& request,
                                           base::Pool& pool) {
  const bool may_be_new = request.whole || request.allow_missing_tenants;
  return may_be_new ? open_or_make_store(config, pool) : open_existing_store(config, pool);
}

Result<ImportCounts> run(const Config& config, const ImportRequest& request, SourceAddress address,
                         const Importer::Events& events) {
  const ImportPlan plan{.source = address.url,
                        .tenant_field = request.tenant_field,
                        .database = request.to_db.empty() ? address.database : request.to_db,
                        .system_database = config.store.system_database,
                        .batch = request.batch,
                        .allow_missing_tenants = request.allow_missing_tenants,
                        .from_start = request.from_start,
                        .max_document_size = config.max_document_size,
                        .max_attachment = config.max_attachment};
  boost::asio::io_context context(1);
  base::Pool pool(kPoolThreads);
  MYCOUCH_TRY(std::unique_ptr<store::Store> store, open(config.store, request, pool));
  CouchSource source(std::move(address));
  Importer importer(*store, source, plan, events);
  Result<ImportCounts> counts = run_here(context, importer.run());
  store->stop();
  pool.join();
  store->close();
  return counts;
}

void print_counts(const ImportCounts& counts) {
  fmt::print("Brought in: {} documents ({} revisions, {} attachments)", counts.documents, counts.revisions,
             counts.attachments);
  if (!counts.tenants.empty()) fmt::print(" of {} tenants", counts.tenants.size());
  if (counts.known_revisions > 0) fmt::print("; {} revisions were there already", counts.known_revisions);
  fmt::print("\n");
}

int complain(const Error& error, int code) {
  fmt::print(stderr, "mycouch: {}\n", error.reason);
  return code;
}

}  // namespace

int import_database(const Config& config, const ImportRequest& request) {
  Result<SourceAddress> source = check_request(request, config.store);
  if (!source) return complain(source.error(), kUsage);
  Result<LeftOutReport> report = LeftOutReport::open(request.report);
  if (!report) return complain(report.error(), kFailure);
  Progress progress("changes");
  const Importer::Events events{
      .left_out = [&report](const LeftOut& left_out) { report->add(left_out); },
      .progress = [&progress](std::uint64_t done, std::uint64_t total) { progress.show(done, total); }};
  Result<ImportCounts> counts = run(config, request, *std::move(source), events);
  progress.finish();
  if (counts) print_counts(*counts);
  if (const std::string left_out = report->text(); !left_out.empty()) {
    fmt::print("Left out, in revisions:\n{}", left_out);
  }
  if (Result<void> closed = report->close(); !closed) return complain(closed.error(), kFailure);
  if (!counts) return complain(counts.error(), kFailure);
  return report->missed() == 0 ? kSuccess : kLeftOut;
}

}  // namespace mycouch::app
