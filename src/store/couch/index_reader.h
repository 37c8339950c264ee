// Reads of the scope index, on the calling thread. Included by .cc files only.
#pragma once

#include <string>

#include "store/couch/index_files.h"
#include "store/couch/index_keys.h"
#include "store/couch/index_records.h"

namespace mycouch::store::couch {

/// Of one scope of one life of a database; for what each call gives, see ScopeIndex. What it refers to
/// outlives it.
class IndexReader {
 public:
  IndexReader(IndexFiles& files, DatabaseNumber database, const ScopeName& scope)
      : files_(files), database_(database), scope_(scope), prefix_(scope_prefix(database, scope)) {}

  Result<ScopeCounts> counts();
  Result<ChangesPage> changes(const ChangesQuery& query);
  Result<std::uint64_t> pending(std::uint64_t seq);
  Result<std::optional<Place>> place(const std::string& id);
  Result<std::vector<std::string>> ids(const std::string& after, std::size_t limit);

 private:
  Result<std::vector<std::string>> ids_of_members(const std::string& after, std::size_t limit);
  Result<std::vector<std::string>> ids_of_documents(const std::string& after, std::size_t limit);

  IndexFiles& files_;
  const DatabaseNumber database_;
  const ScopeName& scope_;
  const std::string prefix_;
};

}  // namespace mycouch::store::couch
