// Files that the build has put into the binary, and their answers.
#pragma once

#include <span>
#include <string_view>

#include "http/message.h"

namespace mycouch::app {

struct StaticFile {
  std::string_view path;  // below the folder that the files are served from: "assets/roady.js"
  std::string_view content_type;
  std::string_view etag;   // quoted; changes with the content
  bool immutable = false;  // its path changes with its content
  std::string_view content;
};

/// The one at `path`, to the letter; nothing is resolved, so there is nothing outside to reach.
const StaticFile* find_file(std::span<const StaticFile> files, std::string_view path);

/// The file, or 304 where the client has it already.
http::Response file_response(const StaticFile& file, const http::Request& request);

}  // namespace mycouch::app
