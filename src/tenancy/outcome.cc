#include "tenancy/outcome.h"

#include <charconv>
#include <ctime>

#include "http/ascii.h"

namespace mycouch::tenancy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<milliseconds> delta_seconds(std::string_view text) {
  std::uint32_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) count = UINT32_MAX;
  return seconds(count);
}

// IMF-fixdate, the one form that may be sent (RFC 9110, section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<base::WallTime> http_date(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return base::WallTime(seconds(::timegm(&parts)));
}

}  // namespace

Outcome outcome_of(const Result<http::Response>& answer, base::WallTime now) {
  Outcome outcome{.next = Outcome::Next::retry};
  if (!answer) {
    outcome.reason = answer.error().reason;
    outcome.others = Outcome::Others::wait_a_little;
    return outcome;
  }
  if (answer->status >= 200 && answer->status < 300) return {};
  outcome.reason = "status " + std::to_string(answer->status);
  outcome.retry_after = retry_after(answer->headers.find("Retry-After").value_or(""), now);
  if (answer->status == 429 || (answer->status == 503 && outcome.retry_after)) {
    outcome.others = Outcome::Others::wait_as_long;
  } else if (answer->status >= 500) {
    outcome.others = Outcome::Others::wait_a_little;
  }
  return outcome;
}

std::optional<milliseconds> retry_after(std::string_view field, base::WallTime now) {
  field = http::trim(field);
  if (auto seconds_ahead = delta_seconds(field)) return seconds_ahead;
  std::optional<base::WallTime> date = http_date(std::string(field));
  if (!date) return std::nullopt;
  return std::max(*date - now, milliseconds(0));
}

}  // namespace mycouch::tenancy
