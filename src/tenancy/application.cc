#include "tenancy/application.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "http/client.h"
#include "tenancy/documents.h"
#include "tenancy/invitation_delivery.h"

namespace mycouch::tenancy {
namespace {

using auth::Application;

std::unexpected<Error> not_a(std::string_view what) {
  return fail(Errc::bad_request, "must be " + std::string(what));
}

Result<std::string> read_text(const json::Value& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) return not_a("a string");
  return *text;
}

Result<std::vector<std::string>> read_texts(const json::Value& value) {
  const json::Array* array = value.as_array();
  if (array == nullptr) return not_a("an array of strings");
  std::vector<std::string> texts;
  for (const json::Value& item : *array) {
    if (item.as_string() == nullptr) return not_a("an array of strings");
    texts.push_back(*item.as_string());
  }
  return texts;
}

template <std::string Application::* Field>
Result<void> set_text(Application& application, const json::Value& value) {
  MYCOUCH_TRY(application.*Field, read_text(value));
  return {};
}

template <std::string Application::* Field>
Result<void> set_from_file(Application& application, const json::Value& value) {
  MYCOUCH_TRY(std::string path, read_text(value));
  MYCOUCH_TRY(application.*Field, read_secret_file(path));
  return {};
}

template <std::vector<std::string> Application::* Field>
Result<void> set_texts(Application& application, const json::Value& value) {
  MYCOUCH_TRY(application.*Field, read_texts(value));
  return {};
}

Result<void> set_algorithms(Application& application, const json::Value& value) {
  MYCOUCH_TRY(std::vector<std::string> names, read_texts(value));
  application.algorithms.clear();
  for (const std::string& name : names) {
    std::optional<auth::Algorithm> algorithm = auth::algorithm_from(name);
    if (!algorithm) return not_a("of RS256, RS384, RS512, PS256, ES256, EdDSA");
    application.algorithms.push_back(*algorithm);
  }
  return {};
}

Result<void> set_tenant_source(Application& application, const json::Value& value) {
  const std::string* word = value.as_string();
  if (word == nullptr || (*word != "claim" && *word != "profile")) return not_a("\"claim\" or \"profile\"");
  application.tenant_source = *word == "claim" ? auth::TenantSource::claim : auth::TenantSource::profile;
  return {};
}

struct Member {
  std::string_view name;
  Result<void> (*set)(Application&, const json::Value&);
};

constexpr std::array<Member, 17> kMembers{
    {{"issuer", set_text<&Application::issuer>},
     {"jwks", set_text<&Application::jwks>},
     {"databases", set_texts<&Application::databases>},
     {"algorithms", set_algorithms},
     {"audiences", set_texts<&Application::audiences>},
     {"authorized_parties", set_texts<&Application::authorized_parties>},
     {"tenant_claim", set_text<&Application::tenant_claim>},
     {"tenant_source", set_tenant_source},
     {"tenant_field", set_text<&Application::tenant_field>},
     {"subject_prefix", set_text<&Application::subject_prefix>},
     {"allowed_origins", set_texts<&Application::allowed_origins>},
     {"clerk_secret_key", set_text<&Application::clerk_secret_key>},
     {"clerk_secret_key_file", set_from_file<&Application::clerk_secret_key>},
     {"clerk_api_url", set_text<&Application::clerk_api_url>},
     {"invitation_webhook", set_text<&Application::invitation_webhook>},
     {"invitation_webhook_secret", set_text<&Application::invitation_webhook_secret>},
     {"invitation_webhook_secret_file", set_from_file<&Application::invitation_webhook_secret>}}};

std::string quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

bool is_web_url(std::string_view text) {
  return http::parse_url(text).has_value();
}

// Scheme and host, with a port or '*' for any; or "*" for every origin.
bool is_origin_pattern(std::string_view text) {
  if (text == "*") return true;
  return text.contains("://") && text.find('/', text.find("://") + 3) == std::string_view::npos;
}

void check_tokens(const Application& application, std::vector<std::string>& complaints) {
  if (application.issuer.empty()) {
    complaints.emplace_back("needs an issuer");
  } else if (!is_web_url(application.issuer)) {
    complaints.emplace_back("the issuer must be an http:// or https:// URL");
  }
  if (!application.jwks.empty() && !is_web_url(application.jwks) && !application.jwks.starts_with("file:")) {
    complaints.emplace_back("jwks must be an http:// or https:// URL or file:PATH");
  }
  if (application.algorithms.empty()) complaints.emplace_back("needs at least one algorithm");
  if (application.tenant_source == auth::TenantSource::claim && application.tenant_claim.empty()) {
    complaints.emplace_back("tenant_source is \"claim\", but tenant_claim is empty");
  }
}

void check_databases(const Application& application, std::string_view system_database,
                     std::vector<std::string>& complaints) {
  // What stands for itself behind /__tenants/{tenant}/.
  constexpr std::array<std::string_view, 4> kRoutes{"members", "invitations", "transfer", "restore"};
  if (application.databases.empty()) complaints.emplace_back("needs databases");
  if (application.serves(system_database)) {
    complaints.push_back("its databases include the system database " + quoted(system_database));
  }
  for (const std::string& name : application.databases) {
    if (std::ranges::find(kRoutes, name) == kRoutes.end()) continue;
    complaints.push_back("a database cannot be named " + quoted(name) + ": /__tenants/{tenant}/" + name +
                         " is something else");
  }
  if (application.tenant_field.starts_with('_'))
    complaints.emplace_back("tenant_field must not begin with '_'");
}

void check_provider(const Application& application, std::vector<std::string>& complaints) {
  constexpr std::size_t kShortestKey = 24;  // bytes (Standard Webhooks 1.0, signature scheme)
  if (!is_web_url(application.clerk_api_url)) {
    complaints.emplace_back("clerk_api_url must be an http:// or https:// URL");
  }
  if (application.invitation_webhook.empty()) return;
  if (!is_web_url(application.invitation_webhook)) {
    complaints.emplace_back("invitation_webhook must be an http:// or https:// URL");
  }
  if (application.invitation_webhook_secret.empty()) {
    complaints.emplace_back("invitation_webhook needs an invitation_webhook_secret");
    return;
  }
  std::optional<std::string> key = webhook_key(application.invitation_webhook_secret);
  if (!key) complaints.emplace_back("invitation_webhook_secret is not whsec_ and base64");
  if (key && key->size() < kShortestKey) {
    complaints.emplace_back("invitation_webhook_secret is shorter than 24 bytes");
  }
}

}  // namespace

