// The content of one attachment, piece after piece, as it is stored or decoded.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/gzip.h"
#include "base/task.h"
#include "doc/document.h"
#include "store/database.h"

namespace mycouch::sync {

enum class ContentForm : std::uint8_t { stored, decoded };

class ContentStream {
 public:
  static constexpr std::size_t kPiece = std::size_t{64} << 10;

  ContentStream(const doc::Attachment& attachment, std::unique_ptr<store::AttachmentReader> reader,
                ContentForm form);

  /// Starts at `first` and ends behind `last`: before the first piece, of content that is not decoded.
  void restrict_to(std::uint64_t first, std::uint64_t last);

  /// The next piece, of about kPiece bytes; empty at the end. `bad_request` where what is stored as gzip is
  /// none.
  Task<std::string> next();

 private:
  Task<std::string> next_stored();

  std::unique_ptr<store::AttachmentReader> reader_;
  std::uint64_t at_ = 0;
  std::uint64_t end_;
  std::optional<base::GzipDecoder> decoder_;
  std::string encoded_;  // read, and from `decoded_` on not decoded yet
  std::size_t decoded_ = 0;
};

}  // namespace mycouch::sync
