#include "auth/jwks_source.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "http/ascii.h"
#include "http/client.h"
#include "json/value.h"

namespace mycouch::auth {
namespace {

using std::chrono::seconds;

constexpr seconds kShortestFreshness{60};
constexpr seconds kLongestFreshness{3600};
constexpr seconds kFileInterval{5};
constexpr std::string_view kFilePrefix = "file:";

// Status 200, or an error that says which address gave what.
Task<http::Response> get(std::string url) {
  http::ClientRequest request;
  request.url = url;
  request.max_response = kMaxJwks;
  request.headers.add("Accept", "application/json");
  auto response = co_await http::fetch(std::move(request));
  if (!response) co_return fail(Errc::unavailable, url + ": " + response.error().reason);
  if (response->status != 200) {
    co_return fail(Errc::unavailable, url + ": status " + std::to_string(response->status));
  }
  co_return *std::move(response);
}

// delta-seconds (RFC 9111, section 1.2.2): too large a number means the largest; nothing for what is no
// number.
std::optional<seconds> delta_seconds(std::string_view text) {
  std::uint32_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  return error == std::errc::result_out_of_range ? seconds::max() : seconds(count);
}

}  // namespace

Task<JwksAnswer> UrlJwksSource::fetch() {
  std::string url = url_;
  if (url.empty()) {
    MYCOUCH_CO_TRY(url, co_await discover());
  }
  MYCOUCH_CO_TRY(http::Response response, co_await get(std::move(url)));
  JwksAnswer answer{std::move(response.body), std::nullopt};
  if (auto age = max_age(response.headers.find("Cache-Control").value_or(""))) {
    answer.fresh_for = std::clamp(*age, kShortestFreshness, kLongestFreshness);
  }
  co_return answer;
}

Task<std::string> UrlJwksSource::discover() {
  std::string base = issuer_;
  if (base.ends_with('/')) base.pop_back();
  MYCOUCH_CO_TRY(http::Response response, co_await get(base + "/.well-known/openid-configuration"));
  auto document = json::parse(response.body);
  const json::Object* metadata = document ? document->as_object() : nullptr;
  if (metadata == nullptr) co_return fail(Errc::unavailable, "the discovery document is not a JSON object");
  if (metadata->string("issuer") != issuer_) {
    co_return fail(Errc::unavailable, "the discovery document names another issuer");
  }
  auto url = metadata->string("jwks_uri");
  if (!url) co_return fail(Errc::unavailable, "the discovery document has no jwks_uri");
  if (issuer_.starts_with("https://") && !url->starts_with("https://")) {
    co_return fail(Errc::unavailable, "the discovery document has a jwks_uri without TLS");
  }
  co_return std::string(*url);
}

// Read in place: a few kilobytes of a local file.
Task<JwksAnswer> FileJwksSource::fetch() {
  std::ifstream file(path_, std::ios::binary);
  std::string text(kMaxJwks + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) co_return fail(Errc::unavailable, path_ + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxJwks) co_return fail(Errc::unavailable, path_ + ": too large");
  co_return JwksAnswer{std::move(text), kFileInterval};
}

std::unique_ptr<JwksSource> make_jwks_source(const Application& application) {
  if (application.jwks.starts_with(kFilePrefix)) {
    return std::make_unique<FileJwksSource>(application.jwks.substr(kFilePrefix.size()));
  }
  return std::make_unique<UrlJwksSource>(application.issuer, application.jwks);
}

std::optional<seconds> max_age(std::string_view cache_control) {
  std::optional<seconds> age;
  while (!cache_control.empty()) {
    std::size_t comma = std::min(cache_control.find(','), cache_control.size());
    std::string_view directive = http::trim(cache_control.substr(0, comma));
    cache_control.remove_prefix(std::min(comma + 1, cache_control.size()));
    std::size_t equals = std::min(directive.find('='), directive.size());
    std::string_view name = directive.substr(0, equals);
    if (http::equal_ignoring_case(name, "no-store") || http::equal_ignoring_case(name, "no-cache"))
      return seconds(0);
    if (http::equal_ignoring_case(name, "max-age") && equals < directive.size()) {
      age = delta_seconds(directive.substr(equals + 1));
    }
  }
  return age;
}

}  // namespace mycouch::auth
