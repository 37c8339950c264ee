// Feeds bytes to a MultipartReader whole and in pieces: the parts must be the same, and no content may hold
// the boundary. The first byte says how long the boundary is, the second how long a piece.
#include <cstdlib>
#include <vector>

#include "http/multipart.h"

namespace {

using namespace mycouch;
using namespace mycouch::http;
using Event = MultipartReader::Event;

void require(bool condition) {
  if (!condition) std::abort();
}

// Each part's fields and content, and how it ended.
std::vector<std::string> read(std::string_view body, const std::string& boundary, std::size_t step) {
  MultipartReader reader(boundary);
  std::vector<std::string> parts;
  for (;;) {
    Result<Event> event = reader.next();
    if (!event) {
      parts.push_back("refused");
      return parts;
    }
    if (*event == Event::end) {
      parts.push_back("ended");
      return parts;
    }
    if (*event == Event::need_more) {
      if (body.empty()) return parts;
      reader.feed(body.substr(0, step));
      body.remove_prefix(std::min(step, body.size()));
    } else if (*event == Event::part_begin) {
      std::string& part = parts.emplace_back();
      for (const auto& [name, value] : reader.headers()) part += name + "\n" + value + "\n";
      part += "\n\n";
    } else if (*event == Event::data) {
      require(!reader.data().empty());
      require(!reader.data().contains("\r\n--" + boundary));
      parts.back() += reader.data();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)multipart_boundary(text);
  (void)field_parameter(text, "filename");
  if (size < 2) return 0;
  const std::size_t length = 1 + data[0] % 8;
  const std::size_t step = 1 + data[1];
  text.remove_prefix(2);
  if (text.size() < length) return 0;
  const std::string boundary(text.substr(0, length));
  text.remove_prefix(length);
  require(read(text, boundary, SIZE_MAX) == read(text, boundary, step));
  return 0;
}
