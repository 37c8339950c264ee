// Where a long answer goes, in pieces of bounded size, so that nothing is built whole in memory.
#pragma once

#include <cstddef>
#include <string>

#include "base/task.h"

namespace mycouch::sync {

/// An operation appends to `text()` and passes it on whenever it has become a full piece. What is left in
/// `text()` at the end is the rest of the answer, and its owner's to send.
class Output {
 public:
  static constexpr std::size_t kPiece = 64 << 10;

  virtual ~Output() = default;

  std::string& text() { return text_; }
  bool full() const { return text_.size() >= kPiece; }
  /// Passes on what has gathered, however little. `cancelled` when the reader has gone.
  Task<void> flush();

 private:
  virtual Task<void> write(std::string piece) = 0;

  std::string text_;
};

/// How many documents are asked of the store at once. Where they are large it answers fewer.
inline constexpr std::size_t kBatch = 256;

}  // namespace mycouch::sync
