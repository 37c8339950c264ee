#include "app/config.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "app/config_file.h"
#include "app/settings.h"
#include "store/couch/couch_store.h"
#include "store/store.h"
#include "tenancy/application.h"

namespace mycouch::app {
namespace {

constexpr std::chrono::seconds kLeastRetention{1};
constexpr std::chrono::days kMostRetention{36'500};

// Lists are separated by commas in the environment and in flags.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

template <class Target>
void collect_variable(const Setting<Target>& setting, std::string key, std::string_view assignment,
                      std::vector<Given>& into) {
  const std::string name = variable_of(key);
  if (!assignment.starts_with(name + "=")) return;
  const std::string_view value = assignment.substr(name.size() + 1);
  into.push_back({std::move(key),
                  setting.kind == ValueKind::list ? split_list(value) : std::vector{std::string(value)},
                  name});
}

template <class Target>
void apply(const std::vector<Setting<Target>>& settings, std::string_view key, Target& target,
           const Given& given, Complaints& complaints) {
  auto at = std::ranges::find(settings, key, &Setting<Target>::key);
  if (at == settings.end()) return;  // every source takes its keys from the table
  std::vector<std::string> values = given.values;
  if (at->kind == ValueKind::list && values.size() == 1 && given.origin.starts_with("--")) {
    values = split_list(values.front());
  }
  if (Result<void> set = at->set(target, values); !set) {
    complaints.push_back(fmt::format("{}: {}", given.origin, set.error().reason));
  }
}

void apply_to_server(Config& config, const Given& given, Complaints& complaints) {
  apply(server_settings(), given.key, config, given, complaints);
}

void apply_to_application(auth::Application& application, const Given& given, Complaints& complaints) {
  apply(application_settings(), given.key.substr(kApplication.size() + 1), application, given, complaints);
}

bool is_of_application(const Given& given) {
  return given.key.starts_with("application.");
}

void apply_file(Config& config, const std::string& path, Complaints& complaints) {
  Complaints found;
  ConfigFile file = read_config_file(path, found);
  for (const Given& given : file.server) apply_to_server(config, given, found);
  for (const std::vector<Given>& givens : file.applications) {
    auth::Application& application = config.applications.emplace_back();
    for (const Given& given : givens) apply_to_application(application, given, found);
  }
  for (const std::string& complaint : found) complaints.push_back(fmt::format("{}: {}", path, complaint));
}

void apply_given(Config& config, const Given& given, Complaints& complaints) {
  if (!is_of_application(given)) return apply_to_server(config, given, complaints);
  if (config.applications.size() > 1) {
    complaints.push_back(fmt::format("{}: which of the {} applications is meant? Set it in the file",
                                     given.origin, config.applications.size()));
    return;
  }
  if (config.applications.empty()) config.applications.emplace_back();
  apply_to_application(config.applications.front(), given, complaints);
}

void check_application(const auth::Application& application, const Config& config, Complaints& complaints) {
  for (const std::string& complaint : tenancy::complaints_of(application, config.store.system_database)) {
    complaints.push_back(fmt::format("application \"{}\": {}", application.id, complaint));
  }
}

void check_distinct(const std::vector<auth::Application>& applications, std::string_view what,
                    std::string auth::Application::* field, Complaints& complaints) {
  for (std::size_t i = 0; i < applications.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (applications[i].*field != applications[j].*field) continue;
      complaints.push_back(fmt::format("applications \"{}\" and \"{}\" have the same {} \"{}\"",
                                       applications[j].id, applications[i].id, what, applications[i].*field));
      break;
    }
  }
}

}  // namespace

bool is_couch(const StoreConfig& store) {
  return store.url.starts_with("http://") || store.url.starts_with("https://");
}

std::string shown_url(const StoreConfig& store) {
  if (!is_couch(store)) return store.url;
  const std::size_t begin = store.url.find("://") + 3;
  const std::size_t at = store.url.rfind('@');
  if (at == std::string::npos) return store.url;
  return store.url.substr(0, begin) + store.url.substr(at + 1);
}

std::expected<Config, Complaints> load_config(Config defaults, const std::string& path,
                                              const std::vector<Given>& given) {
  Config config = std::move(defaults);
  Complaints complaints;
  if (!path.empty()) apply_file(config, path, complaints);
  for (const Given& each : given) apply_given(config, each, complaints);
  // What is not understood makes further complaints misleading.
  if (complaints.empty()) complaints = check_config(config);
  if (!complaints.empty()) return std::unexpected(std::move(complaints));
  return config;
}

std::vector<Given> given_by_environment(const char* const* environment) {
  std::vector<Given> given;
  for (; *environment != nullptr; ++environment) {
    const std::string_view assignment = *environment;
    for (const auto& setting : server_settings())
      collect_variable(setting, std::string(setting.key), assignment, given);
    for (const auto& setting : application_settings()) {
      collect_variable(setting, fmt::format("{}.{}", kApplication, setting.key), assignment, given);
    }
  }
  return given;
}

Complaints check_config(const Config& config) {
  Complaints complaints;
  if (Result<Endpoint> endpoint = parse_listen(config.listen); !endpoint) {
    complaints.push_back("listen: " + endpoint.error().reason);
  }
  if (is_couch(config.store)) {
    // Without the text, which may hold a password.
    if (auto address = store::couch::parse_address(config.store.url); !address) {
      complaints.push_back("store.url: " + address.error().reason);
    }
    const std::string longest = config.store.name_prefix + config.store.system_database;
    if (!store::check_database_name(longest)) {
      complaints.push_back(
          "store.name_prefix: expected a lower-case letter, then letters, digits and _$()+-/");
    }
  } else if (config.store.url == "rocksdb:" ||
             (config.store.url != "memory:" && !config.store.url.starts_with("rocksdb:"))) {
    complaints.push_back(
        fmt::format("store.url: \"{}\" is neither rocksdb:DIRECTORY nor memory: nor the URL of a CouchDB",
                    config.store.url));
  }
  if (Result<void> good = store::check_database_name(config.store.system_database); !good) {
    complaints.push_back("store.system_database: " + good.error().reason);
  }
  if (config.audit.retention < kLeastRetention || config.audit.retention > kMostRetention) {
    complaints.emplace_back("audit.retention: expected a time from 1s to 36500d");
  }
  if (config.admin.user.empty() || config.admin.user.contains(':')) {
    complaints.emplace_back("admin.user: expected a name without ':'");
  }
  for (const auth::Application& application : config.applications) {
    check_application(application, config, complaints);
  }
  check_distinct(config.applications, "id", &auth::Application::id, complaints);
  check_distinct(config.applications, "issuer", &auth::Application::issuer, complaints);
  check_distinct(config.applications, "subject_prefix", &auth::Application::subject_prefix, complaints);
  return complaints;
}

Result<Endpoint> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(Errc::bad_request, fmt::format("\"{}\" lacks a port, as in 127.0.0.1:5985", text));
  }
  Endpoint endpoint;
  const std::string_view port = text.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size()) {
    return fail(Errc::bad_request, fmt::format("\"{}\" is not a port from 0 to 65535", port));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code bad;
  const boost::asio::ip::address address = boost::asio::ip::make_address(host, bad);
  if (bad) return fail(Errc::bad_request, fmt::format("\"{}\" is not an IP address or localhost", host));
  endpoint.address = address.to_string();
  endpoint.loopback = address.is_loopback();
  return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.contains(':');
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", endpoint.address, v6 ? "]" : "", endpoint.port);
}

}  // namespace mycouch::app
