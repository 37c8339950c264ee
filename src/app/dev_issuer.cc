#include "app/dev_issuer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "api/errors.h"
#include "app/dev_pages.h"
#include "http/cors.h"
#include "json/value.h"
#include "tenancy/documents.h"

namespace mycouch::app {
namespace {

constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";
constexpr std::string_view kKeysPath = "/.well-known/jwks.json";
constexpr std::string_view kSignInPath = "/_dev/sign-in";
constexpr std::string_view kTokenPath = "/_dev/token";
constexpr std::uint64_t kMaxTokenRequest = 16 << 10;  // bytes

bool is_loopback_name(std::string_view authority) {
  const std::size_t end = authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':');
  const std::string_view host = authority.substr(0, end);
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

bool is_loopback_origin(std::string_view origin) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return is_loopback_name(origin.substr(scheme.size()));
  }
  return false;
}

bool is_for_the_issuer(const http::Request& request) {
  const std::string_view path = request.raw_path();
  return path == kDiscoveryPath || path == kKeysPath || path == kSignInPath || path == kTokenPath;
}

http::Response page(std::string html) {
  http::Response response{.status = 200, .headers = {}, .body = std::move(html)};
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
      "img-src data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
  response.headers.add("Referrer-Policy", "no-referrer");
  response.headers.add("Cache-Control", "no-store");
  return response;
}

http::Response allow_only(std::string methods) {
  http::Response response =
      api::error_response({.code = Errc::method_not_allowed, .reason = "Only " + methods + " allowed"});
  response.headers.set("Allow", std::move(methods));
  return response;
}

}  // namespace

auth::Application development_application() {
  auth::Application application;
  application.id = "roady";
  application.databases = {"roady", "roady-*", "demo-*"};
  application.allowed_origins = {"http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"};
  return application;
}

Task<auth::JwksAnswer> SignerJwksSource::fetch() {
  co_return auth::JwksAnswer{.text = jwks_, .fresh_for = std::nullopt};
}

DevIssuer::DevIssuer(std::shared_ptr<const auth::Application> application, auth::Signer signer,
                     tenancy::Tenancy& tenancy, const base::Clock& clock, base::Pool& pool)
    : application_(std::move(application)),
      signer_(std::move(signer)),
      tenancy_(tenancy),
      clock_(clock),
      pool_(pool) {}

boost::asio::awaitable<bool> DevIssuer::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (!is_for_the_issuer(request)) co_return false;
  if (auto preflight = http::preflight_response(request, is_loopback_origin)) {
    (void)co_await exchange.send(*std::move(preflight));
    co_return true;
  }
  Result<http::Response> answered = co_await answer(exchange);
  http::Response response = answered ? *std::move(answered) : api::error_response(answered.error());
  http::add_cors_fields(response.headers, request, is_loopback_origin);
  (void)co_await exchange.send(std::move(response));
  co_return true;
}

Task<http::Response> DevIssuer::answer(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  // A page of elsewhere whose name was made to point here (DNS rebinding) must not get tokens.
  if (!is_loopback_name(request.headers.find("Host").value_or(""))) {
    co_return fail(Errc::forbidden, "the development issuer answers to localhost only");
  }
  const std::string_view path = request.raw_path();
  if (path == kTokenPath) {
    if (request.method != http::Method::post) co_return allow_only("POST");
    co_return co_await token(exchange);
  }
  if (request.method != http::Method::get && request.method != http::Method::head)
    co_return allow_only("GET, HEAD");
  if (path == kDiscoveryPath) co_return discovery();
  if (path == kKeysPath) co_return api::json_response(200, signer_.jwks());
  co_return page(std::string(sign_in_page()));
}

http::Response DevIssuer::discovery() const {
  const std::string& issuer = application_->issuer;
  const json::Object document{{"issuer", issuer},
                              {"authorization_endpoint", issuer + std::string(kSignInPath)},
                              {"token_endpoint", issuer + std::string(kTokenPath)},
                              {"jwks_uri", issuer + std::string(kKeysPath)},
                              {"response_types_supported", json::Array{"token"}},
                              {"subject_types_supported", json::Array{"public"}},
                              {"id_token_signing_alg_values_supported", json::Array{"RS256"}},
                              {"claims_supported", json::Array{"sub", "sid", "email", "email_verified",
                                                               "name", application_->tenant_claim}}};
  return api::json_response(200, json::write(document));
}

Task<http::Response> DevIssuer::token(http::Exchange& exchange) {
  const std::string content_type(exchange.request().headers.find("Content-Type").value_or(""));
  MYCOUCH_CO_TRY(std::string body, co_await exchange.read_body(kMaxTokenRequest));
  MYCOUCH_CO_TRY(TokenRequest request, read_token_request(content_type, body));
  std::string user_id(tenancy::kUserPrefix);
  user_id += application_->subject_prefix + request.sub;
  MYCOUCH_CO_TRY(std::optional<std::string> tenant, co_await tenancy_.active_tenant_of(std::move(user_id)));
  std::string signed_token =
      co_await pool_.run([&] { return make_token(signer_, *application_, request, tenant, clock_.now()); });
  const json::Object answer{{"access_token", std::move(signed_token)},
                            {"token_type", "Bearer"},
                            {"expires_in", std::int64_t{request.expires_in.count()}}};
  http::Response response = api::json_response(200, json::write(answer));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace mycouch::app
