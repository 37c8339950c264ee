// Contents of attachments on their way: those that wait here for the edit that takes them upstream, and those
// that are read from there.
//
// CouchDB takes an attachment with its document, or as an edit of its own. So what a client sends ahead of
// its document is kept until that is written: in memory where it is small, and in a file that has no name
// otherwise, which goes with this process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/offload.h"
#include "http/upstream.h"
#include "store/database.h"

namespace mycouch::store::couch {

/// Content for an edit to come. Thread-safe once it is made.
class NewStoredContent final : public doc::StoredContent {
 public:
  NewStoredContent() = default;
  ~NewStoredContent() override;
  NewStoredContent(const NewStoredContent&) = delete;
  NewStoredContent& operator=(const NewStoredContent&) = delete;

  bool is_in_memory() const { return file_ < 0; }
  const std::string& in_memory() const { return bytes_; }
  /// At most `most` bytes from `offset` on; `unavailable` where the file cannot be read. May block.
  Result<std::string> read(std::uint64_t offset, std::size_t most) const;

  /// While it is taken in: what comes next. May block.
  Result<void> append(std::string_view piece, const std::string& spool_directory, std::size_t kept_in_memory);

 private:
  Result<void> open_file(const std::string& spool_directory);
  Result<void> write_file(std::string_view piece);

  std::string bytes_;
  int file_ = -1;
};

std::unique_ptr<AttachmentWriter> make_content_writer(base::Pool& pool, std::string spool_directory,
                                                      NewContent about);

/// Reads what `target` answers with: the content of `about`, as it is stored. `not_found` where it has gone.
/// `upstream` outlives the reader. Read from its start to its end it is one answer, which goes on whatever
/// becomes of the document; another part takes another request.
Task<std::unique_ptr<AttachmentReader>> open_content_reader(http::Upstream& upstream, std::string target,
                                                            doc::Attachment about);

/// The content of an edit as the body of a multipart/related PUT, and the request's Content-Type. `edit` and
/// what it holds outlive the request.
struct RelatedBody {
  std::string content_type;
  http::BodySource source;
};
RelatedBody related_body(base::Pool& pool, std::string json, std::shared_ptr<const doc::Edit> edit);

}  // namespace mycouch::store::couch
