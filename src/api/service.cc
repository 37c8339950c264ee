#include "api/service.h"

#include <algorithm>
#include <utility>

#include "api/errors.h"
#include "base/log.h"
#include "http/ascii.h"
#include "http/cors.h"

namespace mycouch::api {
namespace {

constexpr std::string_view kRequestIdField = "X-Couch-Request-ID";

Result<void> check_who(Who who, const auth::Principal* caller) {
  if (who == Who::administrator && !caller->administrator) {
    return fail(Errc::forbidden, "only the administrator may");
  }
  return {};
}

Result<void> check_fields(const http::Headers& headers) {
  int credentials = 0;
  for (const auto& [name, _] : headers) {
    if (http::equal_ignoring_case(name, "Authorization") && ++credentials > 1) {
      return fail(Errc::bad_request, "more than one Authorization field");
    }
  }
  return {};
}

// A pattern is an origin; "*", any; or an origin with ":*" for its port, any port or none.
bool matches(std::string_view pattern, std::string_view origin) {
  if (pattern == "*" || pattern == origin) return true;
  constexpr std::string_view kAnyPort = ":*";
  if (!pattern.ends_with(kAnyPort)) return false;
  pattern.remove_suffix(kAnyPort.size());
  if (!origin.starts_with(pattern)) return false;
  std::string_view port = origin.substr(pattern.size());
  if (port.empty()) return true;
  port.remove_prefix(1);
  return origin[pattern.size()] == ':' && !port.empty() &&
         std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_allowed_origin(const std::vector<std::shared_ptr<const auth::Application>>& applications,
                       std::string_view origin) {
  return std::ranges::any_of(applications, [origin](const auto& application) {
    return std::ranges::any_of(application->allowed_origins,
                               [origin](const std::string& pattern) { return matches(pattern, origin); });
  });
}

// What is known of a request by the time its answer, or its error, is sent.
struct Service::Progress {
  http::Headers common;
  std::vector<std::string> segments;  // the route's parameters are views of them
  std::shared_ptr<const auth::Principal> caller;
  std::string active_tenant;  // with token_refresh_required
  http::MethodSet allowed;    // with method_not_allowed
  bool virtual_table = false;
};

Service::Service(Backend backend, auth::Authenticator& authenticator, ExtraHandler extra)
    : backend_(std::move(backend)), authenticator_(authenticator), extra_(std::move(extra)) {}

boost::asio::awaitable<void> Service::handle(http::Exchange& exchange) {
  if (extra_ && co_await extra_(exchange)) co_return;

  const http::Request& request = exchange.request();
  Progress progress;
  progress.common.add(std::string(kRequestIdField), request.id);
  if (request.headers.find("Origin")) {
    auto allowed = [this](std::string_view origin) {
      return is_allowed_origin(backend_.issuers.applications(), origin);
    };
    if (auto preflight = http::preflight_response(request, allowed)) {
      (void)co_await exchange.send(*std::move(preflight));
      co_return;
    }
    http::add_cors_fields(progress.common, request, allowed);
  }
  Result<void> answered = co_await answer(exchange, progress);
  if (!answered) co_await send_error(exchange, progress, std::move(answered).error());
}

Task<void> Service::answer(http::Exchange& exchange, Progress& progress) {
  const http::Request& request = exchange.request();
  MYCOUCH_CO_CHECK(check_fields(request.headers));
  MYCOUCH_CO_TRY(progress.segments, http::split_path(request.raw_path()));
  http::RouteResult result = routes_.router().match(request.method, progress.segments);
  if (auto* wrong = std::get_if<http::MethodNotAllowed>(&result)) {
    progress.allowed = wrong->allowed;
    co_return fail(Errc::method_not_allowed, "Only " + http::to_string(wrong->allowed) + " allowed");
  }
  auto* match = std::get_if<http::RouteMatch>(&result);
  if (!match) co_return fail(Errc::not_found, "missing");
  co_return co_await dispatch(exchange, progress, endpoints()[match->index], std::move(match->parameters));
}

Task<void> Service::dispatch(http::Exchange& exchange, Progress& progress, const Endpoint& endpoint,
                             http::RouteParameters parameters) {
  progress.virtual_table = is_virtual_table(endpoint);
  MYCOUCH_CO_TRY(progress.caller, co_await authenticate(exchange.request(), endpoint.who));
  MYCOUCH_CO_CHECK(check_who(endpoint.who, progress.caller.get()));
  MYCOUCH_CO_TRY(http::Query query, http::Query::parse(exchange.request().raw_query()));
  if (std::holds_alternative<DatabaseHandler>(endpoint.handler)) {
    if (auto table = table_of(endpoint)) {
      co_return co_await dispatch_to_table(exchange, progress, endpoint, *table, std::move(query),
                                           std::move(parameters));
    }
    co_return co_await dispatch_to_database(exchange, progress, endpoint, std::move(query),
                                            std::move(parameters));
  }
  ServerCall call(backend_, exchange, std::move(query), std::move(parameters), progress.common,
                  progress.caller, backend_.options.max_request);
  co_return co_await std::get<ServerHandler>(endpoint.handler)(call);
}

Task<void> Service::dispatch_to_database(http::Exchange& exchange, Progress& progress,
                                         const Endpoint& endpoint, http::Query query,
                                         http::RouteParameters parameters) {
  AdmissionRequest request{.database = std::string(parameters["db"]), .tenant = {}, .writes = false};
  if (parameters.contains("tenant")) request.tenant = parameters["tenant"];
  request.writes = endpoint.who == Who::writer;
  MYCOUCH_CO_TRY(Admission admission, co_await Admission::open(backend_, actor_of(exchange, progress),
                                                               std::move(request), &progress.active_tenant));
  DatabaseCall call(std::move(admission), backend_.clock, backend_.options.max_attachment, exchange,
                    std::move(query), std::move(parameters), progress.common, progress.caller,
                    backend_.options.max_request);
  co_return co_await std::get<DatabaseHandler>(endpoint.handler)(call);
}

Task<void> Service::dispatch_to_table(http::Exchange& exchange, Progress& progress, const Endpoint& endpoint,
                                      tenancy::Table table, http::Query query,
                                      http::RouteParameters parameters) {
  MYCOUCH_CO_TRY(Admission admission,
                 co_await Admission::open_table(backend_, actor_of(exchange, progress), table));
  DatabaseCall call(std::move(admission), backend_.clock, backend_.options.max_attachment, exchange,
                    std::move(query), std::move(parameters), progress.common, progress.caller,
                    std::min(backend_.options.max_request, kMaxTableBatch));
  co_return co_await std::get<DatabaseHandler>(endpoint.handler)(call);
}

tenancy::Actor Service::actor_of(http::Exchange& exchange, const Progress& progress) {
  return {.principal = progress.caller,
          .request_id = exchange.request().id,
          .address = exchange.request().remote_address};
}

Task<std::shared_ptr<const auth::Principal>> Service::authenticate(const http::Request& request, Who who) {
  auto header = request.headers.find("Authorization");
  if (who == Who::anyone || (!header && who == Who::visitor)) co_return nullptr;
  if (auto known = authenticator_.cached(header)) co_return *std::move(known);
  std::optional<std::string> text;
  if (header) text = *header;
  co_return co_await authenticator_.authenticate(std::move(text));
}

// An answer that has begun can only be broken off, which the connection does when the handler returns.
boost::asio::awaitable<void> Service::send_error(http::Exchange& exchange, const Progress& progress,
                                                 Error error) {
  if (error.code == Errc::internal) {
    log::error("request failed", {{"request", exchange.request().id}, {"reason", error.reason}});
  }
  if (exchange.begun() || error.code == Errc::cancelled) co_return;
  ErrorContext context{.with_detail = progress.virtual_table,
                       .credentials_sent = exchange.request().headers.find("Authorization").has_value(),
                       .active_tenant = progress.active_tenant};
  http::Response response = error_response(error, context);
  if (!progress.allowed.empty()) response.headers.add("Allow", http::to_string(progress.allowed));
  for (const auto& [name, value] : progress.common) response.headers.add(name, value);
  (void)co_await exchange.send(std::move(response));
}

}  // namespace mycouch::api
