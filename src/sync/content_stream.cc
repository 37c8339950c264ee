#include "sync/content_stream.h"

#include <algorithm>
#include <utility>

namespace mycouch::sync {
namespace {

// Stored content is read in longer pieces than it is passed on: each may cost a change of threads.
constexpr std::size_t kRead = std::size_t{256} << 10;

}  // namespace

ContentStream::ContentStream(const doc::Attachment& attachment,
                             std::unique_ptr<store::AttachmentReader> reader, ContentForm form)
    : reader_(std::move(reader)), end_(attachment.stored_length) {
  if (form == ContentForm::decoded && attachment.encoding == doc::Encoding::gzip) decoder_.emplace();
}

void ContentStream::restrict_to(std::uint64_t first, std::uint64_t last) {
  at_ = first;
  end_ = std::min(end_, last + 1);
}

Task<std::string> ContentStream::next_stored() {
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(kRead, end_ - at_));
  if (most == 0) co_return std::string();
  MYCOUCH_CO_TRY(std::string piece, co_await reader_->read(at_, most));
  at_ += piece.size();
  co_return piece;
}

Task<std::string> ContentStream::next() {
  if (!decoder_) co_return co_await next_stored();
  std::string piece;
  while (piece.empty() && !decoder_->done()) {
    if (decoded_ == encoded_.size()) {
      MYCOUCH_CO_TRY(encoded_, co_await next_stored());
      decoded_ = 0;
    }
    const bool at_end = encoded_.empty();
    std::string_view left = std::string_view(encoded_).substr(decoded_);
    MYCOUCH_CO_CHECK(decoder_->read(piece, left, kPiece));
    decoded_ = encoded_.size() - left.size();
    if (at_end && piece.empty()) {
      co_return fail(Errc::bad_request, "the content is not gzip");
    }
  }
  co_return piece;
}

}  // namespace mycouch::sync
