// The wall clock, as a seam for tests, and RFC 3339 times.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mycouch::base {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

/// The machine's clock. It outlives everything.
const Clock& system_clock();

/// "2025-12-10T15:30:00Z": UTC, whole seconds.
std::string to_rfc3339(WallTime time);
/// "2025-12-10T15:30:00.123Z": texts of the same length, which sort as the times do.
std::string to_rfc3339_milliseconds(WallTime time);
/// Any RFC 3339 time; what is finer than a millisecond is cut off. Nothing for another text.
std::optional<WallTime> from_rfc3339(std::string_view text);

}  // namespace mycouch::base
