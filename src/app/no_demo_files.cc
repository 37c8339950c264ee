#include "app/demo_files.h"

namespace mycouch::app {

std::span<const StaticFile> demo_files() {
  return {};
}

}  // namespace mycouch::app
