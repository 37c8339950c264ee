#include "store/couch/contents.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "http/multipart.h"

namespace mycouch::store::couch {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::chrono::seconds kReadTimeout{60};

std::unexpected<Error> file_trouble(std::string_view what) {
  return fail(Errc::unavailable,
              "the attachment cannot be " + std::string(what) + ": " + std::system_category().message(errno));
}

class ContentWriter final : public AttachmentWriter {
 public:
  ContentWriter(base::Pool& pool, std::string spool_directory, NewContent about)
      : pool_(pool),
        spool_directory_(std::move(spool_directory)),
        about_(std::move(about)),
        content_(std::make_shared<NewStoredContent>()) {}

  Task<void> write(std::string piece) override {
    waiting_ += piece;
    if (waiting_.size() < kPiece) co_return Result<void>();
    co_return co_await pool_.run([this] { return absorb(); });
  }

  Task<std::shared_ptr<const doc::StoredContent>> finish() override {
    MYCOUCH_CO_CHECK(co_await pool_.run([this] { return absorb(); }));
    content_->received_digest = digest_.finish();
    content_->digest = content_->received_digest;
    content_->stored_length = received_;
    content_->length = about_.decoded_length.value_or(received_);
    content_->encoding = about_.encoding;
    co_return std::move(content_);
  }

 private:
  Result<void> absorb() {
    digest_.update(waiting_);
    received_ += waiting_.size();
    MYCOUCH_CHECK(content_->append(waiting_, spool_directory_, about_.kept_in_memory));
    waiting_.clear();
    return {};
  }

  base::Pool& pool_;
  std::string spool_directory_;
  NewContent about_;
  std::shared_ptr<NewStoredContent> content_;
  base::Md5Stream digest_;
  std::string waiting_;
  std::uint64_t received_ = 0;
};

class ContentReader final : public AttachmentReader {
 public:
  ContentReader(http::Upstream& upstream, std::string target, const doc::Attachment& about)
      : upstream_(upstream),
        target_(std::move(target)),
        encoded_(about.encoding == doc::Encoding::gzip),
        length_(about.stored_length) {}

  Task<std::string> read(std::uint64_t offset, std::size_t most) override {
    if (offset >= length_) co_return std::string();
    // What is near comes sooner with the answer that is there than with another one.
    const bool is_near = content_ && offset >= at_ && offset - at_ <= kPiece;
    if (!is_near && (!content_ || offset < at_ || !encoded_)) MYCOUCH_CO_CHECK(co_await open(offset));
    while (at_ < offset) MYCOUCH_CO_CHECK(co_await next(std::min<std::uint64_t>(kPiece, offset - at_)));
    const std::uint64_t wanted = std::min<std::uint64_t>(most, length_ - offset);
    std::string bytes;
    while (bytes.size() < wanted) {
      MYCOUCH_CO_TRY(const std::string piece, co_await next(wanted - bytes.size()));
      bytes += piece;
    }
    co_return bytes;
  }

  // An encoded content comes whole: CouchDB takes ranges of the others only.
  Task<void> open(std::uint64_t offset) {
    http::UpstreamRequest request{.target = target_};
    request.headers.add("Accept-Encoding", encoded_ ? "gzip" : "identity");
    if (offset > 0 && !encoded_) request.headers.add("Range", "bytes=" + std::to_string(offset) + "-");
    MYCOUCH_CO_TRY(content_, co_await upstream_.open(std::move(request)));
    const http::Response& head = content_->head();
    if (head.status == 404) co_return fail(Errc::not_found, "missing");
    const bool gzip = head.headers.find("Content-Encoding").value_or("") == "gzip";
    if ((head.status != 200 && head.status != 206) || gzip != encoded_) {
      content_.reset();
      co_return fail(Errc::unavailable, "the store does not give the attachment's content");
    }
    at_ = head.status == 206 ? offset : 0;
    co_return Result<void>();
  }

 private:
  Task<std::string> next(std::size_t most) {
    MYCOUCH_CO_TRY(std::string piece, co_await content_->read(most, kReadTimeout));
    if (piece.empty()) co_return fail(Errc::unavailable, "the attachment's content ends early");
    at_ += piece.size();
    co_return piece;
  }

  http::Upstream& upstream_;
  std::string target_;
  bool encoded_;
  std::uint64_t length_;
  std::unique_ptr<http::UpstreamContent> content_;
  std::uint64_t at_ = 0;
};

// A piece of a body: text, or the content of an attachment.
struct Part {
  std::string text{};
  const doc::IncomingAttachment* attachment = nullptr;

