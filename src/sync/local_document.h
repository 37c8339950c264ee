// Local documents ("_local/…"): not replicated, without history. PouchDB keeps its checkpoints in them, so
// reading and writing one is what a live sync does most.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/outline.h"
#include "store/database.h"

namespace mycouch::sync {

inline constexpr std::string_view kLocalPrefix = "_local/";

/// `id` is without the prefix; `illegal_docid` for an empty one and for over 4,096 bytes.
Result<void> check_local_id(std::string_view id);

/// What a client sends of one.
struct LocalEdit {
  /// Without the members that CouchDB keeps elsewhere (_id, _rev, …); its version follows the one that is
  /// sent.
  store::LocalDocument document;
  bool deleted = false;
};

/// Any `_rev` of the form "0-N" passes: CouchDB does not check for conflicts here either. `bad_request` for
/// another form and for what is no object, `doc_validation` for an unknown member that begins with '_',
/// `too_large`.
Result<LocalEdit> read_local_edit(const json::Outline& outline, const json::Node& node,
                                  std::uint64_t max_document_size);

/// `id` is without the prefix.
void append_json(std::string& out, std::string_view id, const store::LocalDocument& document,
                 bool with_revisions = false);

}  // namespace mycouch::sync
