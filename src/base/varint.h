// Little-endian base-128 integers, and strings behind their lengths: the pieces of binary records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mycouch::base {

inline void append_varint(std::string& out, std::uint64_t n) {
  while (n >= 0x80) {
    out += static_cast<char>(n | 0x80);
    n >>= 7;
  }
  out += static_cast<char>(n);
}

inline void append_sized(std::string& out, std::string_view bytes) {
  append_varint(out, bytes.size());
  out += bytes;
}

/// Takes pieces off the front of a record; nothing once the bytes run short or a varint is over 64 bits.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::uint64_t> varint() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      constexpr unsigned kLastShift = 63;
      if (shift == kLastShift && byte > 1) return std::nullopt;
      n |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return n;
    }
    return std::nullopt;
  }

  std::optional<std::string_view> take(std::uint64_t count) {
    if (count > bytes_.size()) return std::nullopt;
    std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::optional<std::string_view> sized() {
    std::optional<std::uint64_t> size = varint();
    return size ? take(*size) : std::nullopt;
  }

  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace mycouch::base
