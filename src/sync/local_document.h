// Local documents ("_local/…"): not replicated, without history. PouchDB keeps its checkpoints in them, so
// reading and writing one is what a live sync does most.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "doc/document.h"
#include "doc/local_revision.h"
#include "json/outline.h"
#include "store/database.h"

namespace mycouch::sync {

using doc::kLocalPrefix;

/// `id` is without the prefix; `illegal_docid` for an empty one and for over 4,096 bytes.
Result<void> check_local_id(std::string_view id);

/// What a client sends of one, read as any document is, with its errors; `id` is with the prefix. Attachments
/// are read and have no place in it.
Result<doc::Edit> read_local_edit(const json::Outline& outline, const json::Node& node, std::string_view id,
                                  std::uint64_t max_document_size);

/// Writes it, or removes it whether it was there or not: the version that there is now, 0 for none. CouchDB
/// does not check for conflicts here either. `bad_request` where its parent is no local document's revision.
Task<std::uint64_t> write_local(store::Database& database, doc::Edit edit);

/// `id` is without the prefix.
void append_json(std::string& out, std::string_view id, const store::LocalDocument& document,
                 bool with_revisions = false);

}  // namespace mycouch::sync
