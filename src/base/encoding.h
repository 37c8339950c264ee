// Text encodings of bytes: hex, base64 (RFC 4648 section 4), base64url (section 5) and percent-encoding (RFC
// 3986).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mycouch::base {

/// Lower-case.
std::string to_hex(std::string_view bytes);
/// Accepts either case; nothing for an odd length or another character.
std::optional<std::string> from_hex(std::string_view hex);

std::string to_base64(std::string_view bytes);
/// Strict: padded, canonical (unused bits are zero), nothing else in the text.
std::optional<std::string> from_base64(std::string_view text);

/// Without padding, as in RFC 7515.
std::string to_base64url(std::string_view bytes);
/// Strict: no padding, canonical, only the URL-safe alphabet.
std::optional<std::string> from_base64url(std::string_view text);

/// Everything but RFC 3986's unreserved characters becomes %XX.
std::string percent_encode(std::string_view bytes);
/// %XX is decoded; with `plus_is_space`, as in a query string, '+' is a space. Nothing for a malformed
/// escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

}  // namespace mycouch::base
