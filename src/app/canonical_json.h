// One text for each JSON value, however it was written: stores may write a document's body anew, as CouchDB
// does.
#pragma once

#include <string>
#include <string_view>

namespace mycouch::app {

/// Without white space, members in the order of their names, strings with the least escapes, numbers by their
/// value as a double where they are no plain integers: 1.0, 1e0 and 1 are the same. What is no JSON stays as
/// it is.
std::string canonical_json(std::string_view text);

bool is_same_json(std::string_view a, std::string_view b);

}  // namespace mycouch::app
