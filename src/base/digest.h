// Message digests, over OpenSSL. All results are raw bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mycouch::base {

using Md5 = std::array<std::uint8_t, 16>;
using Sha256 = std::array<std::uint8_t, 32>;

/// For attachments' digests, which CouchDB's protocol defines as MD5; never for security.
Md5 md5(std::string_view bytes);
Sha256 sha256(std::string_view bytes);
/// RFC 2104; a key of any length.
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

/// A digest over text that arrives in pieces.
class Md5Stream {
 public:
  Md5Stream();
  ~Md5Stream();
  Md5Stream(const Md5Stream&) = delete;
  Md5Stream& operator=(const Md5Stream&) = delete;

  void update(std::string_view bytes);
  /// Ends the stream: call once.
  Md5 finish();

 private:
  void* context_;
};

/// The same, of SHA-256.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void update(std::string_view bytes);
  /// Ends the stream: call once.
  Sha256 finish();

 private:
  void* context_;
};

/// Takes the same time wherever two strings of one length differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

template <std::size_t N>
std::string_view as_text(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), N};
}

}  // namespace mycouch::base
