#include "json/collation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <unicode/ucol.h>
#include <unicode/ustring.h>

namespace mycouch::json {
namespace {

// What a key begins with; 0 is left to end arrays and objects, so that the shorter one comes first.
enum class Tag : char { end = 0, null = 1, no = 2, yes = 3, number = 4, string = 5, array = 6, object = 7 };

void append_tag(std::string& out, Tag tag) {
  out += static_cast<char>(tag);
}

// Its const use is thread-safe. ICU's data is part of the library: to have none is a broken installation.
const UCollator& collator() {
  static const UCollator* const root = [] {
    UErrorCode status = U_ZERO_ERROR;
    UCollator* opened = ucol_open("", &status);
    if (U_FAILURE(status)) throw std::runtime_error(u_errorName(status));
    return opened;
  }();
  return *root;
}

Tag tag_of(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return Tag::null;
    case Kind::boolean:
      return *value.as_bool() ? Tag::yes : Tag::no;
    case Kind::number:
      return Tag::number;
    case Kind::string:
      return Tag::string;
    case Kind::array:
      return Tag::array;
    case Kind::object:
      return Tag::object;
  }
  return Tag::null;
}

// --- Numbers ---
//
// As Erlang has them: a text of digits alone is a whole number of any length, any other one is a double. A
// number's key is its decimal form, d.ddd × 10^exponent. A double below 2^53 is written with the fewest
// digits that name it: that keeps doubles in order among themselves, is exact for whole ones, and lies
// between the same two whole numbers otherwise. From 2^53 on a double is a whole number and is written
// exactly.

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

/// Infinite beyond a double's range.
double double_of(const std::string& text) {
  double d = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), d);
  return error == std::errc::result_out_of_range ? std::strtod(text.c_str(), nullptr) : d;
}

struct Decimal {
  bool negative = false;
  std::int32_t exponent = 0;  // of the first digit
  std::string digits;         // without zeros around them; none for zero
};

constexpr std::int32_t kInfiniteExponent = std::numeric_limits<std::int32_t>::max();

/// `text`: [-]digits[.digits][e[+-]digits], within an int32's range of exponents.
Decimal parse_decimal(std::string_view text) {
  Decimal decimal;
  decimal.negative = text.starts_with('-');
  if (decimal.negative) text.remove_prefix(1);
  std::int32_t exponent = 0;
  if (std::size_t e = text.find('e'); e != std::string_view::npos) {
    std::string_view written = text.substr(e + 1);
    if (written.starts_with('+')) written.remove_prefix(1);
    std::from_chars(written.data(), written.data() + written.size(), exponent);
    text = text.substr(0, e);
  }
  std::size_t point = std::min(text.find('.'), text.size());
  decimal.digits = text.substr(0, point);
  if (point < text.size()) decimal.digits += text.substr(point + 1);
  std::size_t zeros = std::min(decimal.digits.find_first_not_of('0'), decimal.digits.size());
  decimal.exponent = exponent + static_cast<std::int32_t>(point) - 1 - static_cast<std::int32_t>(zeros);
  decimal.digits.erase(0, zeros);
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  if (decimal.digits.empty()) return {};
  return decimal;
}

Decimal decimal_of(const Number& number) {
  if (number.is_integer()) return parse_decimal(number.text);
  double d = double_of(number.text);
  if (std::isinf(d)) return {.negative = d < 0, .exponent = kInfiniteExponent, .digits = "1"};
  return parse_decimal(std::abs(d) < kExactIntegers ? fmt::format("{}", d) : fmt::format("{:.0f}", d));
}

/// One byte for the usual exponents; else one that says on which side of them it lies, and four.
void append_exponent(std::string& out, std::int32_t exponent) {
  constexpr std::int32_t kShort = 100;
  if (std::abs(static_cast<std::int64_t>(exponent)) <= kShort) {
    out += static_cast<char>(0x80 + exponent);
    return;
  }
  out += static_cast<char>(exponent < 0 ? 0x01 : 0xff);
  std::uint32_t shifted = static_cast<std::uint32_t>(exponent) ^ 0x80000000U;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(shifted >> shift);
}

/// Two digits a byte, from 1 to 100, and 0 at the end.
void append_digits(std::string& out, std::string_view digits) {
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    int second = i + 1 < digits.size() ? digits[i + 1] - '0' : 0;
    out += static_cast<char>((digits[i] - '0') * 10 + second + 1);
  }
  out += '\0';
}

