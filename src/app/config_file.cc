#include "app/config_file.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "app/files.h"
#include "app/settings.h"

namespace mycouch::app {
namespace {

std::string at_line(const toml::source_region& source) {
  return fmt::format("at line {}", source.begin.line);
}

std::string suggestion(std::string_view name, const std::vector<std::string_view>& candidates,
                       std::string_view form = "\"{}\"") {
  std::string_view meant = nearest(name, candidates);
  if (meant.empty()) return "";
  return "; did you mean " + fmt::format(fmt::runtime(form), meant) + "?";
}

std::string_view name_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return "a string";
    case ValueKind::integer:
      return "a whole number";
    case ValueKind::boolean:
      return "true or false";
    case ValueKind::list:
      return "a list of strings";
    case ValueKind::quantity:
      return "a whole number, or a string with a unit";
  }
  return "";
}

std::optional<std::vector<std::string>> strings_of(const toml::array& array) {
  std::vector<std::string> strings;
  for (const toml::node& node : array) {
    if (!node.is_string()) return std::nullopt;
    strings.push_back(node.as_string()->get());
  }
  return strings;
}

// The value as text; nothing where its type is not the setting's.
std::optional<std::vector<std::string>> values_of(const toml::node& node, ValueKind kind) {
  const bool takes_text = kind == ValueKind::text || kind == ValueKind::list || kind == ValueKind::quantity;
  const bool takes_number = kind == ValueKind::integer || kind == ValueKind::quantity;
  if (node.is_string() && takes_text) return std::vector{node.as_string()->get()};
  if (node.is_integer() && takes_number) return std::vector{std::to_string(node.as_integer()->get())};
  if (node.is_boolean() && kind == ValueKind::boolean) {
    return std::vector<std::string>{node.as_boolean()->get() ? "true" : "false"};
  }
  if (node.is_array() && kind == ValueKind::list) return strings_of(*node.as_array());
  return std::nullopt;
}

// The part of a key before the dot; empty at the top.
std::string_view section_of(std::string_view key) {
  const std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

std::string_view within(std::string_view section, std::string_view key) {
  return section.empty() ? key : key.substr(section.size() + 1);
}

class Reader {
 public:
  explicit Reader(Complaints& complaints) : complaints_(complaints) {}

  ConfigFile read(const toml::table& root) {
    ConfigFile file;
    for (const auto& [key, node] : root) {
      if (key.str() == kApplication) {
        read_applications(node, file.applications);
      } else if (is_section(key.str()) && node.is_table()) {
        read_table(*node.as_table(), key.str(), file.server);
      } else if (node.is_table()) {
        complain_of_section(key);
      } else {
        read_server_key(key, node, "", file.server);
      }
    }
    for (std::string_view name : {"password", "password_file"}) {
      if (!root["admin"][name]) return file;
    }
    complaints_.push_back("[admin] has both \"password\" and \"password_file\": give one of them");
    return file;
  }

 private:
  static bool is_section(std::string_view name) {
    return !name.empty() && std::ranges::any_of(server_settings(), [name](const Setting<Config>& setting) {
      return section_of(setting.key) == name;
    });
  }

  void read_table(const toml::table& table, std::string_view section, std::vector<Given>& into) {
    for (const auto& [key, node] : table) read_server_key(key, node, section, into);
  }

  void read_server_key(const toml::key& key, const toml::node& node, std::string_view section,
                       std::vector<Given>& into) {
    std::vector<std::string_view> known;
    for (const Setting<Config>& setting : server_settings()) {
      if (section_of(setting.key) != section) continue;
      const std::string_view name = within(section, setting.key);
      if (name == key.str()) return read_value(std::string(setting.key), setting.kind, key, node, into);
      known.push_back(name);
    }
    const std::string where = section.empty() ? "" : fmt::format(" in [{}]", section);
    complain_of_key(key, where, known);
  }

  void read_applications(const toml::node& node, std::vector<std::vector<Given>>& into) {
    const toml::array* list = node.as_array();
    if (list == nullptr || !list->is_array_of_tables()) {
      complaints_.push_back(
          fmt::format("applications are written as [[application]], {}", at_line(node.source())));
      return;
    }
    for (const toml::node& application : *list) {
      std::vector<Given>& givens = into.emplace_back();
      for (const auto& [key, value] : *application.as_table()) read_application_key(key, value, givens);
    }
  }

  void read_application_key(const toml::key& key, const toml::node& node, std::vector<Given>& into) {
    std::vector<std::string_view> known;
    for (const Setting<auth::Application>& setting : application_settings()) {
      if (setting.key == key.str()) {
        return read_value(fmt::format("{}.{}", kApplication, setting.key), setting.kind, key, node, into);
      }
      known.push_back(setting.key);
    }
    complain_of_key(key, " in [[application]]", known);
  }

  void read_value(std::string full_key, ValueKind kind, const toml::key& key, const toml::node& node,
                  std::vector<Given>& into) {
    std::optional<std::vector<std::string>> values = values_of(node, kind);
    std::string origin = fmt::format("{} {}", full_key, at_line(key.source()));
    if (!values) {
      complaints_.push_back(fmt::format("{}: expected {}", origin, name_of(kind)));
      return;
    }
    into.push_back({std::move(full_key), *std::move(values), std::move(origin)});
  }

  void complain_of_key(const toml::key& key, std::string_view where,
                       const std::vector<std::string_view>& known) {
    complaints_.push_back(fmt::format("unknown key \"{}\"{} {}{}", key.str(), where, at_line(key.source()),
                                      suggestion(key.str(), known)));
  }

  void complain_of_section(const toml::key& key) {
    std::set<std::string_view> sections{kApplication};
    for (const Setting<Config>& setting : server_settings()) sections.insert(section_of(setting.key));
    sections.erase("");
    std::string_view meant = nearest(key.str(), {sections.begin(), sections.end()});
    complaints_.push_back(
        fmt::format("unknown section [{}] {}{}", key.str(), at_line(key.source()),
                    suggestion(key.str(), {meant}, meant == kApplication ? "[[{}]]" : "[{}]")));
  }

  Complaints& complaints_;
};

}  // namespace

ConfigFile read_config_text(const std::string& text, Complaints& complaints) {
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    complaints.push_back(
        fmt::format("not TOML {}: {}", at_line(parsed.error().source()), parsed.error().description()));
    return {};
  }
  return Reader(complaints).read(parsed.table());
}

ConfigFile read_config_file(const std::string& path, Complaints& complaints) {
  Result<std::string> text = read_file(path);
  if (!text) {
    complaints.push_back(text.error().reason);
    return {};
  }
  return read_config_text(*text, complaints);
}

}  // namespace mycouch::app
