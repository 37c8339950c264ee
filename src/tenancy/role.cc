#include "tenancy/role.h"

#include <array>
#include <utility>

namespace mycouch::tenancy {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 4> kNames{{
    {Role::viewer, "viewer"},
    {Role::member, "member"},
    {Role::admin, "admin"},
    {Role::owner, "owner"},
}};

}  // namespace

std::string_view to_string(Role role) {
  for (const auto& [known, name] : kNames) {
    if (known == role) return name;
  }
  std::unreachable();
}

std::optional<Role> role_from(std::string_view name) {
  for (const auto& [role, known] : kNames) {
    if (known == name) return role;
  }
  return std::nullopt;
}

}  // namespace mycouch::tenancy
