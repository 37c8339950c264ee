// The gzip format (RFC 1952) as streams of bytes that come in pieces, at constant memory.
//
// For content that is kept compressed. Responses that are compressed on their way out have an encoder of
// their own (http/gzip.h), which keeps no state between pieces.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

struct z_stream_s;

namespace mycouch::base {

/// The header names no file and no time: the same bytes give the same stream, however they are cut.
class GzipEncoder {
 public:
  /// From 1, the fastest, to 9, the smallest.
  explicit GzipEncoder(int level);
  ~GzipEncoder();
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  /// Appends what is ready; the rest is kept until more comes.
  void write(std::string& out, std::string_view bytes);
  /// Ends the stream: call once.
  void finish(std::string& out);

 private:
  void deflate_into(std::string& out, std::string_view bytes, int flush);

  std::unique_ptr<z_stream_s> stream_;
};

class GzipDecoder {
 public:
  GzipDecoder();
  ~GzipDecoder();
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  /// Decodes from the front of `bytes`, which is moved on, and appends at most `most` bytes: a small input
  /// may hold a large output. `bad_request` where the input is not gzip. What follows the stream's end is
  /// passed over.
  Result<void> read(std::string& out, std::string_view& bytes, std::size_t most);
  /// The stream's end was seen.
  bool done() const { return done_; }

 private:
  std::unique_ptr<z_stream_s> stream_;
  bool done_ = false;
};

}  // namespace mycouch::base
