// The one configuration of a server, and where it comes from.
//
// Each setting has a key in the file ("store.url" is `url` in `[store]`), a flag (--store-url) and an
// environment variable (MYCOUCH_STORE_URL). A flag goes before the environment, that before the file, that
// before the default. The settings are listed in settings.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authenticator.h"
#include "auth/principal.h"
#include "base/error.h"
#include "base/log.h"
#include "http/server.h"

namespace mycouch::app {

struct StoreConfig {
  std::string url = "rocksdb:data";              // or "memory:", or a CouchDB's: store/couch/couch_store.h
  std::string system_database = "couch-sitter";  // of users and tenants
  std::string name_prefix;                       // of the names of a CouchDB's databases, where it is shared
  std::string index = "index";                   // folder of the scope index of a CouchDB's databases
  std::size_t cache_bytes = std::size_t{256} << 20;  // of blocks read from disk
};

/// Whether it lies in a CouchDB, and not on this machine.
bool is_couch(const StoreConfig& store);
/// The URL as it may be told: without a password.
std::string shown_url(const StoreConfig& store);

/// Of `password` and `password_file` one is empty. With both empty nobody is the administrator.
struct AdminConfig {
  std::string user = "admin";
  std::string password;
  std::string password_file;  // its first line
};

struct TenantsConfig {
  std::chrono::milliseconds retention = std::chrono::days(30);  // in which a deleted one can be restored
};

struct AuditConfig {
  std::chrono::milliseconds retention = std::chrono::days(90);  // of a record of the audit trail
};

struct LogConfig {
  log::Level level = log::Level::info;
  log::Format format = log::Format::text;
};

struct Config {
  std::string listen =
      "127.0.0.1:5985";      // address:port, [address]:port or localhost:port; port 0: any free one
  http::ServerOptions http;  // but for its address and port, which `listen` says
  std::uint64_t max_document_size = 8'000'000;            // bytes of one document's JSON
  std::uint64_t max_attachment = std::uint64_t{1} << 30;  // bytes of one attachment
  StoreConfig store;
  AdminConfig admin;
  auth::AuthenticatorOptions auth;
  TenantsConfig tenants;
  AuditConfig audit;
  LogConfig log;
  std::vector<auth::Application> applications;
};

/// One setting as a source gives it. `key` is in the file's form: "store.url", "application.issuer".
struct Given {
  std::string key;
  std::vector<std::string> values;  // one, but for a list
  std::string origin;               // "--store-url", "MYCOUCH_STORE_URL", "store.url at line 7"
};

/// Everything that is wrong with a configuration, each a sentence.
using Complaints = std::vector<std::string>;

/// `defaults`, then the file at `path` (empty: none), then `given` in its order: a later value replaces.
/// Settings of an application that are given are the first one's; where there is none, they make one.
std::expected<Config, Complaints> load_config(Config defaults, const std::string& path,
                                              const std::vector<Given>& given);
/// The settings among the process's environment variables (in the form of `environ`).
std::vector<Given> given_by_environment(const char* const* environment);

/// What no single setting can tell: duplicates, what is missing, what excludes each other.
Complaints check_config(const Config& config);

struct Endpoint {
  std::string address;  // an IP address, without brackets
  std::uint16_t port = 0;
  bool loopback = false;
};
Result<Endpoint> parse_listen(std::string_view text);
/// "127.0.0.1:5985", "[::1]:5985".
std::string to_string(const Endpoint& endpoint);

}  // namespace mycouch::app
