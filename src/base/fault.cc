#include "base/fault.h"

#include <csignal>
#include <cstdlib>
#include <string>

namespace mycouch::base {
namespace {

const std::string& chosen_point() {
  static const std::string point = [] {
    const char* value = std::getenv("MYCOUCH_FAULT_POINT");
    return std::string(value == nullptr ? "" : value);
  }();
  return point;
}

}  // namespace

void fault_point(std::string_view name) {
  const std::string& chosen = chosen_point();
  if (chosen.empty() || chosen != name) return;
  std::raise(SIGKILL);
}

}  // namespace mycouch::base
