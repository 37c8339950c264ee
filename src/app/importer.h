// Brings the documents of a database elsewhere into the store: each leaf revision with its history, whether
// it wins, conflicts or is deleted, with its attachments, and under the revision that it has there.
//
// It follows the source's changes in pages. What a page has brought is on the disk before the checkpoint
// moves past it, and what is here already is not fetched again: so it can be ended at any moment, and goes on
// where it stood. At most a page, and some 100 MB of documents and small attachments, is in memory at a time;
// larger attachments go to the store as they come.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/couch_source.h"
#include "base/task.h"
#include "doc/document.h"
#include "store/store.h"
#include "tenancy/intake.h"

namespace mycouch::app {

struct ImportPlan {
  std::string source;        // its URL, without credentials: names the checkpoint
  std::string tenant_field;  // empty: everything comes to the administrator's database, outside any tenant
  std::string database;      // into which; made where it lacks
  std::string system_database;
  std::size_t batch = 500;              // documents of a page
  bool allow_missing_tenants = false;   // what belongs to them comes too, and waits for them
  bool from_start = false;              // whatever the checkpoint says
  std::uint64_t max_document_size = 0;  // bytes of a document's JSON
  std::uint64_t max_attachment = 0;     // bytes of one
};

/// Why a revision was left out.
enum class LeftOutReason : std::uint8_t {
  design_document,  // of no tenant, or with code: a tenant has none
  no_tenant,
  deleted_without_tenant,
  missing_tenant,
  deleted_tenant,
  too_large,
  bad_name,  // an id, or an attachment's name, that CouchDB's rules refuse
  refused,   // in another way unlike a document
  not_given  // the source did not hand it out
};
inline constexpr std::size_t kLeftOutReasons = 9;

struct LeftOut {
  std::string id;
  std::string rev;
  LeftOutReason reason = LeftOutReason::refused;
  std::string detail;  // the tenant, or what is wrong; may be empty
};

struct ImportCounts {
  std::uint64_t documents = 0;  // of which something was new
  std::uint64_t revisions = 0;
  std::uint64_t attachments = 0;
  std::uint64_t known_revisions = 0;  // were there already
  std::set<std::string> tenants;
};

class Importer {
 public:
  struct Events {
    std::function<void(const LeftOut&)> left_out;
    /// Changes of the source in this run, so far and in all.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress;
  };

  /// All of them outlive the importer.
  Importer(store::Store& store, CouchSource& source, ImportPlan plan, Events events);

  /// Until the source has nothing further. What was written stays where it fails.
  Task<ImportCounts> run();

 private:
  // What the source has given of one document.
  struct Document {
    std::vector<tenancy::IncomingLeaf> leaves;
  };
  using Documents = std::map<std::string, Document>;
  using EditsByTenant = std::map<std::string, std::vector<doc::Edit>>;
  enum class TenantState : std::uint8_t { present, deleted, missing };

  Task<void> prepare();
  Task<std::string> read_checkpoint();
  Task<void> write_checkpoint(const std::string& last_seq);

  Task<void> bring(std::vector<SourceRow> rows);
  Result<Documents> read_answer(const std::string& answer);
  Result<void> read_revision(Documents& documents, const json::Outline& outline, const json::Node& node);
  Task<void> name_former_tenants(Documents& documents);
  Task<void> ask_former_tenants(std::vector<SourceRevision> parents,
                                std::map<std::string, std::string>& tenants);
  EditsByTenant place(Documents documents);
  Task<bool> may_come(const std::string& tenant, const std::vector<doc::Edit>& edits);
  Task<TenantState> state_of(const std::string& tenant);
  Task<std::vector<doc::Edit>> without_known(const std::string& tenant, std::vector<doc::Edit> edits);
  Task<void> take_in(const std::string& tenant, std::vector<doc::Edit> edits);
  Task<bool> fetch_attachments(const std::string& tenant, doc::Edit& edit);
  Task<void> write_gathered();

  void leave_out(const doc::Edit& edit, LeftOutReason reason, std::string detail = {});
  store::Confinement confinement_of(const std::string& tenant) const;

  store::Store& store_;
  CouchSource& source_;
  const ImportPlan plan_;
  const Events events_;
  ImportCounts counts_;
  std::map<std::string, TenantState> tenants_;
  EditsByTenant gathered_;
  std::size_t gathered_bytes_ = 0;
  std::pair<std::string, std::string> last_counted_;  // tenant and id
};

}  // namespace mycouch::app
