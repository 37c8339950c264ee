#include "app/progress.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace mycouch::app {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr std::chrono::milliseconds kBarInterval(200);
constexpr std::chrono::seconds kLineInterval(5);

std::string seconds_text(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(time).count();
  return seconds < 120 ? fmt::format("{} s", seconds) : fmt::format("{} min", (seconds + 30) / 60);
}

std::string progress_text(std::uint64_t done, std::uint64_t total, std::string_view unit,
                          std::chrono::milliseconds elapsed) {
  const std::uint64_t percent = total == 0 ? 100 : done * 100 / total;
  std::string text = fmt::format("{} of {} {}, {} %", grouped(done), grouped(total), unit, percent);
  const auto milliseconds = static_cast<std::uint64_t>(elapsed.count());
  if (done == 0 || milliseconds == 0) return text;
  text += fmt::format(", {}/s", grouped(done * 1000 / milliseconds));
  if (done < total) {
    const auto left = std::chrono::milliseconds(milliseconds * (total - done) / done);
    text += fmt::format(", {} left", seconds_text(left));
  }
  return text;
}

}  // namespace

std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string progress_bar(std::uint64_t done, std::uint64_t total, std::string_view unit,
                         std::chrono::milliseconds elapsed) {
  const std::size_t filled =
      total == 0 ? kBarWidth : std::min<std::size_t>(kBarWidth, done * kBarWidth / total);
  return fmt::format("[{}{}] {}", std::string(filled, '#'), std::string(kBarWidth - filled, ' '),
                     progress_text(done, total, unit, elapsed));
}

Progress::Progress(std::string unit)
    : unit_(std::move(unit)),
      on_terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

void Progress::show(std::uint64_t done, std::uint64_t total) {
  const Time now = std::chrono::steady_clock::now();
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
  const auto interval = on_terminal_ ? kBarInterval : std::chrono::milliseconds(kLineInterval);
  const bool is_first = shown_ == Time();
  const bool is_due = done >= total ? done != shown_done_ : now - shown_ >= interval;
  if (!is_first && !is_due) return;
  shown_ = now;
  shown_done_ = done;
  if (on_terminal_) {
    // Carriage return, the bar, and erase what an earlier one has left on the line.
    fmt::print(stderr, "\r{}\x1b[K", progress_bar(done, total, unit_, elapsed));
    bar_is_open_ = true;
  } else {
    fmt::print(stderr, "{}\n", progress_text(done, total, unit_, elapsed));
  }
  std::fflush(stderr);
}

void Progress::finish() {
  if (std::exchange(bar_is_open_, false)) fmt::print(stderr, "\n");
}

}  // namespace mycouch::app
