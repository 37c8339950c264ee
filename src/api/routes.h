// The one table of endpoints: method, path, who may, handler.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/call.h"
#include "base/task.h"
#include "http/router.h"

namespace mycouch::api {

enum class Who : std::uint8_t {
  anyone,     // credentials are not looked at
  visitor,    // may come without credentials; ones that are sent must be good
  signed_in,  // a user of an application, or the administrator
  administrator,
  reader,  // of the path's database: a member of the tenant, or the administrator
  writer   // the same, and not a viewer
};

using ServerHandler = Task<void> (*)(ServerCall&);
using DatabaseHandler = Task<void> (*)(DatabaseCall&);

struct Endpoint {
  http::Method method;
  std::string_view pattern;
  Who who;
  std::variant<ServerHandler, DatabaseHandler> handler;
};

/// Endpoints of databases stand here once, as "/{db}…", and are served as "/__tenants/{tenant}/{db}…" too.
std::span<const Endpoint> endpoints();

/// As documents and `mycouch routes` have it: "signed_in".
std::string_view to_string(Who who);

struct ListedRoute {
  http::Method method;
  std::string pattern;
  Who who;
};

/// Every route that is served, by pattern and method: the twins of databases within a tenant too.
std::vector<ListedRoute> listed_routes();

/// Whether the endpoint is one of the virtual tables, whose errors carry `detail`.
bool is_virtual_table(const Endpoint& endpoint);

/// The table whose documents the endpoint's handler gets as its database, where it is one of a table's.
std::optional<tenancy::Table> table_of(const Endpoint& endpoint);

/// A router whose matches are indices of `endpoints()`.
class RouteTable {
 public:
  RouteTable();
  const http::Router& router() const { return router_; }

 private:
  std::vector<std::string> tenant_patterns_;  // the router holds views of them
  http::Router router_;
};

}  // namespace mycouch::api
