#include "base/gzip.h"

#include <algorithm>
#include <limits>
#include <new>

#include <zlib.h>

namespace mycouch::base {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;  // the largest window, in gzip's wrapper
constexpr int kMemoryLevel = 8;
constexpr std::size_t kRoom = 16 << 10;

Bytef* input_of(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

uInt at_most_uint(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

GzipEncoder::GzipEncoder(int level) : stream_(std::make_unique<z_stream>()) {
  if (deflateInit2(stream_.get(), level, Z_DEFLATED, kGzip, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipEncoder::~GzipEncoder() {
  deflateEnd(stream_.get());
}

void GzipEncoder::write(std::string& out, std::string_view bytes) {
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, at_most_uint(bytes.size()));
    deflate_into(out, piece, Z_NO_FLUSH);
    bytes.remove_prefix(piece.size());
  }
}

void GzipEncoder::finish(std::string& out) {
  deflate_into(out, {}, Z_FINISH);
}

void GzipEncoder::deflate_into(std::string& out, std::string_view bytes, int flush) {
  stream_->next_in = input_of(bytes);
  stream_->avail_in = static_cast<uInt>(bytes.size());
  // zlib may have more to say exactly when it has filled the room given.
  do {
    std::size_t filled = out.size();
    out.resize_and_overwrite(filled + kRoom, [&](char* text, std::size_t) {
      stream_->next_out = reinterpret_cast<Bytef*>(text + filled);
      stream_->avail_out = static_cast<uInt>(kRoom);
      deflate(stream_.get(), flush);
      return filled + kRoom - stream_->avail_out;
    });
  } while (stream_->avail_out == 0);
}

GzipDecoder::GzipDecoder() : stream_(std::make_unique<z_stream>()) {
  if (inflateInit2(stream_.get(), kGzip) != Z_OK) throw std::bad_alloc();
}

GzipDecoder::~GzipDecoder() {
  inflateEnd(stream_.get());
}

Result<void> GzipDecoder::read(std::string& out, std::string_view& bytes, std::size_t most) {
  if (done_) {
    bytes = {};
    return {};
  }
  const std::size_t filled = out.size();
  const uInt given = at_most_uint(bytes.size());
  int status = Z_OK;
  stream_->next_in = input_of(bytes);
  stream_->avail_in = given;
  out.resize_and_overwrite(filled + most, [&](char* text, std::size_t) {
    stream_->next_out = reinterpret_cast<Bytef*>(text + filled);
    stream_->avail_out = at_most_uint(most);
    status = inflate(stream_.get(), Z_NO_FLUSH);
    return filled + (at_most_uint(most) - stream_->avail_out);
  });
  bytes.remove_prefix(given - stream_->avail_in);
  done_ = status == Z_STREAM_END;
  // Z_BUF_ERROR says no more than that there was nothing to do.
  if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
    return fail(Errc::bad_request, "the content is not gzip");
  }
  return {};
}

}  // namespace mycouch::base
