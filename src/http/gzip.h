// Responses in gzip: whether a client and a type of content ask for it, and the encoder.
//
// Waiting feeds are many, and a zlib state is 256 KB. So a stream keeps none: each piece is compressed by the
// thread's one Deflater into blocks of its own that end on a byte boundary, and the stream remembers only the
// checksum and the length that end it (RFC 1951 section 3.2.3, RFC 1952 section 2.3). What each piece holds
// can be decoded as soon as it arrives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace mycouch::http {

/// By the Accept-Encoding field's value, q-values and "*" included (RFC 9110 section 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

/// Text, JSON, JavaScript, XML and their kin.
bool is_compressible(std::string_view content_type);

/// One thread's compressor. Its memory is taken at the first use.
class Deflater {
 public:
  Deflater();
  ~Deflater();

  /// Appends `piece` as complete blocks, none of them the last of a stream.
  void append(std::string& out, std::string_view piece);

 private:
  std::unique_ptr<z_stream_s> stream_;
};

/// One response's gzip stream. The deflater outlives it.
class GzipStream {
 public:
  explicit GzipStream(Deflater& deflater) : deflater_(deflater) {}

  void write(std::string& out, std::string_view piece);
  void finish(std::string& out);

 private:
  void append_header_once(std::string& out);

  Deflater& deflater_;
  bool begun_ = false;
  std::uint32_t checksum_ = 0;
  std::uint32_t length_ = 0;  // modulo 2^32, as the format has it
};

}  // namespace mycouch::http
