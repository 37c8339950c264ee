// The Range field of a request for bytes (RFC 9110 section 14), as CouchDB understands it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mycouch::http {

struct ByteRange {
  std::uint64_t first;
  std::uint64_t last;  // within the content

  std::uint64_t length() const { return last - first + 1; }
  /// "bytes 0-4/10": the value of a Content-Range.
  std::string of(std::uint64_t content_length) const;
};

/// The ranges of a content of `length` bytes that are asked for. None: the whole is to be sent, as for a
/// field that is malformed, of another unit, or asks for all or for ten ranges or more.
/// `range_not_satisfiable` where one of them begins behind the content's end or ends before it begins.
Result<std::vector<ByteRange>> parse_byte_ranges(std::string_view field, std::uint64_t length);

}  // namespace mycouch::http
