#include "api/routes.h"

#include <algorithm>
#include <utility>

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
    {post, "/_session", anyone, post_session},
    {get, "/_uuids", anyone, get_uuids},
    {get, "/_all_dbs", signed_in, get_all_dbs},
    {get, "/_dbs_info", signed_in, get_dbs_info},
    {post, "/_dbs_info", signed_in, post_dbs_info},
    {get, "/_active_tasks", administrator, get_active_tasks},

    {get, "/__audit", administrator, get_audit},

    {post, "/__bootstrap", signed_in, post_bootstrap},
    {get, "/__users", signed_in, get_database},
    {put, "/__users", signed_in, put_table},
    {get, "/__users/_changes", signed_in, get_changes},
    {post, "/__users/_changes", signed_in, post_changes},
    {get, "/__users/_all_docs", signed_in, get_all_docs},
    {post, "/__users/_all_docs", signed_in, post_all_docs},
    {post, "/__users/_bulk_docs", signed_in, post_bulk_docs},
    {post, "/__users/_bulk_get", signed_in, post_bulk_get},
    {post, "/__users/_revs_diff", signed_in, post_revs_diff},
    {post, "/__users/_missing_revs", signed_in, post_missing_revs},
    {post, "/__users/_ensure_full_commit", signed_in, post_ensure_full_commit},
    {get, "/__users/_local/{local}", signed_in, get_local},
    {put, "/__users/_local/{local}", signed_in, put_local},
    {delete_, "/__users/_local/{local}", signed_in, delete_local},
    {get, "/__users/{id}", signed_in, get_user},
    {put, "/__users/{id}", signed_in, put_user},
    {delete_, "/__users/{id}", signed_in, delete_user},

    {get, "/__tenants", signed_in, get_tenants},
    {put, "/__tenants", signed_in, put_table},
    {post, "/__tenants", signed_in, post_tenant},
    {get, "/__tenants/_changes", signed_in, get_changes},
    {post, "/__tenants/_changes", signed_in, post_changes},
    {get, "/__tenants/_all_docs", signed_in, get_all_docs},
    {post, "/__tenants/_all_docs", signed_in, post_all_docs},
    {post, "/__tenants/_bulk_docs", signed_in, post_bulk_docs},
    {post, "/__tenants/_bulk_get", signed_in, post_bulk_get},
    {post, "/__tenants/_revs_diff", signed_in, post_revs_diff},
    {post, "/__tenants/_missing_revs", signed_in, post_missing_revs},
    {post, "/__tenants/_ensure_full_commit", signed_in, post_ensure_full_commit},
    {get, "/__tenants/_local/{local}", signed_in, get_local},
    {put, "/__tenants/_local/{local}", signed_in, put_local},
    {delete_, "/__tenants/_local/{local}", signed_in, delete_local},
    {get, "/__tenants/{tenant}", signed_in, get_tenant},
    {put, "/__tenants/{tenant}", signed_in, put_tenant},
    {delete_, "/__tenants/{tenant}", signed_in, delete_tenant},
    {post, "/__tenants/{tenant}/restore", signed_in, post_restore},
    {post, "/__tenants/{tenant}/transfer", signed_in, post_transfer},
    {get, "/__tenants/{tenant}/members", signed_in, get_members},
    {put, "/__tenants/{tenant}/members/{user}", signed_in, put_member},
    {delete_, "/__tenants/{tenant}/members/{user}", signed_in, delete_member},
    {get, "/__tenants/{tenant}/invitations", signed_in, get_invitations},
    {post, "/__tenants/{tenant}/invitations", signed_in, post_invitation},
    {delete_, "/__tenants/{tenant}/invitations/{invite}", signed_in, delete_invitation},
    {get, "/__invitations/{token}", signed_in, get_invitation},
    {post, "/__invitations/{token}/accept", signed_in, post_accept},

    {put, "/{db}", signed_in, put_database},
    {delete_, "/{db}", signed_in, delete_database},
    {get, "/{db}", reader, get_database},
    {post, "/{db}", writer, post_document},
    {get, "/{db}/_all_docs", reader, get_all_docs},
    {post, "/{db}/_all_docs", reader, post_all_docs},
    {post, "/{db}/_all_docs/queries", reader, post_all_docs_queries},
    {get, "/{db}/_design_docs", reader, get_design_docs},
    {post, "/{db}/_design_docs", reader, post_design_docs},
    {post, "/{db}/_design_docs/queries", reader, post_design_docs_queries},
    {get, "/{db}/_local_docs", reader, get_local_docs},
    {post, "/{db}/_local_docs", reader, post_local_docs},
    {post, "/{db}/_local_docs/queries", reader, post_local_docs_queries},
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
    {put, "/{db}/_revs_limit", administrator, put_revs_limit},
    {get, "/{db}/_purged_infos_limit", reader, get_purged_infos_limit},
    {put, "/{db}/_purged_infos_limit", administrator, put_purged_infos_limit},
    {get, "/{db}/_security", reader, get_security},
    {put, "/{db}/_security", administrator, put_security},
    {post, "/{db}/_purge", administrator, post_purge},
    {post, "/{db}/_find", reader, post_find},
    {post, "/{db}/_explain", reader, post_explain},
    {get, "/{db}/_index", reader, get_indexes},
    {post, "/{db}/_index", writer, post_index},
    {post, "/{db}/_index/_bulk_delete", writer, post_index_bulk_delete},
    {delete_, "/{db}/_index/{design}/{type}/{name}", writer, delete_index},
    {delete_, "/{db}/_index/_design/{design}/{type}/{name}", writer, delete_index},

    {get, "/{db}/_local", reader, refuse_local},
    {put, "/{db}/_local", reader, refuse_local},
    {delete_, "/{db}/_local", reader, refuse_local},
    {get, "/{db}/_local/{local}", reader, get_local},
    {put, "/{db}/_local/{local}", reader, put_local},
    {delete_, "/{db}/_local/{local}", reader, delete_local},
    {copy, "/{db}/_local/{local}", writer, copy_document},
    {get, "/{db}/_local/{local}/{rest...}", reader, refuse_local},
    {put, "/{db}/_local/{local}/{rest...}", reader, refuse_local},
    {delete_, "/{db}/_local/{local}/{rest...}", reader, refuse_local},

    {get, "/{db}/_design/{design}", reader, get_document},
    {put, "/{db}/_design/{design}", writer, put_document},
    {delete_, "/{db}/_design/{design}", writer, delete_document},
    {copy, "/{db}/_design/{design}", writer, copy_document},
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
    {copy, "/{db}/{id}", writer, copy_document},
    {get, "/{db}/{id}/{attachment...}", reader, get_attachment},
    {put, "/{db}/{id}/{attachment...}", writer, put_attachment},
    {delete_, "/{db}/{id}/{attachment...}", writer, delete_attachment},
};

