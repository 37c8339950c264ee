// How far a command is, for the person at the shell.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace mycouch::app {

/// On a terminal a bar that is drawn anew; elsewhere a line, now and then. To standard error.
class Progress {
 public:
  /// What is counted: "changes".
  explicit Progress(std::string unit);
  void show(std::uint64_t done, std::uint64_t total);
  /// Ends the bar's line.
  void finish();

 private:
  using Time = std::chrono::steady_clock::time_point;

  const std::string unit_;
  const bool on_terminal_;
  const Time start_;
  Time shown_{};
  std::uint64_t shown_done_ = 0;
  bool bar_is_open_ = false;
};

/// "[######              ] 1,200 of 4,000 changes, 30 %, 400/s, 7 s left"
std::string progress_bar(std::uint64_t done, std::uint64_t total, std::string_view unit,
                         std::chrono::milliseconds elapsed);

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t n);

}  // namespace mycouch::app
