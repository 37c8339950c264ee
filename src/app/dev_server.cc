#include "app/dev_server.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "app/dev_issuer.h"
#include "app/files.h"
#include "app/run_server.h"
#include "auth/signer.h"
#include "base/encoding.h"
#include "base/random.h"
#include "http/client.h"
#include "json/value.h"

namespace mycouch::app {
namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:5985";
constexpr std::size_t kPasswordBytes = 18;  // 24 characters

std::unexpected<Error> failed(const std::filesystem::path& path, const std::string& reason) {
  return fail(Errc::unavailable, fmt::format("{}: {}", path.string(), reason));
}

Result<void> make_folder(const DevFolder& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder.path, error);
  if (error) return failed(folder.path, error.message());
  return {};
}

Result<void> make_password(const DevFolder& folder) {
  const std::filesystem::path path = folder.admin_password();
  if (std::filesystem::exists(path)) return {};
  const std::string password = base::to_base64url(base::random_bytes(kPasswordBytes));
  if (Result<void> written = write_private_file(path, password + "\n"); !written) {
    return failed(path, written.error().reason);
  }
  return {};
}

Result<auth::Signer> open_signer(const DevFolder& folder) {
  Result<auth::Signer> signer = auth::Signer::open(folder.issuer_key());
  if (!signer) return failed(folder.issuer_key(), signer.error().reason);
  return signer;
}

void greet(const DevFolder& folder, const Config& config, const std::string& url) {
  std::string token_command = fmt::format("{} dev-token --sub alice", program_invocation_name);
  if (folder.path != DevFolder().path) token_command += " --data " + folder.path.string();
  fmt::print(
      "\n"
      "  mycouch is ready at {0}\n"
      "\n"
      "  See it work   {0}/\n"
      "  Sign in       {0}/_dev/sign-in\n"
      "  Try it        curl -H \"Authorization: Bearer $({1})\" {0}/__tenants\n"
      "  Data          {2}\n"
      "  Administrator {3}, password in {4}\n"
      "\n"
      "  Ctrl-C stops it.\n"
      "\n",
      url, token_command, shown_url(config.store), config.admin.user,
      config.admin.password_file.empty() ? "the configuration" : config.admin.password_file);
  std::fflush(stdout);
}

// The token that a running server gives; nothing where none answers as one.
Result<std::optional<std::string>> ask_server(const std::string& url, const TokenRequest& request) {
  http::ClientRequest asked;
  asked.method = http::Method::post;
  asked.url = url + "/_dev/token";
  asked.headers.add("Content-Type", "application/json");
  asked.body = json::write(json::Object{{"sub", request.sub},
                                        {"email", request.email},
                                        {"name", request.name},
                                        {"expires_in", std::int64_t{request.expires_in.count()}}});
  asked.timeout = std::chrono::seconds(3);
  Result<http::Response> answer = fail(Errc::unavailable, "no answer");
  boost::asio::io_context context;
  boost::asio::co_spawn(context, http::fetch(std::move(asked)),
                        [&answer](const std::exception_ptr& thrown, Result<http::Response> ended) {
                          if (!thrown) answer = std::move(ended);
                        });
  context.run();
  if (!answer) return std::nullopt;
  Result<json::Value> body = json::parse(answer->body);
  if (!body || body->as_object() == nullptr) return std::nullopt;
  if (answer->status == 200) return std::optional<std::string>(body->as_object()->string("access_token"));
  if (answer->status != 400) return std::nullopt;
  return fail(Errc::bad_request,
              std::string(body->as_object()->string("reason").value_or("the server refused")));
}

}  // namespace

Config dev_config(const DevFolder& folder) {
  Config config;
  config.store.url = "rocksdb:" + folder.store().string();
  config.admin.password_file = folder.admin_password().string();
  config.applications.push_back(development_application());
  config.applications.front().issuer = kDefaultUrl;
  return config;
}

Result<void> run_dev_server(const DevFolder& folder, const Config& config, std::span<const StaticFile> site) {
  MYCOUCH_TRY(const Endpoint endpoint, parse_listen(config.listen));
  if (!endpoint.loopback) {
    return fail(Errc::forbidden,
                fmt::format("the development issuer lets anyone in, so it listens on a loopback "
                            "address only, such as 127.0.0.1:5985, and not on {}",
                            to_string(endpoint)));
  }
  MYCOUCH_CHECK(make_folder(folder));
  MYCOUCH_CHECK(make_password(folder));
  MYCOUCH_TRY(auth::Signer signer, open_signer(folder));
  const auto ready = [&](const std::string& url) {
    // Only `dev-token` reads it, and falls back to the default.
    (void)write_private_file(folder.url(), url + "\n");
    greet(folder, config, url);
  };
  return run_server(config, Development{.signer = std::move(signer), .site = site, .ready = ready});
}

Result<std::string> dev_token(const DevFolder& folder, std::optional<std::string> url, TokenRequest request) {
  MYCOUCH_TRY(request, complete_token_request(std::move(request)));
  if (!url) {
    Result<std::string> kept = read_file(folder.url());
    url = kept ? first_line(*kept) : std::string(kDefaultUrl);
  }
  MYCOUCH_TRY(std::optional<std::string> given, ask_server(*url, request));
  if (given) return *std::move(given);
  MYCOUCH_CHECK(make_folder(folder));
  MYCOUCH_TRY(auth::Signer signer, open_signer(folder));
  auth::Application application = development_application();
  application.issuer = *std::move(url);
  return make_token(signer, application, request, std::nullopt, base::system_clock().now());
}

}  // namespace mycouch::app
