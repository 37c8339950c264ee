// `mycouch check-store`: whether a store's users, tenants and invitations agree with each other.
#pragma once

#include "app/config.h"

namespace mycouch::app {

/// Prints what it finds, and a summary. The exit code: success, a failure where something does not agree, and
/// kUnreadable where the store could not be read; no server may be running on it.
int check_store(const StoreConfig& config);

}  // namespace mycouch::app
