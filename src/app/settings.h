// The table of settings: it drives the file, the flags, the environment, `--help` and `check-config` alike.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/error.h"

namespace mycouch::app {

/// How a value is written in the file. A quantity is a number, or text with a unit: "30s", "64MiB".
enum class ValueKind : std::uint8_t { text, integer, boolean, list, quantity };

/// A setting of `Target`: Config, or auth::Application.
template <class Target>
struct Setting {
  std::string_view key;          // "store.url"; of an application without "application."
  std::string_view placeholder;  // in --help: "URL"
  std::string_view description;
  ValueKind kind;
  /// `bad_request` with what the value should be.
  std::function<Result<void>(Target&, const std::vector<std::string>&)> set;
  /// The value as the file has it; empty for a secret that is not set.
  std::function<std::string(const Target&)> show;
};

const std::vector<Setting<Config>>& server_settings();
const std::vector<Setting<auth::Application>>& application_settings();

inline constexpr std::string_view kApplication = "application";

/// "--store-url", "MYCOUCH_STORE_URL" of "store.url".
std::string flag_of(std::string_view key);
std::string variable_of(std::string_view key);

/// The candidate that was probably meant; empty where none is near.
std::string_view nearest(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace mycouch::app