void append_number_key(std::string& out, const Number& number) {
  Decimal decimal = decimal_of(number);
  if (decimal.digits.empty()) {
    out += '\1';
    return;
  }
  out += decimal.negative ? '\0' : '\2';
  std::size_t magnitude = out.size();
  append_exponent(out, decimal.exponent);
  append_digits(out, decimal.digits);
  if (!decimal.negative) return;
  for (std::size_t i = magnitude; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
}

std::weak_ordering collate_numbers(const Number& a, const Number& b) {
  double da = double_of(a.text);
  double db = double_of(b.text);
  bool exact = (std::abs(da) < kExactIntegers && std::abs(db) < kExactIntegers) ||
               (!a.is_integer() && !b.is_integer());
  if (exact)
    return da < db   ? std::weak_ordering::less
           : da > db ? std::weak_ordering::greater
                     : std::weak_ordering::equivalent;
  std::string ka;
  std::string kb;
  append_number_key(ka, a);
  append_number_key(kb, b);
  return ka <=> kb;
}

// --- Strings ---

/// ICU's sort key has no zero byte but its last.
void append_string_key(std::string& out, std::string_view text) {
  std::vector<UChar> units(text.size());
  std::int32_t length = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strFromUTF8(units.data(), static_cast<std::int32_t>(units.size()), &length, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status)) throw std::runtime_error(u_errorName(status));
  std::size_t begin = out.size();
  std::size_t room = 3 * text.size() + 16;
  while (true) {
    out.resize(begin + room);
    auto needed = static_cast<std::size_t>(ucol_getSortKey(
        &collator(), units.data(), length, reinterpret_cast<std::uint8_t*>(out.data() + begin),
        static_cast<std::int32_t>(room)));
    if (needed <= room) {
      out.resize(begin + needed);
      return;
    }
    room = needed;
  }
}

// --- Arrays and objects ---

std::weak_ordering collate_arrays(const Array& a, const Array& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (auto order = collate(a[i], b[i]); order != 0) return order;
  }
  return a.size() <=> b.size();
}

std::weak_ordering collate_objects(const Object& a, const Object& b) {
  const auto& as = a.members();
  const auto& bs = b.members();
  for (std::size_t i = 0; i < as.size() && i < bs.size(); ++i) {
    if (auto order = collate_strings(as[i].name, bs[i].name); order != 0) return order;
    if (auto order = collate(as[i].value, bs[i].value); order != 0) return order;
  }
  return as.size() <=> bs.size();
}

void append_object_key(std::string& out, const Object& object) {
  for (const auto& [name, value] : object) {
    append_tag(out, Tag::string);
    append_string_key(out, name);
    append_collation_key(out, value);
  }
  append_tag(out, Tag::end);
}

}  // namespace

std::weak_ordering collate_strings(std::string_view a, std::string_view b) {
  if (a == b) return std::weak_ordering::equivalent;
  UErrorCode status = U_ZERO_ERROR;
  UCollationResult result = ucol_strcollUTF8(&collator(), a.data(), static_cast<std::int32_t>(a.size()),
                                             b.data(), static_cast<std::int32_t>(b.size()), &status);
  if (U_FAILURE(status)) throw std::runtime_error(u_errorName(status));
  return static_cast<int>(result) <=> 0;
}

std::weak_ordering collate(const Value& a, const Value& b) {
  Tag tag = tag_of(a);
  if (auto order = tag <=> tag_of(b); order != 0) return order;
  switch (tag) {
    case Tag::number:
      return collate_numbers(*a.as_number(), *b.as_number());
    case Tag::string:
      return collate_strings(*a.as_string(), *b.as_string());
    case Tag::array:
      return collate_arrays(*a.as_array(), *b.as_array());
    case Tag::object:
      return collate_objects(*a.as_object(), *b.as_object());
    default:
      return std::weak_ordering::equivalent;
  }
}

void append_collation_key(std::string& out, const Value& value) {
  Tag tag = tag_of(value);
  append_tag(out, tag);
  switch (tag) {
    case Tag::number:
      append_number_key(out, *value.as_number());
      break;
    case Tag::string:
      append_string_key(out, *value.as_string());
      break;
    case Tag::array:
      for (const Value& element : *value.as_array()) append_collation_key(out, element);
      append_tag(out, Tag::end);
      break;
    case Tag::object:
      append_object_key(out, *value.as_object());
      break;
    default:
      break;
  }
}

std::string collation_version() {
  UVersionInfo version;
  ucol_getVersion(&collator(), version);
  std::array<char, U_MAX_VERSION_STRING_LENGTH> text{};
  u_versionToString(version, text.data());
  return text.data();
}

}  // namespace mycouch::json
