#include "sync/output.h"

#include <utility>

#include "base/encoding.h"
#include "sync/content_stream.h"

namespace mycouch::sync {

void Output::expect_contents(store::Database& database, const doc::Document& document) {
  if (document.attachment_form != doc::AttachmentForm::inline_data) return;
  for (const doc::Attachment& attachment : document.attachments) {
    if (document.sends(attachment)) contents_.push_back({&database, attachment});
  }
}

Task<void> Output::flush() {
  std::string text = std::exchange(text_, {});
  std::size_t at = 0;
  while (!contents_.empty()) {
    const std::size_t place = text.find(doc::kContentPlace, at);
    if (place == std::string::npos) break;
    Content content = std::move(contents_.front());
    contents_.pop_front();
    MYCOUCH_CO_CHECK(co_await write(text.substr(at, place - at)));
    MYCOUCH_CO_CHECK(co_await write_content(*content.database, std::move(content.attachment)));
    at = place + 1;
  }
  if (at > 0) text.erase(0, at);
  if (text.empty()) co_return Result<void>{};
  co_return co_await write(std::move(text));
}

// Base64 takes three bytes at a time: what is over waits for the next piece.
Task<void> Output::write_content(store::Database& database, doc::Attachment attachment) {
  MYCOUCH_CO_TRY(auto reader, co_await database.open_content(attachment));
  ContentStream content(attachment, std::move(reader), ContentForm::decoded);
  std::string waiting;
  for (;;) {
    MYCOUCH_CO_TRY(std::string piece, co_await content.next());
    if (piece.empty()) break;
    waiting += piece;
    const std::size_t whole = waiting.size() - waiting.size() % 3;
    MYCOUCH_CO_CHECK(co_await write(base::to_base64(std::string_view(waiting).substr(0, whole))));
    waiting.erase(0, whole);
  }
  co_return co_await write(base::to_base64(waiting));
}

}  // namespace mycouch::sync
