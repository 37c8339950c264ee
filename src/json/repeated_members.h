// JSON objects of which a member may be there twice.
#pragma once

#include <string_view>

#include "json/outline.h"

namespace mycouch::json {

/// As outline(), but for the members of the value itself: those that are repeated are all among its children,
/// in their order. Deeper ones are refused as ever.
Result<Outline> outline_with_repeated_members(std::string_view text, int depth);

}  // namespace mycouch::json
