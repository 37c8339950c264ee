// `mycouch dev` and `mycouch dev-token`: a server for development and what it keeps in its data folder.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/dev_token.h"
#include "app/static_files.h"
#include "base/error.h"

namespace mycouch::app {

/// What lies in the folder.
struct DevFolder {
  std::filesystem::path path = "data";

  std::filesystem::path store() const { return path / "store"; }
  std::filesystem::path issuer_key() const { return path / "development-issuer.pem"; }
  std::filesystem::path admin_password() const { return path / "admin.password"; }
  /// The URL of the server that runs here, or ran last.
  std::filesystem::path url() const { return path / "development.url"; }
};

/// The configuration of a development server, before flags and environment.
Config dev_config(const DevFolder& folder);

/// Makes what the folder lacks, and serves until a signal; browsers see `site`. `forbidden` for an address
/// that is not loopback.
Result<void> run_dev_server(const DevFolder& folder, const Config& config, std::span<const StaticFile> site);

/// A token of the folder's issuer: from the running server, which knows the user's active tenant, or signed
/// here where none answers. `url`: of the server; nothing: as the folder has it.
Result<std::string> dev_token(const DevFolder& folder, std::optional<std::string> url, TokenRequest request);

}  // namespace mycouch::app
