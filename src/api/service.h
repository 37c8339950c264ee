// The API as an http::Handler: from an exchange to the handler that answers it, and from an error to its
// answer.
//
// The steps are few and the same for every request: the path's route, the caller, what the route asks of the
// caller, the database where it is one's, the handler. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "api/backend.h"
#include "api/call.h"
#include "api/routes.h"
#include "auth/authenticator.h"
#include "http/server.h"

namespace mycouch::api {

class Service {
 public:
  /// Routes of the composition root's own, asked first (the development issuer's); true where it has
  /// answered.
  using ExtraHandler = std::function<boost::asio::awaitable<bool>(http::Exchange&)>;

  /// What `backend` refers to, and `authenticator`, outlive the service.
  Service(Backend backend, auth::Authenticator& authenticator, ExtraHandler extra = {});

  boost::asio::awaitable<void> handle(http::Exchange& exchange);

 private:
  struct Progress;

  Task<void> answer(http::Exchange& exchange, Progress& progress);
  Task<void> dispatch(http::Exchange& exchange, Progress& progress, const Endpoint& endpoint,
                      http::RouteParameters parameters);
  Task<void> dispatch_to_database(http::Exchange& exchange, Progress& progress, const Endpoint& endpoint,
                                  http::Query query, http::RouteParameters parameters);
  Task<void> dispatch_to_table(http::Exchange& exchange, Progress& progress, const Endpoint& endpoint,
                               tenancy::Table table, http::Query query, http::RouteParameters parameters);
  static tenancy::Actor actor_of(http::Exchange& exchange, const Progress& progress);
  Task<std::shared_ptr<const auth::Principal>> authenticate(const http::Request& request, Who who);
  boost::asio::awaitable<void> send_error(http::Exchange& exchange, const Progress& progress, Error error);

  Backend backend_;
  auth::Authenticator& authenticator_;
  ExtraHandler extra_;
  RouteTable routes_;
};

/// The applications' allowed origins, of any of them: a preflight carries no credentials that would name one.
bool is_allowed_origin(const std::vector<std::shared_ptr<const auth::Application>>& applications,
                       std::string_view origin);

}  // namespace mycouch::api
