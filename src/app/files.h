// The few small files that a server keeps beside its data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mycouch::app {

/// The whole file; `unavailable` with the system's reason ("No such file or directory").
Result<std::string> read_file(const std::filesystem::path& path);

/// Replaces the file, which only the owner may read: whole or not at all. `unavailable`.
Result<void> write_private_file(const std::filesystem::path& path, std::string_view content);

/// Without the end of the first line and what follows.
std::string first_line(std::string_view text);

}  // namespace mycouch::app
