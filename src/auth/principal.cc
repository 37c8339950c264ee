#include "auth/principal.h"

#include <algorithm>
#include <array>

namespace mycouch::auth {
namespace {

struct NamedAlgorithm {
  Algorithm algorithm;
  std::string_view name;
};

constexpr std::array<NamedAlgorithm, 6> kAlgorithms = {{
    {Algorithm::rs256, "RS256"},
    {Algorithm::rs384, "RS384"},
    {Algorithm::rs512, "RS512"},
    {Algorithm::ps256, "PS256"},
    {Algorithm::es256, "ES256"},
    {Algorithm::eddsa, "EdDSA"},
}};

// Linear in practice: at a mismatch only the last '*' is tried again, one character further on.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t last_star = std::string_view::npos;
  std::size_t star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      last_star = p++;
      star_end = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (last_star != std::string_view::npos) {
      p = last_star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  return std::ranges::find(kAlgorithms, algorithm, &NamedAlgorithm::algorithm)->name;
}

std::optional<Algorithm> algorithm_from(std::string_view jose_name) {
  const auto* found = std::ranges::find(kAlgorithms, jose_name, &NamedAlgorithm::name);
  if (found == kAlgorithms.end()) return std::nullopt;
  return found->algorithm;
}

bool Application::serves(std::string_view name) const {
  return std::ranges::any_of(databases, [&](const std::string& pattern) { return matches(pattern, name); });
}

}  // namespace mycouch::auth
