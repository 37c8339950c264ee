// What indexes need beside the writes of documents: building new ones over the documents that are there, and
// sweeping the rows of those that are gone.
//
// From the moment that an index is in its partition's record, every write keeps its rows, built or not. The
// build reads documents from a snapshot, in batches and on a thread that may wait, and a commit puts the rows
// of those that are still as they were; those that are not have been written meanwhile, with their rows. The
// same commit moves the checkpoint, from which a build goes on after a restart.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"

namespace mycouch::store::rocks {

struct DatabaseRecord;
struct EngineCore;

/// Works on one partition until there is nothing left to do, or the store stops; on a thread that may block.
void work_on_indexes(EngineCore& core, const std::shared_ptr<DatabaseRecord>& database,
                     const std::string& prefix);

/// At the start of the store, before anything is written. Where the keys of rows compare in another way than
/// those that are stored, all rows go and all indexes are to be built again.
Result<void> check_collation(EngineCore& core);
/// Starts the work that is left, and forgets that of databases which are gone.
Result<void> resume_index_work(EngineCore& core);

}  // namespace mycouch::store::rocks
