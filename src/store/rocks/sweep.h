// Removal of rows that nobody refers to any more, a few at a time. Included by .cc files only.
#pragma once

#include <string>

#include "store/rocks/engine_core.h"
#include "store/rocks/families.h"

namespace mycouch::store::rocks {

/// Deletes all rows of one family whose keys begin with `prefix`. False where the store ends, or fails,
/// before all are gone. May take long.
bool sweep_rows(EngineCore& core, rocksdb::ColumnFamilyHandle* family, const std::string& prefix);

}  // namespace mycouch::store::rocks
