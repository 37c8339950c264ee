// The command line: what is to be done, and the settings that were given with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/config.h"
#include "app/copy.h"
#include "app/dev_token.h"
#include "app/import.h"

namespace mycouch::app {

enum class Command : std::uint8_t { serve, dev, dev_token, check_config, check_store, import, copy, routes };

struct CommandLine {
  Command command = Command::serve;
  std::string config_file;                  // serve, check-config, check-store, import, copy; empty: none
  std::vector<Given> settings;              // those that came as flags
  std::string data = "data";                // dev, dev-token
  std::optional<std::string> checked_data;  // check-store, import: the folder of a development server
  ImportRequest import_request;
  CopyRequest copy_request;
  TokenRequest token;  // dev-token
  std::optional<std::string> token_listen;
};

struct Exit {
  int code = 0;
};

/// What is to be done; or the exit code, after `--help` or `--version` was printed, or what is wrong.
std::variant<CommandLine, Exit> parse_command_line(int argc, const char* const* argv);

}  // namespace mycouch::app
