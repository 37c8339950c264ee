// What an edit does to a document: the rules of CouchDB, as changes to one Entry within a Transaction.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "doc/document.h"
#include "store/database.h"
#include "store/rocks/catalogue.h"

namespace mycouch::store::rocks {

class Transaction;
struct TakenContent;

/// Where documents are written: one partition of one database.
struct Target {
  std::shared_ptr<DatabaseRecord> database;
  std::string partition;
  std::string prefix;  // key_prefix(database, partition)
};

Target make_target(std::shared_ptr<DatabaseRecord> database, std::string partition);

/// An edit with the contents that it brings (one for each attachment, null for stubs).
struct PreparedEdit {
  doc::Edit edit;
  std::vector<std::shared_ptr<const TakenContent>> contents;
};

/// May take long for large attachments: call it where that does not hurt. Contents that were taken in are of
/// this store, or they are none.
PreparedEdit prepare(doc::Edit edit);

/// Whether an edit made here would not conflict now; it is not applied.
Result<bool> can_apply(Transaction& transaction, const Target& target, const doc::Edit& edit);

/// The edit's outcome; an error only where the store itself failed.
Result<WriteOutcome> apply_edit(Transaction& transaction, const Target& target, const PreparedEdit& prepared,
                                bool new_edits);

/// Drops the bodies of one document's revisions that are no leaves.
Result<void> compact_document(Transaction& transaction, const Target& target, const std::string& id);

/// Removes the document as if it had never been, whatever its revisions; nothing happens where there is none.
/// The sequences of its scopes do not move on: what was counted stays counted, and no row tells of it.
Result<void> purge_document(Transaction& transaction, const Target& target, const std::string& id);

/// Removes those of the revisions that are leaves, and the document with its last one: those that were
/// removed. What stays of the document is a change of it.
Result<std::vector<doc::Revision>> purge_leaves(Transaction& transaction, const Target& target,
                                                const std::string& id,
                                                const std::vector<doc::Revision>& revisions);

}  // namespace mycouch::store::rocks
