// What an import tells the person at the shell of what it has left out, and why.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/importer.h"
#include "base/error.h"

namespace mycouch::app {

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
