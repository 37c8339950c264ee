// Answers that several families of endpoints give.
#pragma once

#include <string>

#include "api/call.h"
#include "store/database.h"
#include "tenancy/tenancy.h"

namespace mycouch::api {

/// databases.cc: GET of a database itself.
Task<void> send_information(Call& call, store::Database& database);

/// databases.cc: the same as text.
void append_information(std::string& out, const store::DatabaseInfo& info);

/// local.cc: `id` is with its prefix.
Task<void> send_local_written(DatabaseCall& call, unsigned status, const std::string& id,
                              std::uint64_t version);
/// local.cc: the one that the path names. It has no history: with a `rev` it is `not_found`, whichever.
Task<store::LocalDocument> read_named_local(DatabaseCall& call);
/// local.cc: POST to the database of one whose `_id` is a local document's.
Task<void> post_local(DatabaseCall& call, const json::Outline& outline);

/// documents.cc: GET of one document, with the options of the call's query.
Task<void> send_document(Call& call, store::Database& database, std::string id);

/// documents.cc: {"ok":true,"id","rev"}.
http::Response written_response(unsigned status, std::string_view id, const doc::Revision& revision);
std::string etag_of(const doc::Revision& revision);

/// documents.cc: the edit's error is the request's.
Task<store::WriteOutcome> write_one(DatabaseCall& call, doc::Edit edit, store::WriteOptions options);

/// tenants.cc: what was written to a virtual table. `_id` and `_rev` say it once more, for clients that keep
/// what was answered.
Task<void> send_written(Call& call, const tenancy::Tenancy::Written& written);

/// Whether a GET asks for more than the current document: a replicator's options. tenants.cc
bool asks_for_revisions(const http::Query& query);

}  // namespace mycouch::api
