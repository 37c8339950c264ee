// Revisions of local documents ("_local/…"), which have no history: "0-N", where N counts the versions.
//
// As in CouchDB, whoever writes one names the version before, which is not compared with what is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "doc/revision.h"

namespace mycouch::doc {

inline constexpr std::string_view kLocalPrefix = "_local/";

/// As parse_revision(), and of generation 0 too. A revision of another document passes: next_local_version()
/// is who refuses it, so that a deletion may name any.
Result<Revision> parse_local_revision(std::string_view text);

/// The N of the version that follows `parent` (nothing: 1). `bad_request` with CouchDB's reason "Invalid rev
/// format" where the parent is no local document's, or the last that can be counted.
Result<std::uint64_t> next_local_version(const std::optional<Revision>& parent);

}  // namespace mycouch::doc
