// From JSON that a client sent to edits that a database takes, under that database's rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "doc/document.h"
#include "json/outline.h"

namespace mycouch::sync {

/// What a writer may store in the database that was opened for it.
struct WriteRules {
  doc::Stamp stamp = {};
  /// Whether design documents may carry code. It is never run, but a tenant's is refused outright.
  bool design_code = true;
  std::uint64_t max_document_size = 8'000'000;
};

/// The `_id` of a document as it was sent; empty where that has none, or one that is no text.
std::string id_of(const json::Outline& outline, const json::Node& node);

/// Reads one document; the errors of doc::read_edit, and `forbidden` for code in a design document.
Result<doc::Edit> read_edit(const json::Outline& outline, const json::Node& node, std::string_view url_id,
                            bool new_edits, const WriteRules& rules);

/// The same for a body that is one document.
Result<doc::Edit> read_edit(std::string_view body, std::string_view url_id, bool new_edits,
                            const WriteRules& rules);

/// `forbidden` for code in a design document: for an edit whose content comes from the database, under
/// another id.
Result<void> check_code(const doc::Edit& edit, const WriteRules& rules);

}  // namespace mycouch::sync
