#include "doc/local_revision.h"

#include <charconv>
#include <string>

namespace mycouch::doc {
namespace {

std::unexpected<Error> bad_revision() {
  return fail(Errc::bad_request, "Invalid rev format");
}

}  // namespace

Result<Revision> parse_local_revision(std::string_view text) {
  constexpr std::string_view kGeneration = "0-";
  if (!text.starts_with(kGeneration)) return parse_revision(text);
  text.remove_prefix(kGeneration.size());
  if (!is_rev_hash(text)) return bad_revision();
  return Revision{0, RevHash(text)};
}

Result<std::uint64_t> next_local_version(const std::optional<Revision>& parent) {
  if (!parent) return 1;
  if (parent->generation != 0) return bad_revision();
  const std::string text = parent->hash.text();
  const char* end = text.data() + text.size();
  std::uint64_t version = 0;
  auto [rest, error] = std::from_chars(text.data(), end, version);
  if (error != std::errc{} || rest != end || version == UINT64_MAX) return bad_revision();
  return version + 1;
}

}  // namespace mycouch::doc