  std::uint64_t size() const {
    if (attachment == nullptr) return text.size();
    return attachment->stored ? attachment->stored->stored_length : attachment->data->size();
  }
};

struct Parts {
  std::shared_ptr<const doc::Edit> edit;  // whose attachments the parts are
  std::vector<Part> parts;

  std::uint64_t size() const {
    std::uint64_t bytes = 0;
    for (const Part& part : parts) bytes += part.size();
    return bytes;
  }

  // Some of what stands at `offset`.
  Result<std::string> read(std::uint64_t offset) const {
    for (const Part& part : parts) {
      if (offset >= part.size()) {
        offset -= part.size();
        continue;
      }
      if (part.attachment == nullptr) return part.text.substr(offset);
      if (!part.attachment->stored) return part.attachment->data->substr(offset, kPiece);
      return static_cast<const NewStoredContent&>(*part.attachment->stored).read(offset, kPiece);
    }
    return std::string();
  }
};

}  // namespace

NewStoredContent::~NewStoredContent() {
  if (file_ >= 0) ::close(file_);
}

Result<std::string> NewStoredContent::read(std::uint64_t offset, std::size_t most) const {
  if (file_ < 0) return offset < bytes_.size() ? bytes_.substr(offset, most) : "";
  std::string piece(most, '\0');
  const ssize_t count = ::pread(file_, piece.data(), piece.size(), static_cast<off_t>(offset));
  if (count < 0) return file_trouble("read");
  piece.resize(static_cast<std::size_t>(count));
  return piece;
}

Result<void> NewStoredContent::append(std::string_view piece, const std::string& spool_directory,
                                      std::size_t kept_in_memory) {
  if (file_ < 0 && bytes_.size() + piece.size() <= kept_in_memory) {
    bytes_ += piece;
    return {};
  }
  if (file_ < 0) {
    MYCOUCH_CHECK(open_file(spool_directory));
    MYCOUCH_CHECK(write_file(std::exchange(bytes_, {})));
  }
  return write_file(piece);
}

Result<void> NewStoredContent::open_file(const std::string& spool_directory) {
  file_ = ::open(spool_directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file_ >= 0) return {};
  // A file system that has no files without a name.
  std::string path = spool_directory + "/attachment-XXXXXX";
  file_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (file_ < 0) return file_trouble("taken in");
  ::unlink(path.c_str());
  return {};
}

Result<void> NewStoredContent::write_file(std::string_view piece) {
  while (!piece.empty()) {
    const ssize_t count = ::write(file_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_trouble("taken in");
    piece.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

std::unique_ptr<AttachmentWriter> make_content_writer(base::Pool& pool, std::string spool_directory,
                                                      NewContent about) {
  return std::make_unique<ContentWriter>(pool, std::move(spool_directory), std::move(about));
}

Task<std::unique_ptr<AttachmentReader>> open_content_reader(http::Upstream& upstream, std::string target,
                                                            doc::Attachment about) {
  auto reader = std::make_unique<ContentReader>(upstream, std::move(target), about);
  MYCOUCH_CO_CHECK(co_await reader->open(0));
  co_return reader;
}

RelatedBody related_body(base::Pool& pool, std::string json, std::shared_ptr<const doc::Edit> edit) {
  const std::string boundary = http::random_boundary();
  http::MultipartWriter writer(boundary);
  auto parts = std::make_shared<Parts>();
  http::Headers json_head;
  json_head.add("Content-Type", "application/json");
  std::string text = writer.begin_part(json_head) + std::move(json);
  for (const doc::IncomingAttachment& attachment : edit->attachments) {
    if (!attachment.data && !attachment.stored) continue;
    http::Headers head;
    head.add("Content-Disposition", "attachment; filename=" + http::quoted_string(attachment.name));
    parts->parts.push_back({.text = std::exchange(text, {}) + writer.begin_part(head)});
    parts->parts.push_back({.attachment = &attachment});
  }
  parts->parts.push_back({.text = text + writer.end()});
  parts->edit = std::move(edit);
  const std::uint64_t length = parts->size();
  return {.content_type = "multipart/related; boundary=" + http::quoted_string(boundary),
          .source = {.length = length, .read = [&pool, parts](std::uint64_t offset) -> Task<std::string> {
                       co_return co_await pool.run([parts, offset] { return parts->read(offset); });
                     }}};
}

}  // namespace mycouch::store::couch
