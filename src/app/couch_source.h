// A database of a CouchDB, or of whatever speaks its HTTP API, as an import reads it: what has changed, the
// leaf revisions with their histories, and attachments.
//
// Each call is one request, or the same request a few times where a source that has answered before does not,
// or says that it is overloaded. Errors are sentences for the person at the shell: `unavailable` with what
// stood in the way, and `too_large` where an answer is over the bound.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "doc/document.h"
#include "http/client.h"
#include "store/database.h"

namespace mycouch::app {

struct SourceAddress {
  std::string url;            // of the database, without credentials and without a slash at the end
  std::string authorization;  // the header field's value; empty: none
  std::string database;       // its name, the URL's last segment
};

/// "http://user:password@host:5984/db"; the credentials may be left out, and escaped as in any URL.
/// `bad_request` that does not repeat the text, as it may hold a password.
Result<SourceAddress> parse_source(std::string_view text);

/// A document that has changed, and its leaves.
struct SourceRow {
  std::string id;
  std::vector<std::string> revs;
};

struct SourcePage {
  std::vector<SourceRow> rows;
  std::string last_seq;  // the next page's `since`
  std::uint64_t pending = 0;
};

struct SourceRevision {
  std::string id;
  std::string rev;
};

class CouchSource {
 public:
  explicit CouchSource(SourceAddress address);

  /// Whether a database answers there.
  Task<void> check();

  /// `since`: "0", or a page's last_seq.
  Task<SourcePage> changes(std::string since, std::size_t limit);

  /// The answer of _bulk_get: JSON text with attachments as stubs. Where a revision has been replaced, what
  /// has replaced it.
  Task<std::string> revisions(std::vector<SourceRevision> asked, bool latest);

  /// Takes in the content of an attachment as it comes, with a writer from `open` for each attempt.
  /// `not_found` where the source has none.
  using OpenWriter = std::function<Task<std::unique_ptr<store::AttachmentWriter>>()>;
  Task<std::shared_ptr<const doc::StoredContent>> attachment(SourceRevision of, std::string name,
                                                             std::uint64_t max_bytes, OpenWriter open);

 private:
  using Attempt = std::function<Task<http::Response>()>;

  Task<http::Response> send(http::ClientRequest request, http::TakePiece take = {});
  Task<http::Response> send_patiently(http::ClientRequest request);
  Task<http::Response> try_patiently(Attempt attempt);

  SourceAddress address_;
  http::ClientSession session_;
  bool has_answered_ = false;
};

}  // namespace mycouch::app
