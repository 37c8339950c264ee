// Documents with the contents of their attachments, as multipart bodies that are streamed out: what a
// replicator asks for with `Accept: multipart/…`.
#pragma once

#include <string>
#include <vector>

#include "api/call.h"
#include "http/multipart.h"
#include "store/database.h"
#include "sync/bulk_get.h"

namespace mycouch::api {

/// Whether a GET of this document is to be answered by `send_related`.
bool wants_related(const Call& call, const doc::Document& document);

/// multipart/related: the document's JSON, then a part for each attachment that it sends. `head` has what the
/// answer carries beside its type.
Task<void> send_related(Call& call, store::Database& database, doc::Document document, http::Response head);

/// multipart/mixed: a part for each revision of `open_revs`. `found` was read with `inline_data`.
Task<void> send_mixed(Call& call, store::Database& database, std::vector<store::OpenRevision> found);

/// Whether a _bulk_get is to be answered by `send_bulk_multipart`.
bool wants_bulk_multipart(const Call& call);
/// multipart/mixed, or multipart/related where only that is accepted: a part for each revision.
Task<void> send_bulk_multipart(Call& call, store::Database& database, std::vector<sync::BulkGetEntry> entries,
                               store::ReadOptions options);

}  // namespace mycouch::api
