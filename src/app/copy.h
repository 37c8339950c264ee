// `mycouch copy`: moves everything from one store to another, and checks that it is there.
#pragma once

#include <string>

#include "app/config.h"

namespace mycouch::app {

struct CopyRequest {
  std::string from;  // as store.url has it
  std::string to;
  bool from_start = false;  // look at everything again
  bool verify = true;       // compare what both have, afterwards
  bool copy = true;         // false: only compare
};

/// Prints how far it is, at the end what was copied, and each difference. The exit code: success; kDiffers
/// where the stores differ; a failure where it could not come to its end; kUsage for a request that makes no
/// sense. The source is only read, also while a server runs on it; none may be running on a target on a disk,
/// which is made where it lacks.
int copy_store(const Config& config, const CopyRequest& request);

}  // namespace mycouch::app
