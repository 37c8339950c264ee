// mycouch: the command.

#include <cstdio>
#include <exception>
#include <expected>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <unistd.h>

#include "api/routes.h"
#include "app/check_store.h"
#include "app/command_line.h"
#include "app/config.h"
#include "app/copy.h"
#include "app/demo_files.h"
#include "app/dev_server.h"
#include "app/exit_code.h"
#include "app/import.h"
#include "app/run_server.h"
#include "app/settings.h"
#include "json/value.h"

namespace mycouch::app {
namespace {

int report(const Result<void>& result) {
  if (result) return kSuccess;
  fmt::print(stderr, "mycouch: {}\n", result.error().reason);
  return kFailure;
}

int report(const Complaints& complaints) {
  for (const std::string& complaint : complaints) fmt::print(stderr, "mycouch: {}\n", complaint);
  return kUsage;
}

// The settings beside the file, those that go first at the end.
std::expected<Config, Complaints> load(Config defaults, const CommandLine& line) {
  std::vector<Given> given = given_by_environment(environ);
  given.insert(given.end(), line.settings.begin(), line.settings.end());
  return load_config(std::move(defaults), line.config_file, given);
}

int serve(const CommandLine& line) {
  std::expected<Config, Complaints> config = load({}, line);
  return config ? report(run_server(*config, std::nullopt)) : report(config.error());
}

int dev(const CommandLine& line) {
  const DevFolder folder{.path = line.data};
  std::expected<Config, Complaints> config = load(dev_config(folder), line);
  return config ? report(run_dev_server(folder, *config, demo_files())) : report(config.error());
}

int print_token(const CommandLine& line) {
  std::optional<std::string> url;
  if (line.token_listen) {
    Result<Endpoint> endpoint = parse_listen(*line.token_listen);
    if (!endpoint) return report(Complaints{"--listen: " + endpoint.error().reason});
    url = "http://" + to_string(*endpoint);
  }
  Result<std::string> token = dev_token({.path = line.data}, std::move(url), line.token);
  if (!token) return report(std::unexpected(std::move(token).error()));
  fmt::print("{}\n", *token);
  return kSuccess;
}

template <class Target>
void print_settings(const std::vector<Setting<Target>>& settings, const Target& target) {
  std::string section;
  for (const Setting<Target>& setting : settings) {
    std::string_view name = setting.key;
    if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) {
      if (section != name.substr(0, dot)) {
        section = name.substr(0, dot);
        fmt::print("[{}]\n", section);
      }
      name.remove_prefix(dot + 1);
    }
    if (const std::string value = setting.show(target); !value.empty()) fmt::print("{} = {}\n", name, value);
  }
}

int check(const CommandLine& line) {
  std::expected<Config, Complaints> config = load({}, line);
  if (!config) return report(config.error());
  fmt::print("# The configuration is good. It amounts to:\n");
  print_settings(server_settings(), *config);
  for (const auth::Application& application : config->applications) {
    fmt::print("[[{}]]\n", kApplication);
    print_settings(application_settings(), application);
  }
  return kSuccess;
}

int check_store_of(const CommandLine& line) {
  Config defaults = line.checked_data ? dev_config({.path = *line.checked_data}) : Config{};
  std::expected<Config, Complaints> config = load(std::move(defaults), line);
  return config ? check_store(config->store) : report(config.error());
}

int import_into_store(const CommandLine& line) {
  Config defaults = line.checked_data ? dev_config({.path = *line.checked_data}) : Config{};
  std::expected<Config, Complaints> config = load(std::move(defaults), line);
  return config ? import_database(*config, line.import_request) : report(config.error());
}

int copy(const CommandLine& line) {
  std::expected<Config, Complaints> config = load({}, line);
  return config ? copy_store(*config, line.copy_request) : report(config.error());
}

int print_routes() {
  for (const api::ListedRoute& route : api::listed_routes()) {
    const json::Object row{{"method", http::to_string(route.method)},
                           {"path", route.pattern},
                           {"access", api::to_string(route.who)}};
    fmt::print("{}\n", json::write(row));
  }
  return kSuccess;
}

int run(const CommandLine& line) {
  switch (line.command) {
    case Command::serve:
      return serve(line);
    case Command::dev:
      return dev(line);
    case Command::dev_token:
      return print_token(line);
    case Command::check_config:
      return check(line);
    case Command::check_store:
      return check_store_of(line);
    case Command::import:
      return import_into_store(line);
    case Command::copy:
      return copy(line);
    case Command::routes:
      return print_routes();
  }
  std::unreachable();
}

}  // namespace
}  // namespace mycouch::app

int main(int argc, char** argv) {
  using namespace mycouch::app;
  try {
    std::variant<CommandLine, Exit> parsed = parse_command_line(argc, argv);
    if (const Exit* exit = std::get_if<Exit>(&parsed)) return exit->code;
    return run(std::get<CommandLine>(parsed));
  } catch (const std::exception& bug) {
    fmt::print(stderr, "mycouch: internal error: {}\n", bug.what());
    return kFailure;
  }
}
