// Roady, the demo app, and the development server's first page, as the build of demo/ has made them.
#pragma once

#include <span>

#include "app/static_files.h"

namespace mycouch::app {

/// Empty in a build without MYCOUCH_DEMO. Defined by a file that scripts/build-demo writes; only the command
/// links it, so that tests are built without the demo.
std::span<const StaticFile> demo_files();

}  // namespace mycouch::app
