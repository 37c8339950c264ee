// What an import tells the person at the shell: how far it is, what it has left out and why.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/importer.h"
#include "base/error.h"

namespace mycouch::app {

/// On a terminal a bar that is drawn anew; elsewhere a line, now and then. To standard error.
class ImportProgress {
 public:
  ImportProgress();
  void show(std::uint64_t done, std::uint64_t total);
  /// Ends the bar's line.
  void finish();

 private:
  using Time = std::chrono::steady_clock::time_point;

  const bool on_terminal_;
  const Time start_;
  Time shown_{};
  bool bar_is_open_ = false;
};

/// "[######              ] 1,200 of 4,000 changes, 30 %, 400/s, 7 s left"
std::string progress_bar(std::uint64_t done, std::uint64_t total, std::chrono::milliseconds elapsed);

/// Counts what is left out, keeps a few examples of each reason, and writes all of it to a file where there
/// is one.
class LeftOutReport {
 public:
  /// `unavailable` where the file cannot be made. An empty path: no file.
  static Result<LeftOutReport> open(const std::string& path);

  void add(const LeftOut& left_out);
  /// Of which an application's user could miss something: all but design documents.
  std::uint64_t missed() const;
  /// One line for each reason; empty where nothing was left out.
  std::string text() const;
  /// `unavailable` where not all could be written to the file.
  Result<void> close();

 private:
  struct Reason {
    std::uint64_t count = 0;
    std::vector<std::string> examples;
  };
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::array<Reason, kLeftOutReasons> reasons_;
};

}  // namespace mycouch::app
