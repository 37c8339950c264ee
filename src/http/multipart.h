// Multipart bodies (RFC 2046 section 5.1) as they come and go in pieces: no socket, and constant memory
// whatever a part's size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace mycouch::http {

/// A parameter of a field's value, as in `form-data; name="x"`: unquoted, its backslashes resolved. The name
/// compares without case.
std::optional<std::string> field_parameter(std::string_view value, std::string_view name);

/// The boundary of a Content-Type; nothing where it has none that can be one: 1 to 200 characters.
std::optional<std::string> multipart_boundary(std::string_view content_type);

/// Takes a body apart. Bytes are fed in; `next` tells what they hold, event after event.
class MultipartReader {
 public:
  static constexpr std::size_t kMaxPartHead = 16 << 10;

  enum class Event : std::uint8_t {
    need_more,   // feed, then ask again
    part_begin,  // `headers` are the part's
    data,        // `data` is the next piece of its content
    part_end,
    end  // the closing boundary was seen; what follows it does not matter
  };

  /// `boundary` as multipart_boundary() gives it.
  explicit MultipartReader(std::string_view boundary);

  void feed(std::string_view bytes);
  /// `bad_request` where a part's head is malformed or larger than kMaxPartHead, or a boundary's line goes
  /// on. After an error the reader is of no use.
  Result<Event> next();

  const Headers& headers() const { return headers_; }
  /// Until the next call of `feed` or `next`.
  std::string_view data() const { return data_; }

 private:
  enum class State : std::uint8_t { preamble, after_boundary, head, content, ended };

  std::string_view left() const { return std::string_view(buffer_).substr(at_); }
  Event skip_preamble();
  Result<Event> read_boundary_end();
  Result<Event> read_head();
  Event read_content();
  Result<void> parse_head(std::string_view head);

  std::string delimiter_;  // CRLF, two dashes, the boundary
  std::string buffer_;
  std::size_t at_ = 0;  // what is before was dealt with
  State state_ = State::preamble;
  Headers headers_;
  std::string_view data_;
};

/// Puts a body together, but for the parts' contents, which their owner sends between what this gives.
class MultipartWriter {
 public:
  explicit MultipartWriter(std::string boundary) : boundary_(std::move(boundary)) {}

  const std::string& boundary() const { return boundary_; }
  /// Ends the part before, where there is one. Line breaks in the fields become spaces.
  std::string begin_part(const Headers& headers);
  std::string end();

 private:
  std::string boundary_;
  bool begun_ = false;
};

/// A boundary that no content can be expected to hold: 32 random hex digits.
std::string random_boundary();

/// `text` as a quoted-string; control characters become spaces.
std::string quoted_string(std::string_view text);

}  // namespace mycouch::http
