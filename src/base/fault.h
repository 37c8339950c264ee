// Places where a test may end the process as a crash would.
//
// A tool of the tests, and of nothing else: a server whose environment has no MYCOUCH_FAULT_POINT passes
// every such place at the cost of one load.
#pragma once

#include <string_view>

namespace mycouch::base {

/// Where the environment variable MYCOUCH_FAULT_POINT names this point, the process ends here at once, as by
/// `kill -9`. The variable is read once, at the first point that is passed.
void fault_point(std::string_view name);

}  // namespace mycouch::base
