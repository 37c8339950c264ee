// Feeds JSON to Selector::parse and matches what it accepts. The text is a selector, and a document behind
// the first line break where there is one. Collation keys must compare as their values do; what a selector
// says of a field must hold for the documents that it matches.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "doc/selector.h"
#include "json/collation.h"

namespace {

using namespace mycouch;
using doc::Selector;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_in_range(const Selector& selector, std::string_view field, const json::Value* value) {
  if (selector.requires_field(field)) require(value != nullptr);
  auto range = selector.range_of(field);
  if (!range || field == "_id") return;
  require(value != nullptr && !range->empty);
  if (range->low) {
    auto order = json::collate(*value, *range->low);
    require(order > 0 || (order == 0 && range->low_inclusive));
  }
}

void require_keys_agree(const json::Value& a, const json::Value& b) {
  std::string key_a;
  std::string key_b;
  json::append_collation_key(key_a, a);
  json::append_collation_key(key_b, b);
  require((key_a <=> key_b) == json::collate(a, b));
}

void require_sound(const Selector& selector, const json::Value& document) {
  bool matches = selector.matches(document);
  const json::Object* members = document.as_object();
  if (members == nullptr) return;
  for (const auto& [name, value] : *members) {
    if (!matches || name.empty() || name.find_first_of(".\\") != std::string::npos) continue;
    require_in_range(selector, name, doc::value_at(document, name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t line = std::min(text.find('\n'), text.size());
  auto selector_json = json::parse(text.substr(0, line));
  if (!selector_json) return 0;
  auto document = line < text.size() ? json::parse(text.substr(line + 1)) : *selector_json;
  if (!document) return 0;
  require_keys_agree(*selector_json, *document);
  auto selector = Selector::parse(*selector_json);
  if (!selector) {
    require(!selector.error().reason.empty());
    return 0;
  }
  require_sound(*selector, *document);
  return 0;
}
