// A document that comes as multipart/related (PUT /{db}/{id}): its JSON first, then the contents of the
// attachments that "follow", which are streamed to the store.
#pragma once

#include <string>
#include <string_view>

#include "api/call.h"
#include "doc/document.h"
#include "http/multipart.h"

namespace mycouch::api {

/// Whether the request's body is one: its Content-Type is multipart/related.
bool is_multipart_edit(const Call& call);

class MultipartEdit {
 public:
  /// The call outlives it.
  explicit MultipartEdit(DatabaseCall& call) : call_(call), parts_("-") {}

  /// The text of the first part. `bad_request` without a boundary and where the body ends before it,
  /// `bad_content_type` unless the part is declared to be JSON, `too_large`.
  Task<std::string> read_json();
  /// Then the other parts, into the attachments of `edit` that follow: by the name that the part gives itself
  /// where one of them has it, otherwise in their order. Parts without an attachment are passed over.
  /// `bad_request` for a content of another length than its attachment tells, or none; `md5_mismatch`,
  /// `attachment_too_large`.
  Task<void> read_contents(doc::Edit& edit);

 private:
  using Event = http::MultipartReader::Event;

  /// `end` where the body ends, in whatever state.
  Task<Event> next();
  doc::IncomingAttachment* attachment_of_part(doc::Edit& edit) const;
  Task<void> read_content(doc::IncomingAttachment& attachment);

  DatabaseCall& call_;
  http::MultipartReader parts_;
  /// Of contents that wait in memory for the edit, together.
  std::size_t memory_left_ = std::size_t{4} << 20;
};

}  // namespace mycouch::api
