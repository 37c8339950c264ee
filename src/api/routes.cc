#include "api/routes.h"

#include "api/handlers.h"

namespace mycouch::api {
namespace {

using enum http::Method;
using enum Who;

constexpr std::string_view kDatabasePattern = "/{db}";
constexpr std::string_view kTenantPrefix = "/__tenants/{tenant}";

// A viewer may not write, but keeps its replication's checkpoints: they are what `_local` documents are for,
// and without them each of its pulls would begin at the start.
constexpr Endpoint kEndpoints[] = {
    {get, "/", anyone, get_welcome},
    {get, "/_up", anyone, get_up},
    {get, "/_session", visitor, get_session},
    {get, "/_uuids", anyone, get_uuids},
    {get, "/_all_dbs", signed_in, get_all_dbs},
    {get, "/_active_tasks", administrator, get_active_tasks},

    {post, "/__bootstrap", signed_in, post_bootstrap},
    {get, "/__users/{id}", signed_in, get_user},
    {put, "/__users/{id}", signed_in, put_user},
    {get, "/__tenants", signed_in, get_tenants},
    {post, "/__tenants", signed_in, post_tenant},
    {get, "/__tenants/{tenant}", signed_in, get_tenant},

    {put, "/{db}", signed_in, put_database},
    {delete_, "/{db}", signed_in, delete_database},
    {get, "/{db}", reader, get_database},
    {post, "/{db}", writer, post_document},
    {get, "/{db}/_all_docs", reader, get_all_docs},
    {post, "/{db}/_all_docs", reader, post_all_docs},
    {get, "/{db}/_changes", reader, get_changes},
    {post, "/{db}/_changes", reader, post_changes},
    {post, "/{db}/_bulk_docs", writer, post_bulk_docs},
    {post, "/{db}/_bulk_get", reader, post_bulk_get},
    {post, "/{db}/_revs_diff", reader, post_revs_diff},
    {post, "/{db}/_missing_revs", reader, post_missing_revs},
    {post, "/{db}/_ensure_full_commit", reader, post_ensure_full_commit},
    {post, "/{db}/_compact", administrator, post_compact},
    {post, "/{db}/_view_cleanup", administrator, post_view_cleanup},
    {get, "/{db}/_revs_limit", reader, get_revs_limit},
    {get, "/{db}/_security", reader, get_security},
    {post, "/{db}/_find", reader, refuse_unserved},
    {post, "/{db}/_explain", reader, refuse_unserved},
    {get, "/{db}/_index", reader, refuse_unserved},
    {post, "/{db}/_index", reader, refuse_unserved},
    {post, "/{db}/_purge", administrator, refuse_unserved},
    {get, "/{db}/_design_docs", reader, refuse_unserved},
    {get, "/{db}/_local_docs", reader, refuse_unserved},

    {get, "/{db}/_local", reader, refuse_local},
    {put, "/{db}/_local", reader, refuse_local},
    {delete_, "/{db}/_local", reader, refuse_local},
    {get, "/{db}/_local/{local}", reader, get_local},
    {put, "/{db}/_local/{local}", reader, put_local},
    {delete_, "/{db}/_local/{local}", reader, delete_local},
    {get, "/{db}/_local/{local}/{rest...}", reader, refuse_local},
    {put, "/{db}/_local/{local}/{rest...}", reader, refuse_local},
    {delete_, "/{db}/_local/{local}/{rest...}", reader, refuse_local},

    {get, "/{db}/_design/{design}", reader, get_document},
    {put, "/{db}/_design/{design}", writer, put_document},
    {delete_, "/{db}/_design/{design}", writer, delete_document},
    {get, "/{db}/_design/{design}/_view/{function}", reader, refuse_design_function},
    {post, "/{db}/_design/{design}/_view/{function}", reader, refuse_design_function},
    {get, "/{db}/_design/{design}/_info", reader, refuse_design_function},
    {get, "/{db}/_design/{design}/_show/{function...}", reader, refuse_design_function},
    {get, "/{db}/_design/{design}/_list/{function...}", reader, refuse_design_function},
    {post, "/{db}/_design/{design}/_update/{function...}", writer, refuse_design_function},
    {put, "/{db}/_design/{design}/_update/{function...}", writer, refuse_design_function},
    {get, "/{db}/_design/{design}/_rewrite/{function...}", reader, refuse_design_function},
    {get, "/{db}/_design/{design}/{attachment...}", reader, get_attachment},
    {put, "/{db}/_design/{design}/{attachment...}", writer, put_attachment},
    {delete_, "/{db}/_design/{design}/{attachment...}", writer, delete_attachment},

    {get, "/{db}/{id}", reader, get_document},
    {put, "/{db}/{id}", writer, put_document},
    {delete_, "/{db}/{id}", writer, delete_document},
    {get, "/{db}/{id}/{attachment...}", reader, get_attachment},
    {put, "/{db}/{id}/{attachment...}", writer, put_attachment},
    {delete_, "/{db}/{id}/{attachment...}", writer, delete_attachment},
};

bool is_of_a_database(const Endpoint& endpoint) {
  return endpoint.pattern.starts_with(kDatabasePattern);
}

std::vector<std::string> make_tenant_patterns() {
  std::vector<std::string> patterns;
  for (const Endpoint& endpoint : kEndpoints) {
    patterns.push_back(is_of_a_database(endpoint) ? std::string(kTenantPrefix).append(endpoint.pattern) : "");
  }
  return patterns;
}

http::Router make_router(const std::vector<std::string>& tenant_patterns) {
  std::vector<http::Route> routes;
  for (std::size_t i = 0; i < std::size(kEndpoints); ++i) {
    const Endpoint& endpoint = kEndpoints[i];
    routes.push_back({{endpoint.method}, endpoint.pattern, i});
    if (is_of_a_database(endpoint)) routes.push_back({{endpoint.method}, tenant_patterns[i], i});
  }
  return http::Router(routes);
}

}  // namespace

std::span<const Endpoint> endpoints() {
  return kEndpoints;
}

bool is_virtual_table(const Endpoint& endpoint) {
  return endpoint.pattern.starts_with("/__");
}

RouteTable::RouteTable() : tenant_patterns_(make_tenant_patterns()), router_(make_router(tenant_patterns_)) {}

}  // namespace mycouch::api
