// Changes that belong together, over a database that writes one document at a time.
//
// CouchDB has no transaction over two documents, and several gateways write at once. So changes that belong
// together are written ahead: a single document, the journal, says what is about to be written, down to the
// revisions that it makes. Whoever holds the journal writes its documents, as replicated edits, which may be
// written any number of times with the same result; then it takes them off the journal again. Where that
// gateway goes away in between, another one finds the journal unchanged for a while, writes what is on it
// once more, and goes on. All of it is there in the end, or nothing where nothing of it had been begun and
// one of its documents has changed since.
//
// The journal is held by the gateway whose revision of it was stored, so writers of all gateways come one
// after the other; what waits at one gateway goes together, as one revision of the journal. A document is
// looked at after the journal was: as long as the journal's revision stands, nobody else has changed it.
// Writes of single documents to the same databases take their turn in the same way.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/task.h"
#include "store/couch/core.h"

namespace mycouch::store::couch {

class Journal {
 public:
  explicit Journal(CouchCore& core);
  ~Journal();

  /// Begins to look after what other gateways have left.
  void start();
  /// What waits ends with `cancelled`.
  void stop();

  /// Store::write_together.
  Task<std::vector<doc::Revision>> write(std::vector<DatabaseEdits> parts, std::optional<LogRecord> record);

  /// Runs `work` while the journal is held, on the core's thread: nobody else writes to databases that are
  /// serialized.
  Task<void> in_turn(std::function<Task<void>()> work);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mycouch::store::couch
