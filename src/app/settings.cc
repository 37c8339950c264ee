#include "app/settings.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <limits>
#include <type_traits>
#include <utility>

#include "json/writer.h"
#include "tenancy/application.h"

namespace mycouch::app {
namespace {

using Values = std::vector<std::string>;

std::unexpected<Error> expected(std::string what) {
  return fail(Errc::bad_request, "expected " + std::move(what));
}

// Reading and showing each type of field.

Result<void> read(const std::string& text, std::string& field) {
  field = text;
  return {};
}
std::string show(const std::string& field) {
  return json::quoted(field);
}

Result<void> read(const std::string& text, bool& field) {
  if (text != "true" && text != "false") return expected("true or false");
  field = text == "true";
  return {};
}
std::string show(bool field) {
  return field ? "true" : "false";
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// A whole number, then one of the units; a bare number is of `bare`.
template <std::size_t N>
std::optional<std::uint64_t> read_quantity(std::string_view text, const std::array<Unit, N>& units,
                                           std::uint64_t bare) {
  std::uint64_t number = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  std::uint64_t factor = bare;
  if (!unit.empty()) {
    const auto* known = std::ranges::find(units, unit, &Unit::name);
    if (known == units.end()) return std::nullopt;
    factor = known->factor;
  }
  if (number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return number * factor;
}

// Largest first, as they are shown.
constexpr std::array<Unit, 7> kSizes{{{"GiB", 1ULL << 30},
                                      {"MiB", 1ULL << 20},
                                      {"KiB", 1ULL << 10},
                                      {"GB", 1'000'000'000},
                                      {"MB", 1'000'000},
                                      {"kB", 1'000},
                                      {"B", 1}}};
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

Result<void> read(const std::string& text, std::uint64_t& field) {
  std::optional<std::uint64_t> number = read_quantity(text, kSizes, 1);
  if (!number) return expected("a whole number, such as 8000000 or \"8MB\"");
  field = *number;
  return {};
}
std::string show(std::uint64_t field) {
  return std::to_string(field);
}

Result<void> read(const std::string& text, unsigned& field) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > 1024) {
    return expected("a whole number from 0 to 1024");
  }
  field = static_cast<unsigned>(number);
  return {};
}
std::string show(unsigned field) {
  return std::to_string(field);
}

template <class Period>
Result<void> read(const std::string& text, std::chrono::duration<std::int64_t, Period>& field) {
  using Duration = std::chrono::duration<std::int64_t, Period>;
  std::optional<std::uint64_t> milliseconds = read_quantity(text, kDurations, 1'000);
  const auto exact = std::chrono::milliseconds(milliseconds.value_or(0));
  if (!milliseconds || std::chrono::duration_cast<Duration>(exact) != exact) {
    return expected("a time, such as \"30s\" or \"5m\"");
  }
  field = std::chrono::duration_cast<Duration>(exact);
  return {};
}
template <class Period>
std::string show(std::chrono::duration<std::int64_t, Period> field) {
  const auto milliseconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(field).count());
  const auto* unit = std::ranges::find_if(
      kDurations, [milliseconds](const Unit& u) { return milliseconds % u.factor == 0; });
  if (milliseconds == 0) return "0";
  return json::quoted(std::to_string(milliseconds / unit->factor) + std::string(unit->name));
}

// A word of a fixed set.
template <class Word, std::size_t N>
Result<void> read_word(const std::string& text, const std::array<std::pair<std::string_view, Word>, N>& words,
                       Word& field) {
  std::string all;
  for (const auto& [name, word] : words) {
    if (name == text) {
      field = word;
      return {};
    }
    all += all.empty() ? "" : ", ";
    all += name;
  }
  return expected("one of " + all);
}
template <class Word, std::size_t N>
std::string show_word(Word field, const std::array<std::pair<std::string_view, Word>, N>& words) {
  for (const auto& [name, word] : words) {
    if (word == field) return json::quoted(name);
  }
  std::unreachable();
}

constexpr std::array<std::pair<std::string_view, log::Level>, 5> kLevels{{{"debug", log::Level::debug},
                                                                          {"info", log::Level::info},
                                                                          {"warning", log::Level::warning},
                                                                          {"error", log::Level::error},
                                                                          {"off", log::Level::off}}};
constexpr std::array<std::pair<std::string_view, log::Format>, 2> kFormats{
    {{"text", log::Format::text}, {"json", log::Format::json}}};
constexpr std::array<std::pair<std::string_view, auth::TenantSource>, 2> kTenantSources{
    {{"claim", auth::TenantSource::claim}, {"profile", auth::TenantSource::profile}}};

Result<void> read(const std::string& text, log::Level& field) {
  return read_word(text, kLevels, field);
}
std::string show(log::Level field) {
  return show_word(field, kLevels);
}
Result<void> read(const std::string& text, log::Format& field) {
  return read_word(text, kFormats, field);
}
std::string show(log::Format field) {
  return show_word(field, kFormats);
}
Result<void> read(const std::string& text, auth::TenantSource& field) {
  return read_word(text, kTenantSources, field);
}
std::string show(auth::TenantSource field) {
  return show_word(field, kTenantSources);
}

Result<void> read(const std::string& text, auth::Algorithm& field) {
  std::optional<auth::Algorithm> algorithm = auth::algorithm_from(text);
  if (!algorithm)
    return expected("an algorithm of RS256, RS384, RS512, PS256, ES256, EdDSA, not " + json::quoted(text));
  field = *algorithm;
  return {};
}
std::string show(auth::Algorithm field) {
  return json::quoted(auth::to_string(field));
}

// A list of any of them, or a single one.
template <class T>
Result<void> read_values(const Values& values, std::vector<T>& field) {
  std::vector<T> list;
  for (const std::string& text : values) {
    T item;
    MYCOUCH_CHECK(read(text, item));
    list.push_back(std::move(item));
  }
  field = std::move(list);
  return {};
}
template <class T>
Result<void> read_values(const Values& values, T& field) {
  if (values.size() != 1) return expected("a single value");
  return read(values.front(), field);
}
template <class T>
std::string show(const std::vector<T>& list) {
  std::string text = "[";
  for (const T& item : list) {
    if (text.size() > 1) text += ", ";
    text += show(item);
  }
  return text + "]";
}

template <class T>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;

template <class T>
constexpr ValueKind kind_of() {
  if constexpr (kIsList<T>) return ValueKind::list;
  if constexpr (std::is_same_v<T, bool>) return ValueKind::boolean;
  if constexpr (std::is_same_v<T, unsigned>) return ValueKind::integer;
  if constexpr (std::is_same_v<T, std::uint64_t>) return ValueKind::quantity;
  if constexpr (requires { typename T::period; }) return ValueKind::quantity;
  return ValueKind::text;
}

// A setting that is kept in one member; `field` gives a reference to it.
template <class Target, class Field>
Setting<Target> setting(std::string_view key, std::string_view placeholder, std::string_view description,
                        Field field) {
  using Value = std::remove_cvref_t<decltype(field(std::declval<Target&>()))>;
  return {.key = key,
          .placeholder = placeholder,
          .description = description,
          .kind = kind_of<Value>(),
          .set = [field](Target& target, const Values& values) { return read_values(values, field(target)); },
          .show = [field](const Target& target) { return show(field(target)); }};
}

#define MYCOUCH_FIELD(path) [](auto& target) -> auto& { return target.path; }

// The password and the file that holds it replace each other, so that the source that goes first decides.
std::vector<Setting<Config>> password_settings() {
  return {
      {"admin.password", "TEXT",
       "the administrator's password; others on the machine may see a flag: use a file", ValueKind::text,
       [](Config& config, const Values& values) -> Result<void> {
         config.admin.password_file.clear();
         return read_values(values, config.admin.password);
       },
       [](const Config& config) -> std::string { return config.admin.password.empty() ? "" : "\"(set)\""; }},
      {"admin.password_file", "PATH", "a file whose first line is the administrator's password",
       ValueKind::text,
       [](Config& config, const Values& values) -> Result<void> {
         config.admin.password.clear();
         return read_values(values, config.admin.password_file);
       },
       [](const Config& config) {
         return config.admin.password_file.empty() ? "" : json::quoted(config.admin.password_file);
       }}};
}

std::vector<Setting<Config>> make_server_settings() {
  const auto make = [](auto... arguments) { return setting<Config>(arguments...); };
  std::vector<Setting<Config>> settings{
      make("listen", "ADDRESS:PORT", "where to listen; port 0: any free one", MYCOUCH_FIELD(listen)),
      make("threads", "N", "threads that serve connections; 0: one per core", MYCOUCH_FIELD(http.threads)),
      make("gzip", "BOOL", "compress answers where the client accepts it", MYCOUCH_FIELD(http.gzip)),
      make("store.url", "URL", "rocksdb:DIRECTORY, memory: or http://USER:PASSWORD@HOST:PORT of a CouchDB",
           MYCOUCH_FIELD(store.url)),
      make("store.system_database", "NAME", "the database of users and tenants",
           MYCOUCH_FIELD(store.system_database)),
      make("store.name_prefix", "TEXT", "what the names of a CouchDB's databases begin with there",
           MYCOUCH_FIELD(store.name_prefix)),
      make("store.index", "DIRECTORY", "what a gateway keeps of a CouchDB's changes",
           MYCOUCH_FIELD(store.index)),
      make("store.cache", "SIZE", "memory for what was read from disk", MYCOUCH_FIELD(store.cache_bytes)),
      make("admin.user", "NAME", "the administrator's name", MYCOUCH_FIELD(admin.user))};
  std::ranges::move(password_settings(), std::back_inserter(settings));
  std::ranges::move(
      std::vector{
          make("auth.leeway", "TIME", "for clocks that differ from the issuer's", MYCOUCH_FIELD(auth.leeway)),
          make("auth.cache_entries", "N", "verified tokens that are kept", MYCOUCH_FIELD(auth.cache_entries)),
          make("tenants.retention", "TIME", "in which a deleted tenant can be restored",
               MYCOUCH_FIELD(tenants.retention)),
          make("audit.retention", "TIME", "for which records of the audit trail are kept",
               MYCOUCH_FIELD(audit.retention)),
          make("limits.max_head", "SIZE", "of a request's line and fields", MYCOUCH_FIELD(http.max_head)),
          make("limits.max_body", "SIZE", "of a request's body", MYCOUCH_FIELD(http.max_body)),
          make("limits.max_document_size", "SIZE", "of one document's JSON",
               MYCOUCH_FIELD(max_document_size)),
          make("limits.max_attachment", "SIZE", "of one attachment", MYCOUCH_FIELD(max_attachment)),
          make("limits.max_connections", "N", "that are open at once", MYCOUCH_FIELD(http.max_connections)),
          make("limits.head_timeout", "TIME", "for a request's head to arrive",
               MYCOUCH_FIELD(http.head_timeout)),
          make("limits.body_timeout", "TIME", "without a byte of a request's body",
               MYCOUCH_FIELD(http.body_timeout)),
          make("limits.idle_timeout", "TIME", "of a connection without a request",
               MYCOUCH_FIELD(http.idle_timeout)),
          make("limits.write_timeout", "TIME", "without progress of an answer",
               MYCOUCH_FIELD(http.write_timeout)),
          make("limits.shutdown_grace", "TIME", "for requests to end after SIGTERM",
               MYCOUCH_FIELD(http.shutdown_grace)),
          make("log.level", "LEVEL", "debug, info, warning, error or off", MYCOUCH_FIELD(log.level)),
          make("log.format", "FORMAT", "text or json", MYCOUCH_FIELD(log.format))},
      std::back_inserter(settings));
  return settings;
}

// A secret, and the file that holds it: what was read of the file is kept, so that the source that goes first
// decides.
std::vector<Setting<auth::Application>> secret_settings(std::string_view key, std::string_view file_key,
                                                        std::string_view description,
                                                        std::string_view file_description,
                                                        std::string auth::Application::* field) {
  return {{key, "TEXT", description, ValueKind::text,
           [field](auth::Application& application, const Values& values) {
             return read_values(values, application.*field);
           },
           [field](const auth::Application& application) -> std::string {
             return (application.*field).empty() ? "" : "\"(set)\"";
           }},
          {file_key, "PATH", file_description, ValueKind::text,
           [field](auth::Application& application, const Values& values) -> Result<void> {
             std::string path;
             MYCOUCH_CHECK(read_values(values, path));
             MYCOUCH_TRY(application.*field, tenancy::read_secret_file(path));
             return {};
           },
           [](const auth::Application&) { return std::string(); }}};
}

std::vector<Setting<auth::Application>> make_provider_settings() {
  const auto make = [](auto... arguments) { return setting<auth::Application>(arguments...); };
  auto settings =
      secret_settings("clerk_secret_key", "clerk_secret_key_file",
                      "Clerk's key (sk_…), to tell it active tenants; rather use a file",
                      "a file whose first line is Clerk's key", &auth::Application::clerk_secret_key);
  settings.push_back(make("clerk_api_url", "URL", "Clerk's Backend API", MYCOUCH_FIELD(clerk_api_url)));
  settings.push_back(make("invitation_webhook", "URL", "where invitations are sent; empty: nowhere",
                          MYCOUCH_FIELD(invitation_webhook)));
  std::ranges::move(secret_settings("invitation_webhook_secret", "invitation_webhook_secret_file",
                                    "signs what the webhook is sent; rather use a file",
                                    "a file whose first line is that secret",
                                    &auth::Application::invitation_webhook_secret),
                    std::back_inserter(settings));
  return settings;
}

std::vector<Setting<auth::Application>> make_application_settings() {
  const auto make = [](auto... arguments) { return setting<auth::Application>(arguments...); };
  std::vector<Setting<auth::Application>> settings{
      make("id", "NAME", "names the application in its tenants", MYCOUCH_FIELD(id)),
      make("issuer", "URL", "the `iss` of its tokens", MYCOUCH_FIELD(issuer)),
      make("jwks", "URL", "the issuer's keys: a URL or file:PATH; default: from the issuer",
           MYCOUCH_FIELD(jwks)),
      make("databases", "NAMES", "its databases: names, or patterns such as roady-*",
           MYCOUCH_FIELD(databases)),
      make("algorithms", "NAMES", "accepted: RS256, RS384, RS512, PS256, ES256, EdDSA",
           MYCOUCH_FIELD(algorithms)),
      make("audiences", "NAMES", "accepted `aud`; none: not checked", MYCOUCH_FIELD(audiences)),
      make("authorized_parties", "NAMES", "accepted `azp`; none: not checked",
           MYCOUCH_FIELD(authorized_parties)),
      make("tenant_claim", "NAME", "the claim that names the active tenant", MYCOUCH_FIELD(tenant_claim)),
      make("tenant_source", "SOURCE", "of the active tenant: claim or profile", MYCOUCH_FIELD(tenant_source)),
      make("tenant_field", "NAME", "the field that carries the tenant in documents; empty: none",
           MYCOUCH_FIELD(tenant_field)),
      make("subject_prefix", "TEXT", "put before `sub` in ids, unique among the applications",
           MYCOUCH_FIELD(subject_prefix)),
      make("allowed_origins", "ORIGINS", "of web pages: such as https://app.example or http://localhost:*",
           MYCOUCH_FIELD(allowed_origins))};
  std::ranges::move(make_provider_settings(), std::back_inserter(settings));
  return settings;
}

#undef MYCOUCH_FIELD

// Levenshtein's distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

}  // namespace

const std::vector<Setting<Config>>& server_settings() {
  static const std::vector<Setting<Config>> settings = make_server_settings();
  return settings;
}

const std::vector<Setting<auth::Application>>& application_settings() {
  static const std::vector<Setting<auth::Application>> settings = make_application_settings();
  return settings;
}

std::string flag_of(std::string_view key) {
  std::string flag = "--";
  for (char c : key) flag += c == '.' || c == '_' ? '-' : c;
  return flag;
}

std::string variable_of(std::string_view key) {
  std::string variable = "MYCOUCH_";
  for (char c : key)
    variable += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace mycouch::app
