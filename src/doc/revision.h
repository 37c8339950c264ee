// One revision of a document: its generation and its hash, as in "3-917fa2381192822767f010b95b45325b".
//
// CouchDB makes hashes of 32 hex digits; a replicator may bring any other text, which is kept as it is.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mycouch::doc {

/// Whether `text` can stand behind the dash: at most 255 visible ASCII characters without '"', as a revision
/// is also an ETag. (CouchDB checks nothing here, and so lets a replicator write line breaks into its
/// answers' heads.)
bool is_rev_hash(std::string_view text);

class RevHash {
 public:
  RevHash() = default;
  /// `text` is one that is_rev_hash() accepts.
  explicit RevHash(std::string_view text);
  /// From the 16 bytes of a digest.
  explicit RevHash(const std::array<std::uint8_t, 16>& digest) : bytes_(digest) {}

  /// 32 lower-case hex digits are held as 16 bytes; anything else as text.
  bool is_digest() const { return other_.empty(); }
  const std::array<std::uint8_t, 16>& digest() const { return bytes_; }
  std::string text() const;
  void append_to(std::string& out) const;

  bool operator==(const RevHash&) const = default;
  /// By their text, as every replica must order them alike.
  std::strong_ordering operator<=>(const RevHash& other) const;

 private:
  std::string_view other_text() const;

  std::array<std::uint8_t, 16> bytes_{};
  std::string other_;
};

struct Revision {
  std::uint32_t generation = 0;  // from 1
  RevHash hash{};

  std::string text() const;
  void append_to(std::string& out) const;
  bool operator==(const Revision&) const = default;
  /// By generation, then by hash.
  std::strong_ordering operator<=>(const Revision& other) const = default;
};

/// "3-abc"; `bad_request` with CouchDB's reason "Invalid rev format" otherwise.
Result<Revision> parse_revision(std::string_view text);

/// A revision and its ancestors, newest first, as `_revisions` has them: `hashes[i]` is of generation
/// `generation - i`. Never empty; may end before generation 1 (a stemmed history).
struct RevPath {
  std::uint32_t generation = 0;
  std::vector<RevHash> hashes{};

  Revision leaf() const { return {generation, hashes.front()}; }
};

}  // namespace mycouch::doc
