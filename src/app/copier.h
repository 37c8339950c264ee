// Copies everything that a store holds to another one: databases with their settings, each leaf revision with
// its history and its attachments, local documents, and the audit trail.
//
// Each part (store_parts.h) is followed by its changes, in pages. The target is asked first what it lacks,
// and gets only that; what some pages have brought is safe there before the part's checkpoint moves past
// them. So a copy may be ended at any moment, and goes on where it stood; and one that is made again brings
// what has changed meanwhile. Several parts, and several pages of each, are under way at a time, as each
// answer of a store behind a network has to be waited for.
//
// What is no longer in the source stays in the target, but for local documents: a copy removes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/store_parts.h"
#include "base/task.h"
#include "doc/document.h"
#include "store/store.h"

namespace mycouch::app {

struct CopyCounts {
  std::uint64_t documents = 0;  // of which something was new
  std::uint64_t revisions = 0;
  std::uint64_t attachments = 0;      // whose content was sent
  std::uint64_t local_documents = 0;  // written or removed
  std::uint64_t log_records = 0;
  std::uint64_t settings = 0;  // databases that were made, or whose settings have changed

  bool operator==(const CopyCounts&) const = default;
};

class Copier {
 public:
  struct Plan {
    std::string system_database;
    bool from_start = false;  // whatever the checkpoints say
  };
  /// Documents, so far and in all.
  using OnProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

  /// The stores outlive it, and the source changes meanwhile in no way that breaks its sequences. Runs on one
  /// thread.
  Copier(store::Store& from, store::Store& to, Plan plan, OnProgress on_progress);

  /// Until the source has nothing further. What was written stays where it fails.
  Task<CopyCounts> run();

 private:
  using Database = store::Database;
  using LocalRows = std::vector<store::LocalRow>;
  struct PartCopy;
  class Batch;
  // What of a page the target has not.
  struct Lacking {
    std::vector<store::RevisionRequest> revisions;
    std::map<std::string, std::vector<doc::Revision>> held;  // leaves there that may be ancestors, by id
  };

  bool is_system(const std::string& database) const { return database == plan_.system_database; }

  Task<void> make_database(const std::string& database);
  Task<void> copy_database(const std::string& database);
  Task<void> copy_part(const std::string& database, StorePart part);
  Task<void> copy_documents(PartCopy& part);
  Task<void> copy_rows(PartCopy& part, std::vector<store::ChangeRow> rows);
  Task<void> send(PartCopy& part, Lacking lacking);
  Task<void> add_contents(PartCopy& part, const doc::Document& document, const Lacking& lacking,
                          doc::Edit& edit);
  Task<std::vector<doc::Attachment>> held_attachments(Database& to, const doc::Document& document,
                                                      const Lacking& lacking);
  Task<void> write(PartCopy& part, Batch& batch);
  Task<void> write_checkpoint(const PartCopy& part);
  Task<void> copy_local_documents(Database& to, const LocalRows& theirs, const LocalRows& ours);
  Task<void> copy_audit_trail();
  void advance(std::uint64_t documents);

  store::Store& from_;
  store::Store& to_;
  const Plan plan_;
  const OnProgress on_progress_;
  CopyCounts counts_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace mycouch::app
