// The roles of a tenant's members, and what each may do: the one table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mycouch::tenancy {

enum class Role : std::uint8_t { viewer, member, admin, owner };

std::string_view to_string(Role role);
std::optional<Role> role_from(std::string_view name);

/// Whether the role may write to the tenant's databases.
constexpr bool may_write(Role role) {
  return role != Role::viewer;
}

}  // namespace mycouch::tenancy
