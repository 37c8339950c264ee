#include "doc/revision.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace mycouch::doc {
namespace {

constexpr std::size_t kDigestDigits = 32;
constexpr std::size_t kMaxHashLength = 255;
// Stands for a hash that is no text at all, as in "1-"; no hash has this character.
constexpr std::string_view kEmptyText("\0", 1);
using HexDigits = std::array<char, kDigestDigits>;

// -1 for anything but a lower-case hex digit.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool read_digest(std::string_view text, std::span<std::uint8_t, 16> out) {
  if (text.size() != kDigestDigits) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    int high = hex_value(text[2 * i]);
    int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

HexDigits hex_digits(const std::array<std::uint8_t, 16>& digest) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  HexDigits digits;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digits[2 * i] = kDigits[digest[i] >> 4];
    digits[2 * i + 1] = kDigits[digest[i] & 0xf];
  }
  return digits;
}

// etagc of RFC 9110, section 8.8.3, in ASCII.
bool is_etag_character(char c) {
  return c > 0x20 && c < 0x7f && c != '"';
}

}  // namespace

bool is_rev_hash(std::string_view text) {
  return text.size() <= kMaxHashLength && std::ranges::all_of(text, is_etag_character);
}

RevHash::RevHash(std::string_view text) {
  if (!read_digest(text, bytes_)) {
    bytes_ = {};
    other_ = text.empty() ? kEmptyText : text;
  }
}

std::string_view RevHash::other_text() const {
  return other_ == kEmptyText ? std::string_view() : other_;
}

std::string RevHash::text() const {
  std::string out;
  append_to(out);
  return out;
}

void RevHash::append_to(std::string& out) const {
  if (!is_digest()) {
    out += other_text();
    return;
  }
  HexDigits digits = hex_digits(bytes_);
  out.append(digits.data(), digits.size());
}

std::strong_ordering RevHash::operator<=>(const RevHash& other) const {
  if (is_digest() && other.is_digest()) return bytes_ <=> other.bytes_;  // as their hex digits compare
  HexDigits mine_digits;
  HexDigits other_digits;
  auto as_view = [](const RevHash& hash, HexDigits& digits) -> std::string_view {
    if (!hash.is_digest()) return hash.other_text();
    digits = hex_digits(hash.bytes_);
    return {digits.data(), digits.size()};
  };
  return as_view(*this, mine_digits) <=> as_view(other, other_digits);
}

std::string Revision::text() const {
  std::string out;
  append_to(out);
  return out;
}

void Revision::append_to(std::string& out) const {
  std::array<char, 10> digits;
  char* end = std::to_chars(digits.data(), digits.data() + digits.size(), generation).ptr;
  out.append(digits.data(), end);
  out += '-';
  hash.append_to(out);
}

Result<Revision> parse_revision(std::string_view text) {
  std::uint32_t generation = 0;
  const char* end = text.data() + text.size();
  auto [dash, error] = std::from_chars(text.data(), end, generation);
  if (error != std::errc{} || generation == 0 || dash == end || *dash != '-') {
    return fail(Errc::bad_request, "Invalid rev format");
  }
  std::string_view hash(dash + 1, end);
  if (!is_rev_hash(hash)) return fail(Errc::bad_request, "Invalid rev format");
  return Revision{generation, RevHash(hash)};
}

}  // namespace mycouch::doc
