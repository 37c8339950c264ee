#include "app/import_report.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "json/value.h"
#include "json/writer.h"

namespace mycouch::app {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr std::chrono::milliseconds kBarInterval(200);
constexpr std::chrono::seconds kLineInterval(5);
constexpr std::size_t kExamples = 5;

struct ReasonText {
  std::string_view word;  // in the file
  std::string_view text;
};

constexpr std::array<ReasonText, kLeftOutReasons> kReasons = {{
    {"design_document", "design documents of no tenant, or with code"},
    {"no_tenant", "name no tenant"},
    {"deleted_without_tenant", "deleted, and nothing tells of which tenant they were"},
    {"missing_tenant", "of tenants that do not exist"},
    {"deleted_tenant", "of tenants that are deleted"},
    {"too_large", "too large"},
    {"bad_name", "with an id or an attachment's name that is not allowed"},
    {"refused", "malformed"},
    {"not_given", "not handed out by the source"},
}};

std::string seconds_text(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(time).count();
  return seconds < 120 ? fmt::format("{} s", seconds) : fmt::format("{} min", (seconds + 30) / 60);
}

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string progress_text(std::uint64_t done, std::uint64_t total, std::chrono::milliseconds elapsed) {
  const std::uint64_t percent = total == 0 ? 100 : done * 100 / total;
  std::string text = fmt::format("{} of {} changes, {} %", grouped(done), grouped(total), percent);
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

std::string progress_bar(std::uint64_t done, std::uint64_t total, std::chrono::milliseconds elapsed) {
  const std::size_t filled =
      total == 0 ? kBarWidth : std::min<std::size_t>(kBarWidth, done * kBarWidth / total);
  return fmt::format("[{}{}] {}", std::string(filled, '#'), std::string(kBarWidth - filled, ' '),
                     progress_text(done, total, elapsed));
}

ImportProgress::ImportProgress()
    : on_terminal_(isatty(STDERR_FILENO) == 1), start_(std::chrono::steady_clock::now()) {}

void ImportProgress::show(std::uint64_t done, std::uint64_t total) {
  const Time now = std::chrono::steady_clock::now();
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
  const auto interval = on_terminal_ ? kBarInterval : std::chrono::milliseconds(kLineInterval);
  const bool at_end = done >= total;
  if (!at_end && shown_ != Time() && now - shown_ < interval) return;
  shown_ = now;
  if (on_terminal_) {
    // Carriage return, the bar, and erase what an earlier one has left on the line.
    fmt::print(stderr, "\r{}\x1b[K", progress_bar(done, total, elapsed));
    bar_is_open_ = true;
  } else {
    fmt::print(stderr, "{}\n", progress_text(done, total, elapsed));
  }
  std::fflush(stderr);
}

void ImportProgress::finish() {
  if (std::exchange(bar_is_open_, false)) fmt::print(stderr, "\n");
}

Result<LeftOutReport> LeftOutReport::open(const std::string& path) {
  LeftOutReport report;
  if (path.empty()) return report;
  report.path_ = path;
  report.file_.reset(std::fopen(path.c_str(), "we"));
  if (!report.file_) return fail(Errc::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  return report;
}

void LeftOutReport::add(const LeftOut& left_out) {
  const auto index = static_cast<std::size_t>(std::to_underlying(left_out.reason));
  Reason& reason = reasons_[index];
  ++reason.count;
  if (reason.examples.size() < kExamples) {
    // As JSON: nothing in an id can play with the terminal.
    std::string example = json::quoted(left_out.id);
    if (!left_out.detail.empty()) example += " (" + json::quoted(left_out.detail) + ")";
    reason.examples.push_back(std::move(example));
  }
  if (!file_) return;
  const json::Object line{{"id", left_out.id},
                          {"rev", left_out.rev},
                          {"reason", kReasons[index].word},
                          {"detail", left_out.detail}};
  const std::string text = json::write(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), file_.get());
}

std::uint64_t LeftOutReport::missed() const {
  std::uint64_t count = 0;
  for (const Reason& reason : reasons_) count += reason.count;
  return count - reasons_[static_cast<std::size_t>(std::to_underlying(LeftOutReason::design_document))].count;
}

std::string LeftOutReport::text() const {
  std::string text;
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    const Reason& reason = reasons_[i];
    if (reason.count == 0) continue;
    text += fmt::format("  {:>9} {}: {}{}\n", grouped(reason.count), kReasons[i].text,
                        fmt::join(reason.examples, ", "), reason.count > kExamples ? ", …" : "");
  }
  return text;
}

Result<void> LeftOutReport::close() {
  if (!file_) return {};
  const bool bad = std::ferror(file_.get()) != 0;
  if (std::fclose(file_.release()) != 0 || bad) {
    return fail(Errc::unavailable, fmt::format("{}: not everything could be written", path_));
  }
  return {};
}

}  // namespace mycouch::app
