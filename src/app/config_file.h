// The configuration file: TOML, whose tables and keys are those of the settings.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace mycouch::app {

/// What a file gives: settings of the server, and those of each `[[application]]`.
struct ConfigFile {
  std::vector<Given> server;
  std::vector<std::vector<Given>> applications;  // keys as "application.issuer"
};

/// Unknown keys and sections, values of a wrong type, and text that is no TOML are added to `complaints`.
ConfigFile read_config_file(const std::string& path, Complaints& complaints);
ConfigFile read_config_text(const std::string& text, Complaints& complaints);

}  // namespace mycouch::app
