// Where a long answer goes, in pieces of bounded size, so that nothing is built whole in memory.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/task.h"
#include "doc/document.h"
#include "store/database.h"

namespace mycouch::sync {

/// An operation appends to `text()` and passes it on whenever it has become a full piece. What is left in
/// `text()` at the end is the rest of the answer, and its owner's to send.
class Output {
 public:
  static constexpr std::size_t kPiece = 64 << 10;

  virtual ~Output() = default;

  std::string& text() { return text_; }
  bool full() const { return text_.size() >= kPiece; }
  /// The document's JSON is about to be appended to `text()`, or was just now: the contents of the
  /// attachments that it sends inline are put in their places on the way out. The database outlives the
  /// output.
  void expect_contents(store::Database& database, const doc::Document& document);
  /// Whether there are contents to be put into `text()`, which is not the answer's until it was flushed.
  bool expects_contents() const { return !contents_.empty(); }
  /// Passes on what has gathered, however little. `cancelled` when the reader has gone, `not_found` where a
  /// content went with its document meanwhile.
  Task<void> flush();

 private:
  virtual Task<void> write(std::string piece) = 0;
  Task<void> write_content(store::Database& database, doc::Attachment attachment);

  struct Content {
    store::Database* database;
    doc::Attachment attachment;
  };

  std::string text_;
  std::deque<Content> contents_;  // in the order of their places in `text_`
};

/// How many documents are asked of the store at once. Where they are large it answers fewer.
inline constexpr std::size_t kBatch = 256;

}  // namespace mycouch::sync
