#include "store/rocks/contents.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/gzip.h"
#include "base/random.h"
#include "store/rocks/families.h"
#include "store/rocks/keys.h"
#include "store/rocks/sweep.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::size_t kChunk = AttachmentRecord::kChunk;
constexpr int kCompressionLevel = 8;  // CouchDB's
// What is digested, encoded and written at once.
constexpr std::size_t kPiece = 4 * kChunk;
// So much is encoded and digested where the caller is: a change of threads costs as much.
constexpr std::size_t kInPlace = 4 << 10;

base::Md5 random_name() {
  base::Md5 name;
  std::string bytes = base::random_bytes(name.size());
  std::memcpy(name.data(), bytes.data(), name.size());
  return name;
}

bool is_encoded_here(doc::Encoding encoding, std::string_view content_type) {
  return encoding == doc::Encoding::identity && doc::is_compressible(content_type);
}

class ContentWriter final : public AttachmentWriter {
 public:
  ContentWriter(std::shared_ptr<EngineCore> core, std::string prefix, NewContent about)
      : core_(std::move(core)), about_(std::move(about)), content_(std::make_shared<TakenContent>()) {
    content_->core = core_;
    content_->prefix = std::move(prefix);
    if (is_encoded_here(about_.encoding, about_.content_type)) encoder_.emplace(kCompressionLevel);
  }

  Task<void> write(std::string piece) override {
    if (waiting_.empty()) {
      waiting_ = std::move(piece);
    } else {
      waiting_ += piece;
    }
    if (waiting_.size() < kPiece) co_return Result<void>();
    co_return co_await core_->pool.run([this] { return absorb(); });
  }

  Task<std::shared_ptr<const doc::StoredContent>> finish() override {
    if (!content_->in_rows && waiting_.size() + stored_.size() <= kInPlace) co_return complete();
    co_return co_await core_->pool.run([this] { return complete(); });
  }

 private:
  Result<void> absorb() {
    received_digest_.update(waiting_);
    received_ += waiting_.size();
    if (encoder_) {
      encode([this](std::string& out) { encoder_->write(out, waiting_); });
    } else {
      stored_ += waiting_;
    }
    waiting_.clear();
    if (!content_->in_rows && stored_.size() <= about_.kept_in_memory) return {};
    return put_chunks(kChunk);
  }

  template <class Encode>
  void encode(Encode write) {
    const std::size_t before = stored_.size();
    write(stored_);
    stored_digest_.update(std::string_view(stored_).substr(before));
  }

  // All that are of so many bytes at least.
  Result<void> put_chunks(std::size_t least) {
    rocksdb::WriteBatch batch;
    if (!std::exchange(content_->in_rows, true)) {
      content_->name = random_name();
      batch.Put(families().catalogue, pending_key(content_->name), content_->prefix);
    }
    std::string_view left = stored_;
    while (left.size() >= least) {
      std::string_view chunk = left.substr(0, kChunk);
      batch.Put(families().attachments, attachment_key(content_->prefix, content_->name, ++chunks_),
                slice(chunk));
      left.remove_prefix(chunk.size());
    }
    // The commit that names the rows syncs them with it.
    rocksdb::Status status = core_->opened->write(rocksdb::WriteOptions(), batch);
    if (!status.ok()) return std::unexpected(translated(status));
    const std::size_t put = stored_.size() - left.size();
    stored_before_ += put;
    stored_.erase(0, put);
    return {};
  }

  Result<std::shared_ptr<const doc::StoredContent>> complete() {
    MYCOUCH_CHECK(absorb());
    if (encoder_) encode([this](std::string& out) { encoder_->finish(out); });
    content_->stored_length = stored_before_ + stored_.size();
    if (content_->in_rows) {
      MYCOUCH_CHECK(put_chunks(1));
    } else {
      content_->bytes = std::move(stored_);
    }
    content_->received_digest = received_digest_.finish();
    content_->digest = encoder_ ? stored_digest_.finish() : content_->received_digest;
    content_->length = about_.decoded_length.value_or(received_);
    content_->encoding = encoder_ ? doc::Encoding::gzip : about_.encoding;
    return std::move(content_);
  }

  const Families& families() const { return core_->opened->families(); }

  std::shared_ptr<EngineCore> core_;
  NewContent about_;
  std::shared_ptr<TakenContent> content_;
  std::optional<base::GzipEncoder> encoder_;
  base::Md5Stream received_digest_;
  base::Md5Stream stored_digest_;  // with an encoder
  std::string waiting_;            // as it came
  std::string stored_;             // what is stored, but for what is in rows
  std::uint64_t received_ = 0;
  std::uint64_t stored_before_ = 0;  // what is in rows
  std::uint32_t chunks_ = 0;
};

