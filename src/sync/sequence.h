// A sequence as clients see it: "<n>-<epoch>".
//
// `n` counts within the reader's scope from 1, and `epoch` names this incarnation of the scope's index. A
// sequence of another epoch, or one ahead of the scope (a store put back from a backup), says nothing here:
// its owner is answered from the start, which costs a comparison and never leaves a gap.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mycouch::sync {

std::string sequence_text(std::uint64_t n, std::string_view epoch);
/// The same as a JSON string, with its quotes.
void append_sequence(std::string& out, std::uint64_t n, std::string_view epoch);

/// A parsed `since`.
struct Since {
  enum class Kind : std::uint8_t { start, now, at };
  Kind kind = Kind::start;
  std::uint64_t n = 0;
  std::string epoch;  // empty: a bare number, taken as one of the current epoch
};

/// "12-abc", "12", "0", "", "now", each with or without JSON's quotes; `bad_request` with CouchDB's reason
/// otherwise.
Result<Since> parse_since(std::string_view text);

/// The number after which a feed begins.
std::uint64_t resolve(const Since& since, std::string_view epoch, std::uint64_t update_seq);

}  // namespace mycouch::sync
