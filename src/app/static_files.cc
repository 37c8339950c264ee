#include "app/static_files.h"

#include <algorithm>
#include <string>

namespace mycouch::app {

const StaticFile* find_file(std::span<const StaticFile> files, std::string_view path) {
  const auto found = std::ranges::find(files, path, &StaticFile::path);
  return found == files.end() ? nullptr : &*found;
}

http::Response file_response(const StaticFile& file, const http::Request& request) {
  http::Response response;
  response.headers.add("ETag", std::string(file.etag));
  response.headers.add("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  // Digests hold no comma or quote, so that one of several is found as text; a weak one says the same.
  const std::string_view known = request.headers.find("If-None-Match").value_or("");
  if (known == "*" || known.find(file.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", std::string(file.content_type));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = file.content;
  return response;
}

}  // namespace mycouch::app
