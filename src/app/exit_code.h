// What the process tells the shell.
#pragma once

namespace mycouch::app {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;     // it could not do what was asked
inline constexpr int kUnreadable = 2;  // of check-store: nothing can be said of the store
inline constexpr int kUsage = 2;       // the command line or the configuration is wrong
inline constexpr int kDiffers = 3;     // of copy: the two stores do not hold the same
inline constexpr int kLeftOut = 3;     // of import: it has come to its end, and left documents out

}  // namespace mycouch::app
