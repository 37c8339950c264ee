// Documents and their changes as JSON of CouchDB's HTTP API: what is sent upstream and what comes back. Pure
// functions.
//
// Ids in here are those of the upstream database (names.h). What comes back may be anything, as it comes from
// another server: `unavailable` where it is not what CouchDB answers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "doc/document.h"
#include "http/message.h"
#include "json/outline.h"
#include "store/database.h"

namespace mycouch::store::couch {

/// `unavailable`: the answer is not one of CouchDB's.
std::unexpected<Error> not_couchdb(std::string_view what);

/// What a status of an answer says that is no success: CouchDB's words where it is a client's fault, and
/// `unavailable` with the cause where it is nobody's here (401, 429, 5xx, a proxy's page).
Error error_of(const http::Response& answer);
/// The same of an entry {"error", "reason"} of an answer about many.
Error error_of(std::string_view word, std::string reason);
/// Whether the answer is JSON, of status 200 to 299; error_of() otherwise.
Result<void> check_answer(const http::Response& answer);

/// A member that is a string, decoded; empty where it is not there.
std::string string_of(const json::Outline& outline, const json::Node& object, std::string_view name);

/// A document of an answer that was asked for with att_encoding_info=true. Its attachments' origins say where
/// their contents are.
Result<doc::Document> read_document(const json::Outline& outline, const json::Node& node);

/// Its body, and the N of its "0-N".
Result<LocalDocument> read_local_document(const json::Outline& outline, const json::Node& node);

/// One entry of `open_revs` or `_bulk_get`: {"ok": document}, {"missing": rev} or {"error": …}.
Result<OpenRevision> read_open_revision(const json::Outline& outline, const json::Node& node);

/// Where the content of an attachment is.
struct ContentOrigin {
  std::string id;
  std::string rev;
};
std::string origin_text(std::string_view id, std::string_view rev);
ContentOrigin parse_origin(std::string_view origin);

/// Whether an edit's contents can go with it in one JSON text.
bool fits_in_json(const doc::Edit& edit);

/// An edit as a document of _bulk_docs, or as the body of a PUT; without new_edits, with its history.
/// Contents are in it where they fit, and follow in parts otherwise, in the order of the attachments.
void append_edit(std::string& out, std::string_view id, const doc::Edit& edit, bool new_edits);

/// "?a=b&c=d", escaped.
class QueryText {
 public:
  QueryText& add(std::string_view name, std::string_view value);
  QueryText& flag(std::string_view name, bool set) { return set ? add(name, "true") : *this; }
  /// As JSON.
  QueryText& add_json(std::string_view name, std::string_view text);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace mycouch::store::couch
