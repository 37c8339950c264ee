#include "http/byte_ranges.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/ascii.h"

namespace mycouch::http {
namespace {

constexpr std::size_t kMostRanges = 9;
constexpr std::string_view kUnit = "bytes=";

// "first-last", "first-" or "-count".
struct AskedRange {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};

// Nothing but digits; a number that does not fit is behind every content's end. An empty text is no number,
// and good.
bool read_number(std::string_view text, std::optional<std::uint64_t>& number) {
  if (text.empty()) return true;
  std::uint64_t value = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    value = std::numeric_limits<std::uint64_t>::max();
  } else if (error != std::errc()) {
    return false;
  }
  if (rest != text.data() + text.size()) return false;
  number = value;
  return true;
}

std::optional<AskedRange> read_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  AskedRange range;
  if (dash == std::string_view::npos || !read_number(text.substr(0, dash), range.first) ||
      !read_number(text.substr(dash + 1), range.last) || (!range.first && !range.last)) {
    return std::nullopt;
  }
  return range;
}

std::unexpected<Error> not_satisfiable() {
  return fail(Errc::range_not_satisfiable, "Requested range not satisfiable");
}

Result<ByteRange> within(const AskedRange& asked, std::uint64_t length) {
  if (!asked.first) {
    if (*asked.last == 0 || length == 0) return not_satisfiable();
    return ByteRange{length - std::min(*asked.last, length), length - 1};
  }
  if (*asked.first >= length || asked.last.value_or(length) < *asked.first) return not_satisfiable();
  return ByteRange{*asked.first, std::min(asked.last.value_or(length), length - 1)};
}

}  // namespace

std::string ByteRange::of(std::uint64_t content_length) const {
  return "bytes " + std::to_string(first) + '-' + std::to_string(last) + '/' + std::to_string(content_length);
}

Result<std::vector<ByteRange>> parse_byte_ranges(std::string_view field, std::uint64_t length) {
  std::vector<ByteRange> ranges;
  if (!field.starts_with(kUnit)) return ranges;
  field.remove_prefix(kUnit.size());
  std::vector<AskedRange> asked;
  while (!field.empty()) {
    std::string_view text = field.substr(0, field.find(','));
    field.remove_prefix(std::min(text.size() + 1, field.size()));
    text = trim(text);
    if (text.empty()) continue;
    std::optional<AskedRange> range = read_range(text);
    if (!range || (range->first == 0 && !range->last)) return ranges;
    if (asked.size() <= kMostRanges) asked.push_back(*range);
  }
  for (const AskedRange& range : asked) {
    MYCOUCH_TRY(ByteRange found, within(range, length));
    ranges.push_back(found);
  }
  if (ranges.size() > kMostRanges) ranges.clear();
  return ranges;
}

}  // namespace mycouch::http
