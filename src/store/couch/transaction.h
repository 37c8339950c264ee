// Changes that belong together, as they stand in the journal (journal.h). Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "doc/document.h"
#include "store/database.h"

namespace mycouch::store::couch {

/// A document of a transaction. Names and ids are those of the upstream.
struct PlannedDocument {
  std::string database;
  std::string id;
  std::string before;  // the leaf that it is made on; empty: none
  std::string after;   // the revision that it makes
  std::string json;    // as a replicated edit
};

struct Transaction {
  std::vector<PlannedDocument> documents;
};

/// The leaves of documents as they are, winner first: by database and id. None for one that is not there.
struct Leaf {
  doc::Revision revision;
  bool deleted = false;
};
using DocumentKey = std::pair<std::string, std::string>;
using Leaves = std::map<DocumentKey, std::vector<Leaf>>;

/// In the order in which a document's leaves win.
void sort_leaves(std::vector<Leaf>& leaves);

/// What an edit makes of its document, which is noted in `leaves`. `conflict` where its parent is no leaf in
/// `before`, as the transaction has found them, or where it has none and the document is there.
Result<PlannedDocument> plan(std::string database, std::string id, const doc::Edit& edit,
                             const Leaves& before, Leaves& leaves);

/// Who holds the journal, and what is to be written.
struct JournalEntry {
  std::string rev;     // of the journal's document; empty: it is not there yet
  std::string holder;  // empty: nobody
  std::vector<Transaction> transactions;
};

std::string journal_json(const JournalEntry& entry);
/// `unavailable` where it is not what journal_json() makes.
Result<JournalEntry> read_journal(std::string_view json);

}  // namespace mycouch::store::couch
