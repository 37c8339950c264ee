// The composition root: makes the parts of a server from its configuration, runs them, and takes them down in
// order.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "app/config.h"
#include "app/static_files.h"
#include "auth/signer.h"
#include "base/error.h"

namespace mycouch::app {

/// With this, the server's first application is signed in by a development issuer of the server's own, and
/// browsers see the development site.
struct Development {
  auth::Signer signer;
  std::span<const StaticFile> site;
  std::function<void(const std::string& url)> ready;  // called when the server answers, with its URL
};

/// Serves until SIGTERM or SIGINT; then feeds end, requests in flight finish within the grace, and the store
/// is closed. A second signal ends the process at once. An error where the server cannot start.
Result<void> run_server(const Config& config, std::optional<Development> development);

}  // namespace mycouch::app