class ContentReader final : public AttachmentReader {
 public:
  ContentReader(std::shared_ptr<EngineCore> core, std::shared_ptr<HeldSnapshot> snapshot,
                std::string_view prefix, const base::Md5& name, std::uint64_t length)
      : core_(std::move(core)),
        snapshot_(std::move(snapshot)),
        prefix_(prefix),
        name_(name),
        length_(length) {}

  Task<std::string> read(std::uint64_t offset, std::size_t most) override {
    if (offset >= length_) co_return std::string();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, length_ - offset));
    if (length_ <= kChunk) {
      MYCOUCH_CO_TRY(auto bytes, read_rows(offset, size, rocksdb::kBlockCacheTier));
      if (bytes) co_return *std::move(bytes);
    }
    MYCOUCH_CO_TRY(auto bytes, co_await core_->pool.run([this, offset, size] {
      return read_rows(offset, size, rocksdb::kReadAllTier);
    }));
    if (!bytes) co_return std::unexpected(corrupt("attachment content"));
    co_return *std::move(bytes);
  }

 private:
  // Nothing where the rows are not in memory, and the tier is.
  Result<std::optional<std::string>> read_rows(std::uint64_t offset, std::size_t size,
                                               rocksdb::ReadTier tier) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_->get();
    options.read_tier = tier;
    options.fill_cache = length_ <= kChunk;  // a large content would drive out everything else
    std::string bytes;
    bytes.reserve(size);
    while (bytes.size() < size) {
      const std::uint64_t at = offset + bytes.size();
      rocksdb::PinnableSlice row;
      rocksdb::Status status = core_->opened->db().Get(
          options, core_->opened->families().attachments,
          attachment_key(prefix_, name_, static_cast<std::uint32_t>(at / kChunk) + 1), &row);
      if (status.IsIncomplete()) return std::nullopt;
      if (status.IsNotFound()) return std::unexpected(corrupt("attachment content"));
      if (!status.ok()) return std::unexpected(translated(status));
      std::string_view piece = view(row).substr(std::min<std::size_t>(at % kChunk, row.size()));
      if (piece.empty()) return std::unexpected(corrupt("attachment content"));
      bytes += piece.substr(0, size - bytes.size());
    }
    return bytes;
  }

  std::shared_ptr<EngineCore> core_;
  std::shared_ptr<HeldSnapshot> snapshot_;
  std::string prefix_;
  base::Md5 name_;
  std::uint64_t length_;
};

}  // namespace

TakenContent::~TakenContent() {
  if (!in_rows || handed_over) return;
  core->in_background([prefix = std::move(prefix), name = name](EngineCore& engine) {
    remove_pending(engine, prefix, name);
  });
}

std::shared_ptr<const TakenContent> take_inline(std::string_view data, const std::string& content_type) {
  auto content = std::make_shared<TakenContent>();
  content->length = data.size();
  content->received_digest = base::md5(data);
  if (is_encoded_here(doc::Encoding::identity, content_type)) {
    base::GzipEncoder encoder(kCompressionLevel);
    encoder.write(content->bytes, data);
    encoder.finish(content->bytes);
    content->encoding = doc::Encoding::gzip;
    content->digest = base::md5(content->bytes);
  } else {
    content->bytes = data;
    content->digest = content->received_digest;
  }
  content->stored_length = content->bytes.size();
  return content;
}

std::unique_ptr<AttachmentWriter> make_content_writer(std::shared_ptr<EngineCore> core, std::string prefix,
                                                      NewContent about) {
  return std::make_unique<ContentWriter>(std::move(core), std::move(prefix), std::move(about));
}

std::unique_ptr<AttachmentReader> make_content_reader(std::shared_ptr<EngineCore> core,
                                                      std::shared_ptr<HeldSnapshot> snapshot,
                                                      std::string_view prefix, const base::Md5& name,
                                                      std::uint64_t length) {
  return std::make_unique<ContentReader>(std::move(core), std::move(snapshot), prefix, name, length);
}

void remove_pending(EngineCore& core, std::string_view prefix, const base::Md5& name) {
  if (!sweep_rows(core, core.opened->families().attachments, content_prefix(prefix, name))) return;
  rocksdb::WriteBatch batch;
  batch.Delete(core.opened->families().catalogue, pending_key(name));
  core.opened->write(rocksdb::WriteOptions(), batch).PermitUncheckedError();
}

}  // namespace mycouch::store::rocks
