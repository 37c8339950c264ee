#include "app/files.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace mycouch::app {
namespace {

std::unexpected<Error> failed(int error) {
  return fail(Errc::unavailable, std::generic_category().message(error));
}

Result<void> write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) return failed(errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file.is_open()) std::getline(file, text, '\0');  // the files that are read here are text
  if (!file.is_open() || file.bad()) return failed(errno != 0 ? errno : EIO);
  return text;
}

Result<void> write_private_file(const std::filesystem::path& path, std::string_view content) {
  std::string temporary = path.string() + ".XXXXXX";
  const int file = ::mkstemp(temporary.data());  // with mode 0600
  if (file < 0) return failed(errno);
  Result<void> written = write_all(file, content);
  ::close(file);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = failed(errno);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of("\r\n")));
}

}  // namespace mycouch::app
