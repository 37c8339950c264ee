#include "http/accept.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/ascii.h"
#include "http/multipart.h"

namespace mycouch::http {
namespace {

// 1 where there is none; an unreadable one counts as zero.
double weight_of(std::string_view range) {
  std::optional<std::string> text = field_parameter(range, "q");
  if (!text) return 1;
  double weight = 0;
  std::from_chars(text->data(), text->data() + text->size(), weight);
  return weight;
}

}  // namespace

bool accepts_type(const Headers& headers, std::string_view type) {
  std::string_view left = headers.find("Accept").value_or("*/*");
  const std::string family = std::string(type.substr(0, type.find('/'))) + "/*";
  // The most specific range decides (3: the type, 2: its family, 1: any).
  int best = 0;
  bool accepted = false;
  while (!left.empty()) {
    std::string_view range = left.substr(0, left.find(','));
    left.remove_prefix(std::min(range.size() + 1, left.size()));
    std::string_view name = trim(range.substr(0, range.find(';')));
    int precision = equal_ignoring_case(name, type)     ? 3
                    : equal_ignoring_case(name, family) ? 2
                    : name == "*/*"                     ? 1
                                                        : 0;
    if (precision <= best) continue;
    best = precision;
    accepted = weight_of(range) > 0;
  }
  return accepted;
}

}  // namespace mycouch::http
