#include "app/run_server.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "api/errors.h"
#include "api/service.h"
#include "app/dev_issuer.h"
#include "app/dev_site.h"
#include "app/files.h"
#include "app/open_store.h"
#include "app/run_here.h"
#include "auth/issuers.h"
#include "base/log.h"
#include "base/offload.h"
#include "http/server.h"
#include "tenancy/application_documents.h"
#include "tenancy/audit_retention.h"
#include "tenancy/invitation_delivery.h"
#include "tenancy/outbox.h"
#include "tenancy/tenancy.h"

namespace mycouch::app {
namespace {

namespace asio = boost::asio;

// For reads that wait for the disk and for signatures: more than cores, as most of them wait.
std::size_t pool_threads() {
  return std::clamp(2U * std::thread::hardware_concurrency(), 4U, 32U);
}

Result<auth::Administrator> administrator_of(const AdminConfig& config) {
  auth::Administrator administrator{.user = config.user, .password = config.password};
  if (config.password_file.empty()) return administrator;
  Result<std::string> text = read_file(config.password_file);
  if (!text) {
    return fail(Errc::unavailable, fmt::format("the administrator's password file {}: {}",
                                               config.password_file, text.error().reason));
  }
  administrator.password = first_line(*text);
  if (administrator.password.empty()) {
    return fail(Errc::bad_request,
                fmt::format("the administrator's password file {} is empty", config.password_file));
  }
  return administrator;
}

Result<std::unique_ptr<http::Server>> listen(const Config& config, const Endpoint& endpoint,
                                             api::Service& service) {
  http::ServerOptions options = config.http;
  options.address = endpoint.address;
  options.port = endpoint.port;
  try {
    return std::make_unique<http::Server>(
        std::move(options), [&service](http::Exchange& exchange) { return service.handle(exchange); },
        [](const Error& error) { return api::error_response(error); });
  } catch (const std::system_error& error) {
    return fail(Errc::unavailable,
                fmt::format("cannot listen on {}: {}", to_string(endpoint), error.code().message()));
  }
}

auth::Issuers::SourceOf sources(const Config& config, const std::optional<Development>& development) {
  if (!development) return auth::make_jwks_source;
  return [id = config.applications.front().id, signer = development->signer](
             const auth::Application& application) -> std::unique_ptr<auth::JwksSource> {
    if (application.id == id) return std::make_unique<SignerJwksSource>(signer);
    return auth::make_jwks_source(application);
  };
}

Result<void> add_applications(const Config& config, auth::Issuers& issuers, const std::string& url,
                              bool development) {
  for (std::size_t i = 0; i < config.applications.size(); ++i) {
    auth::Application application = config.applications[i];
    if (development && i == 0) application.issuer = url;
    MYCOUCH_CHECK(issuers.add(std::move(application)));
  }
  return {};
}

void log_start(const Config& config, const Endpoint& endpoint, const auth::Issuers& issuers,
               bool has_administrator) {
  log::info(
      "listening",
      {{"address", to_string(endpoint)}, {"store", shown_url(config.store)}, {"version", MYCOUCH_VERSION}});
  for (const auto& application : issuers.applications()) {
    log::info("serving an application", {{"application", application->id}, {"issuer", application->issuer}});
  }
  if (config.applications.empty() && !has_administrator) {
    log::warning("nobody can sign in: there is no [[application]] and no administrator's password");
  }
}

// Returns when the server has stopped.
void serve_until_signal(http::Server& server) {
  asio::io_context context;
  asio::signal_set signals(context, SIGINT, SIGTERM);
  std::jthread stopper;
  std::function<void(boost::system::error_code, int)> on_signal = [&](boost::system::error_code error,
                                                                      int signal) {
    if (error) return;
    if (stopper.joinable()) {
      log::warning("stopped at once by a second signal");
      log::flush();
      std::_Exit(128 + signal);
    }
    log::info("stopping", {{"signal", signal}});
    signals.async_wait(on_signal);
    stopper = std::jthread([&server, &context] {
      server.stop();
      context.stop();
    });
  };
  signals.async_wait(on_signal);
  server.start();
  context.run();
}

}  // namespace

Result<void> run_server(const Config& config, std::optional<Development> development) {
  log::configure(config.log.level, config.log.format);
  std::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any more must not end the server
  MYCOUCH_TRY(Endpoint endpoint, parse_listen(config.listen));
  MYCOUCH_TRY(auth::Administrator administrator, administrator_of(config.admin));
  const bool has_administrator = !administrator.password.empty();
  const base::Clock& clock = base::system_clock();

  // In the order of dependence: each is destroyed before what it refers to.
  asio::io_context setup(1);
  base::Pool pool(pool_threads());
  MYCOUCH_TRY(std::unique_ptr<store::Store> store, open_store(config.store, pool, config.applications));
  auth::Issuers issuers(clock, {}, sources(config, development));
  tenancy::LogDelivery invitation_log;
  tenancy::Tenancy tenancy(
      *store, config.store.system_database, issuers, clock,
      {.retention = config.tenants.retention, .invitations = development ? &invitation_log : nullptr});
  MYCOUCH_CHECK(run_here(setup, tenancy.start()));
  auth::Authenticator authenticator(issuers, std::move(administrator), config.auth, clock, pool);
  std::unique_ptr<DevIssuer> dev_issuer;  // made once the port is known
  api::Service::ExtraHandler first;
  const DevSite site(development ? development->site : std::span<const StaticFile>());
  if (development) {
    first = [&dev_issuer, &site](http::Exchange& exchange) -> asio::awaitable<bool> {
      co_return co_await dev_issuer->handle(exchange) || co_await site.handle(exchange);
    };
  }
  api::Service service({.store = *store,
                        .tenancy = tenancy,
                        .issuers = issuers,
                        .clock = clock,
                        .options = {.version = MYCOUCH_VERSION,
                                    .system_database = config.store.system_database,
                                    .max_document_size = config.max_document_size,
                                    .max_request = config.http.max_body,
                                    .max_attachment = config.max_attachment}},
                       authenticator, std::move(first));
  MYCOUCH_TRY(std::unique_ptr<http::Server> server, listen(config, endpoint, service));

  endpoint.port = server->port();
  const std::string url = "http://" + to_string(endpoint);
  MYCOUCH_CHECK(add_applications(config, issuers, url, development.has_value()));
  tenancy::ApplicationDocuments application_documents(*store, config.store.system_database, issuers);
  MYCOUCH_CHECK(run_here(setup, application_documents.load()));
  tenancy::WebhookDelivery webhook(clock);
  tenancy::Outbox outbox(*store, config.store.system_database, issuers, webhook, clock);
  tenancy::AuditRetention audit_retention(tenancy.audit(), clock, config.audit.retention);
  if (development) {
    dev_issuer = std::make_unique<DevIssuer>(issuers.application(config.applications.front().id),
                                             development->signer, tenancy, clock, pool);
  }
  issuers.start(server->executor());
  application_documents.start(server->executor());
  outbox.start(server->executor());
  audit_retention.start(server->executor());
  log_start(config, endpoint, issuers, has_administrator);
  if (development) development->ready(url);
  serve_until_signal(*server);

  audit_retention.stop();
  outbox.stop();
  application_documents.stop();
  issuers.stop();
  store->stop();
  pool.join();
  // The queue's last answers go to the server's executors, so the store ends before they do.
  store->close();
  server.reset();
  log::info("stopped");
  log::flush();
  return {};
}

}  // namespace mycouch::app