bool is_of_a_database(const Endpoint& endpoint) {
  return endpoint.pattern.starts_with(kDatabasePattern);
}

std::string within_a_tenant(const Endpoint& endpoint) {
  return std::string(kTenantPrefix).append(endpoint.pattern);
}

std::vector<std::string> make_tenant_patterns() {
  std::vector<std::string> patterns;
  for (const Endpoint& endpoint : kEndpoints) {
    patterns.push_back(is_of_a_database(endpoint) ? within_a_tenant(endpoint) : "");
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

std::string_view to_string(Who who) {
  switch (who) {
    case anyone:
      return "anyone";
    case visitor:
      return "visitor";
    case signed_in:
      return "signed_in";
    case administrator:
      return "administrator";
    case reader:
      return "reader";
    case writer:
      return "writer";
  }
  std::unreachable();
}

std::vector<ListedRoute> listed_routes() {
  std::vector<ListedRoute> routes;
  for (const Endpoint& endpoint : kEndpoints) {
    routes.push_back({endpoint.method, std::string(endpoint.pattern), endpoint.who});
    if (is_of_a_database(endpoint)) {
      routes.push_back({endpoint.method, within_a_tenant(endpoint), endpoint.who});
    }
  }
  std::ranges::sort(routes, {}, [](const ListedRoute& route) {
    return std::pair(std::string_view(route.pattern), http::to_string(route.method));
  });
  return routes;
}

std::optional<tenancy::Table> table_of(const Endpoint& endpoint) {
  if (endpoint.pattern.starts_with("/__users")) return tenancy::Table::users;
  if (endpoint.pattern.starts_with("/__tenants")) return tenancy::Table::tenants;
  return std::nullopt;
}

bool is_virtual_table(const Endpoint& endpoint) {
  return endpoint.pattern.starts_with("/__");
}

RouteTable::RouteTable() : tenant_patterns_(make_tenant_patterns()), router_(make_router(tenant_patterns_)) {}

}  // namespace mycouch::api
