#include "base/clock.h"

#include <algorithm>
#include <charconv>

#include <fmt/chrono.h>

namespace mycouch::base {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

// Takes pieces off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool take(char c) {
    const bool there = text_.starts_with(c);
    if (there) text_.remove_prefix(1);
    return there;
  }
  // A number of exactly so many digits.
  std::optional<int> number(std::size_t digits) {
    if (leading_digits() < digits) return std::nullopt;
    int value = 0;
    std::from_chars(text_.data(), text_.data() + digits, value);
    text_.remove_prefix(digits);
    return value;
  }
  // Digits behind a point, as milliseconds.
  std::optional<int> fraction() {
    constexpr std::size_t kKept = 3;
    const std::size_t count = leading_digits();
    if (count == 0) return std::nullopt;
    std::string kept(text_.substr(0, std::min(count, kKept)));
    kept.resize(kKept, '0');
    text_.remove_prefix(count);
    return Scanner(kept).number(kKept);
  }

 private:
  std::size_t leading_digits() const { return std::min(text_.find_first_not_of("0123456789"), text_.size()); }

  std::string_view text_;
};

// "Z", "+01:00", "-05:30".
std::optional<std::chrono::minutes> take_offset(Scanner& text) {
  if (text.take('Z') || text.take('z')) return std::chrono::minutes(0);
  const bool ahead = text.take('+');
  if (!ahead && !text.take('-')) return std::nullopt;
  const auto hours = text.number(2);
  if (!hours || !text.take(':')) return std::nullopt;
  const auto minutes = text.number(2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return ahead ? offset : -offset;
}

std::optional<std::chrono::sys_days> take_date(Scanner& text) {
  const auto year = text.number(4);
  if (!year || !text.take('-')) return std::nullopt;
  const auto month = text.number(2);
  if (!month || !text.take('-')) return std::nullopt;
  const auto day = text.number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional<std::chrono::sys_days>(date) : std::nullopt;
}

std::optional<std::chrono::milliseconds> take_time_of_day(Scanner& text) {
  const auto hours = text.number(2);
  if (!hours || !text.take(':')) return std::nullopt;
  const auto minutes = text.number(2);
  if (!minutes || !text.take(':')) return std::nullopt;
  const auto seconds = text.number(2);
  if (!seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;  // 60: a leap second
  const std::optional<int> fraction = text.take('.') ? text.fraction() : 0;
  if (!fraction) return std::nullopt;
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds) +
         std::chrono::milliseconds(*fraction);
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string to_rfc3339(WallTime time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::string to_rfc3339_milliseconds(WallTime time) {
  std::string text = to_rfc3339(time);
  text.pop_back();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return text + fmt::format(".{:03}Z", (time - seconds).count());
}

std::optional<WallTime> from_rfc3339(std::string_view text) {
  Scanner scanner(text);
  const auto date = take_date(scanner);
  if (!date || !(scanner.take('T') || scanner.take('t') || scanner.take(' '))) return std::nullopt;
  const auto time = take_time_of_day(scanner);
  if (!time) return std::nullopt;
  const auto offset = take_offset(scanner);
  if (!offset || !scanner.at_end()) return std::nullopt;
  return *date + *time - *offset;
}

}  // namespace mycouch::base
