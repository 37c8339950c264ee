#include "base/log.h"

#include <algorithm>
#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace mycouch::log {
namespace {

// What `lines` writes to standard error, with the times (which differ) blotted out.
std::string written(Level level, Format format, const std::function<void()>& lines) {
  configure(level, format);
  testing::internal::CaptureStderr();
  lines();
  flush();
  std::string text = testing::internal::GetCapturedStderr();
  constexpr std::string_view kTime = "2025-12-10T15:30:00Z";
  for (std::size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) {
    std::size_t digits = text.find_first_of("0123456789", line);
    text.replace(digits, kTime.size(), "TIME");
  }
  return text;
}

TEST(LogTest, TextLinesHoldTheFieldsInOrder) {
  auto text = written(Level::info, Format::text, [] {
    info("listening", {{"address", "127.0.0.1:5985"}, {"threads", 2}, {"tls", false}});
    warning("slow");
  });
  EXPECT_EQ(text,
            "TIME info    listening address=\"127.0.0.1:5985\" threads=2 tls=false\nTIME warning slow\n");
}

TEST(LogTest, JsonLinesAreObjects) {
  auto text = written(Level::info, Format::json, [] { error("failed", {{"count", 3}, {"share", 0.5}}); });
  EXPECT_EQ(text,
            "{\"time\":\"TIME\",\"level\":\"error\",\"message\":\"failed\",\"count\":3,\"share\":0.5}\n");
}

TEST(LogTest, NothingFromOutsideForgesALine) {
  for (Format format : {Format::text, Format::json}) {
    auto text =
        written(Level::info, format, [] { info("request", {{"path", "/a\"\n2025 info forged\x1b[2J\\"}}); });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_NE(text.find(R"(/a\"\u000a2025 info forged\u001b[2J\\)"), std::string::npos) << text;
  }
}

TEST(LogTest, LinesBelowTheThresholdAreNotWritten) {
  auto text = written(Level::warning, Format::text, [] {
    debug("a");
    info("b");
    error("c");
  });
  EXPECT_EQ(text, "TIME error   c\n");
  EXPECT_FALSE(enabled(Level::info));
  configure(Level::off, Format::text);
  EXPECT_FALSE(enabled(Level::error));
  EXPECT_FALSE(enabled(Level::off));
}

}  // namespace
}  // namespace mycouch::log
