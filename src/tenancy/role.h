// The roles of a tenant's members, and what each may do: the one table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mycouch::tenancy {

enum class Role : std::uint8_t { viewer, member, admin, owner };

std::string_view to_string(Role role);
std::optional<Role> role_from(std::string_view name);

/// What may be done with a tenant.
enum class Right : std::uint8_t {
  read,            // its document, its members and its databases
  write,           // its databases
  leave,           // for good: the owner has to transfer or delete
  invite,          // and see and revoke invitations
  set_roles,       // of all but the owner
  remove_members,  // all but the owner
  update,          // its name and metadata
  transfer,        // to another member
  remove,          // softly
  restore
};

namespace detail {

struct RightRow {
  Right right;
  bool viewer, member, admin, owner;
};

inline constexpr auto kRights = std::to_array<RightRow>({
    // clang-format off
    //                      viewer  member  admin   owner
    {Right::read,           true,   true,   true,   true},
    {Right::write,          false,  true,   true,   true},
    {Right::leave,          true,   true,   true,   false},
    {Right::invite,         false,  false,  true,   true},
    {Right::set_roles,      false,  false,  true,   true},
    {Right::remove_members, false,  false,  true,   true},
    {Right::update,         false,  false,  false,  true},
    {Right::transfer,       false,  false,  false,  true},
    {Right::remove,         false,  false,  false,  true},
    {Right::restore,        false,  false,  false,  true},
    // clang-format on
});

}  // namespace detail

constexpr bool may(Role role, Right right) {
  for (const detail::RightRow& row : detail::kRights) {
    if (row.right != right) continue;
    switch (role) {
      case Role::viewer:
        return row.viewer;
      case Role::member:
        return row.member;
      case Role::admin:
        return row.admin;
      case Role::owner:
        return row.owner;
    }
  }
  return false;
}

}  // namespace mycouch::tenancy
