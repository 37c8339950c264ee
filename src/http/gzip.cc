#include "http/gzip.h"

#include <algorithm>
#include <charconv>
#include <new>

#include <zlib.h>

#include "http/ascii.h"

namespace mycouch::http {
namespace {

// Below this a stored block is as short as a compressed one, and costs nothing: heartbeats, above all.
constexpr std::size_t kStored = 32;
constexpr int kRawDeflate = -15;  // the largest window, no header of zlib's
constexpr int kMemoryLevel = 8;

std::string_view next_in_list(std::string_view& list, char separator) {
  std::string_view item = list.substr(0, list.find(separator));
  list.remove_prefix(std::min(item.size() + 1, list.size()));
  return trim(item);
}

// Whether the parameters of one coding have a q above zero; an unreadable one counts as refused.
bool weight_is_positive(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = next_in_list(parameters, ';');
    if (parameter.size() < 2 || !equal_ignoring_case(parameter.substr(0, 2), "q=")) continue;
    double weight = 0;
    std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
    return weight > 0;
  }
  return true;
}

void append_little_endian(std::string& out, std::uint32_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}

void append_stored_block(std::string& out, std::string_view piece) {
  auto length = static_cast<std::uint32_t>(piece.size());
  out += '\0';  // not the last block, stored, padded to the byte boundary
  append_little_endian(out, length, 2);
  append_little_endian(out, ~length, 2);
  out += piece;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = next_in_list(accept_encoding, ',');
    std::string_view coding = next_in_list(parameters, ';');
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
      return weight_is_positive(parameters);
    }
    if (coding == "*") any = weight_is_positive(parameters);
  }
  return any;
}

bool is_compressible(std::string_view content_type) {
  std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  auto ends_with = [type](std::string_view end) {
    return type.size() >= end.size() && equal_ignoring_case(type.substr(type.size() - end.size()), end);
  };
  return equal_ignoring_case(type.substr(0, 5), "text/") || ends_with("/json") || ends_with("+json") ||
         ends_with("/javascript") || ends_with("/x-javascript") || ends_with("/xml") || ends_with("+xml") ||
         ends_with("/x-ndjson");
}

Deflater::Deflater() = default;

Deflater::~Deflater() {
  if (stream_) deflateEnd(stream_.get());
}

void Deflater::append(std::string& out, std::string_view piece) {
  if (!stream_) {
    auto stream = std::make_unique<z_stream>();
    if (deflateInit2(stream.get(), Z_BEST_SPEED, Z_DEFLATED, kRawDeflate, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
    stream_ = std::move(stream);
  } else {
    deflateReset(stream_.get());
  }
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream_->avail_in = static_cast<uInt>(piece.size());
  // zlib may have more to say exactly when it has filled the room given.
  do {
    std::size_t filled = out.size();
    std::size_t room = stream_->avail_in / 4 + 1024;
    out.resize_and_overwrite(filled + room, [&](char* text, std::size_t) {
      stream_->next_out = reinterpret_cast<Bytef*>(text + filled);
      stream_->avail_out = static_cast<uInt>(room);
      deflate(stream_.get(), Z_SYNC_FLUSH);
      return filled + room - stream_->avail_out;
    });
  } while (stream_->avail_out == 0);
}

void GzipStream::append_header_once(std::string& out) {
  if (begun_) return;
  begun_ = true;
  // Magic, deflate, no flags, no time, fastest, Unix.
  out.append("\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03", 10);
}

void GzipStream::write(std::string& out, std::string_view piece) {
  append_header_once(out);
  checksum_ = static_cast<std::uint32_t>(
      crc32_z(checksum_, reinterpret_cast<const Bytef*>(piece.data()), piece.size()));
  length_ += static_cast<std::uint32_t>(piece.size());
  if (piece.size() < kStored) {
    append_stored_block(out, piece);
  } else {
    deflater_.append(out, piece);
  }
}

void GzipStream::finish(std::string& out) {
  append_header_once(out);
  out.append("\x03\x00", 2);  // an empty last block
  append_little_endian(out, checksum_, 4);
  append_little_endian(out, length_, 4);
}

}  // namespace mycouch::http