Result<Application> read_application(const json::Object& document) {
  Application application;
  for (const auto& [name, value] : document) {
    if (name == "_id") application.id = value.as_string()->substr(kApplicationPrefix.size());
    if (name == "type" || name.starts_with('_')) continue;
    const auto* member = std::ranges::find(kMembers, name, &Member::name);
    if (member == kMembers.end()) return fail(Errc::bad_request, "unknown member " + quoted(name));
    Result<void> set = member->set(application, value);
    if (!set) return fail(set.error().code, quoted(name) + " " + set.error().reason);
  }
  return application;
}

std::vector<std::string> complaints_of(const Application& application, std::string_view system_database) {
  std::vector<std::string> complaints;
  if (application.id.empty()) complaints.emplace_back("needs an id");
  check_tokens(application, complaints);
  check_databases(application, system_database, complaints);
  for (const std::string& origin : application.allowed_origins) {
    if (is_origin_pattern(origin)) continue;
    complaints.push_back(quoted(origin) +
                         " is not an origin such as https://app.example or http://localhost:*");
  }
  check_provider(application, complaints);
  return complaints;
}

// Read in place: one line of a local file.
Result<std::string> read_secret_file(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file.is_open()) return fail(Errc::unavailable, "names a file that cannot be read: " + path);
  std::getline(file, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return fail(Errc::bad_request, "names a file whose first line is empty: " + path);
  return line;
}

}  // namespace mycouch::tenancy
