#include "app/command_line.h"

#include <functional>
#include <iostream>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/settings.h"

namespace mycouch::app {
namespace {

// Flags are grouped in --help as the file's tables are.
std::string group_of(std::string_view key) {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) return "Server";
  return "[" + std::string(key.substr(0, dot)) + "]";
}

// The flags of one command, and how to get what was given.
class SettingFlags {
 public:
  void add_to(CLI::App& command) {
    for (const auto& setting : server_settings()) add(command, setting, std::string(setting.key));
    for (const auto& setting : application_settings()) {
      add(command, setting, fmt::format("{}.{}", kApplication, setting.key));
    }
    command.footer(
        "Each setting is a key of the file and an environment variable too: --store-url is `url` in [store], "
        "and\n"
        "MYCOUCH_STORE_URL. A flag goes before the environment, that before the file. The --application "
        "flags are\n"
        "for the only application. Lists are separated by commas.");
  }

  std::vector<Given> given() const {
    std::vector<Given> all;
    for (const auto& [key, option] : options_) {
      if (option->count() > 0) all.push_back({key, option->results(), flag_of(key)});
    }
    return all;
  }

 private:
  template <class Target>
  void add(CLI::App& command, const Setting<Target>& setting, std::string key) {
    CLI::Option* option = command.add_option(flag_of(key))
                              ->description(std::string(setting.description))
                              ->type_name(std::string(setting.placeholder))
                              ->group(group_of(key))
                              ->expected(1);
    if (setting.kind == ValueKind::list) option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options_.emplace_back(std::move(key), option);
  }

  std::vector<std::pair<std::string, CLI::Option*>> options_;
};

class Parser {
 public:
  Parser() {
    app_.set_version_flag("--version", "mycouch " MYCOUCH_VERSION);
    app_.require_subcommand(1);
    app_.get_formatter()->column_width(42);
    add_serve();
    add_dev();
    add_dev_token();
    add_check_config();
    add_check_store();
    add_import();
    add_copy();
    add_command(Command::routes, "routes",
                "Print every route that is served, with who may call it, as lines of JSON.");
  }

  std::variant<CommandLine, Exit> parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const bool asked_for_help = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
      if (asked_for_help) {
        app_.exit(error, std::cout, std::cerr);
        return Exit{kSuccess};
      }
      complain(error);
      return Exit{kUsage};
    }
    line_.settings = flags_of_command_->given();
    line_.copy_request.copy = !verify_only_;
    line_.copy_request.verify = !no_verify_;
    line_.token.expires_in = std::chrono::seconds(expires_in_);
    return line_;
  }

 private:
  void complain(const CLI::ParseError& error) {
    const std::vector<CLI::App*> commands = app_.get_subcommands();
    const CLI::App& command = commands.empty() ? app_ : *commands.front();
    const std::vector<std::string> unknown = app_.remaining(true);
    if (unknown.empty()) {
      fmt::print(stderr, "mycouch: {}\n", error.what());
    } else {
      fmt::print(stderr, "mycouch: unknown {}{}\n", unknown.front(), suggestion(command, unknown.front()));
    }
    fmt::print(stderr, "See mycouch {}{}--help\n", commands.empty() ? "" : command.get_name(),
               commands.empty() ? "" : " ");
  }

  static std::string suggestion(const CLI::App& command, const std::string& unknown) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) names.push_back("--" + option->get_single_name());
    for (const CLI::App* other : command.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(other->get_name());
    }
    std::string_view meant = nearest(unknown.substr(0, unknown.find('=')), {names.begin(), names.end()});
    return meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
  }

  CLI::App* add_command(Command command, const std::string& name, const std::string& description) {
    CLI::App* added = app_.add_subcommand(name, description);
    added->get_formatter()->column_width(42);
    added->callback([this, command] { line_.command = command; });
    return added;
  }

  void add_settings(CLI::App& command, SettingFlags& flags) {
    flags.add_to(command);
    command.preparse_callback([this, &flags](std::size_t) { flags_of_command_ = &flags; });
  }

  void add_config_file(CLI::App& command) {
    command.add_option("-c,--config", line_.config_file, "the configuration file (TOML)")
        ->type_name("FILE")
        ->envname("MYCOUCH_CONFIG");
  }

  void add_data(CLI::App& command) {
    command.add_option("--data", line_.data, "the folder of the development server")
        ->type_name("FOLDER")
        ->capture_default_str();
  }

  void add_serve() {
    CLI::App* serve = add_command(Command::serve, "serve", "Run the server.");
    add_config_file(*serve);
    add_settings(*serve, serve_flags_);
  }

  void add_dev() {
    CLI::App* dev = add_command(Command::dev, "dev",
                                "Run a server for development, on this machine only, with an issuer of its "
                                "own where anyone signs in.");
    add_data(*dev);
    add_settings(*dev, dev_flags_);
  }

  void add_dev_token() {
    CLI::App* token =
        add_command(Command::dev_token, "dev-token", "Print a token of the development server's issuer.");
    token->add_option("--sub", line_.token.sub, "who it is for: the token's `sub`")->type_name("NAME");
    token->add_option("--email", line_.token.email, "e-mail; gives the `sub` where there is none")
        ->type_name("EMAIL");
    token->add_option("--name", line_.token.name, "name")->type_name("NAME");
    token->add_option("--expires-in", expires_in_, "how long it is good, from 1 to 86400")
        ->type_name("SECONDS")
        ->capture_default_str();
    token
        ->add_option("--listen", line_.token_listen,
                     "where the server listens; default: as it was last started")
        ->type_name("ADDRESS:PORT");
    add_data(*token);
  }

  void add_check_config() {
    CLI::App* check = add_command(Command::check_config, "check-config",
                                  "Check the configuration and print what it amounts to, without secrets.");
    add_config_file(*check);
    add_settings(*check, check_flags_);
  }

  void add_check_store() {
    CLI::App* check =
        add_command(Command::check_store, "check-store",
                    "Check that users, tenants and invitations agree with each other. No server "
                    "may be running on the store.\nExit status: 0, they do; 1, they do not; 2, "
                    "the store could not be read.");
    check->add_option("--data", line_.checked_data, "the folder of a development server")
        ->type_name("FOLDER");
    add_config_file(*check);
    add_settings(*check, check_store_flags_);
  }

  void add_import() {
    CLI::App* command = add_command(
        Command::import, "import",
        "Bring a database of a CouchDB into the store, each document to the tenant that it names. "
        "No server may be running on the store. May be ended and run again: it goes on.\nExit "
        "status: 0, all of it is there; 1, it could not come to its end; 2, wrong flags; 3, "
        "documents were left out.");
    ImportRequest& request = line_.import_request;
    command->add_option("--from", request.from, "the database: http://USER:PASSWORD@HOST:PORT/NAME")
        ->type_name("URL")
        ->envname("MYCOUCH_IMPORT_FROM")
        ->required();
    command->add_option("--tenant-field", request.tenant_field, "the member that names a document's tenant")
        ->type_name("NAME");
    command->add_flag("--whole", request.whole,
                      "instead: everything as it is, to the administrator's database");
    command->add_option("--to-db", request.to_db, "into which database; default: the same name")
        ->type_name("NAME");
    command->add_option("--batch", request.batch, "documents that are asked for at once, from 1 to 5000")
        ->type_name("COUNT")
        ->check(CLI::Range(1, 5000))
        ->capture_default_str();
    command->add_flag("--allow-missing-tenants", request.allow_missing_tenants,
                      "bring in documents of tenants that do not exist yet, too");
    command->add_flag("--from-start", request.from_start,
                      "look at all documents again, and not only at what is new since the last run");
    command
        ->add_option("--report", request.report, "list all that is left out in this file, as lines of JSON")
        ->type_name("FILE");
    command->add_option("--data", line_.checked_data, "the folder of a development server")
        ->type_name("FOLDER");
    add_config_file(*command);
    add_settings(*command, import_flags_);
  }

  void add_copy() {
    CLI::App* command = add_command(
        Command::copy, "copy",
        "Copy everything from one store to another, and check that it is there: all databases with all "
        "tenants, revisions, attachments, local documents and the audit trail. The source is only read; a "
        "server may go on running on it, and what it writes meanwhile comes with the next run. No server may "
        "be running on the target. May be ended and run again: it goes on, and sends only what lacks.\nExit "
        "status: 0, both hold the same; 1, it could not come to its end; 2, wrong flags; 3, they differ, and "
        "standard error names the tenants.");
    CopyRequest& request = line_.copy_request;
    command
        ->add_option("--from", request.from,
                     "the store to copy, as store.url names it: rocksdb:DIRECTORY or "
                     "http://USER:PASSWORD@HOST:PORT")
        ->type_name("URL")
        ->envname("MYCOUCH_COPY_FROM")
        ->required();
    command->add_option("--to", request.to, "the store to fill; made where it lacks")
        ->type_name("URL")
        ->envname("MYCOUCH_COPY_TO")
        ->required();
    command->add_flag("--from-start", request.from_start,
                      "look at all documents again, and not only at what is new since the last run");
    CLI::Option* only = command->add_flag("--verify", verify_only_, "copy nothing, only compare");
    command->add_flag("--no-verify", no_verify_, "do not compare afterwards")->excludes(only);
    add_config_file(*command);
    add_settings(*command, copy_flags_);
  }

  CLI::App app_{
      "A back end for apps that work offline: sign-in, teams, isolation, and CouchDB's replication.",
      "mycouch"};
  CommandLine line_;
  std::int64_t expires_in_ = 3600;
  SettingFlags serve_flags_;
  SettingFlags dev_flags_;
  SettingFlags check_flags_;
  SettingFlags check_store_flags_;
  SettingFlags import_flags_;
  SettingFlags copy_flags_;
  bool verify_only_ = false;
  bool no_verify_ = false;
  SettingFlags no_flags_;
  SettingFlags* flags_of_command_ = &no_flags_;
};

}  // namespace

std::variant<CommandLine, Exit> parse_command_line(int argc, const char* const* argv) {
  return Parser().parse(argc, argv);
}

}  // namespace mycouch::app
