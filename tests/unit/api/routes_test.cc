#include "api/routes.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mycouch::api {
namespace {

class Routes : public testing::Test {
 protected:
  const Endpoint* find(http::Method method, std::string_view path) {
    segments_ = *http::split_path(path);
    http::RouteResult result = table_.router().match(method, segments_);
    auto* match = std::get_if<http::RouteMatch>(&result);
    return match ? &endpoints()[match->index] : nullptr;
  }

  RouteTable table_;
  std::vector<std::string> segments_;
};

TEST_F(Routes, DatabasesAreServedBesideAndWithinATenant) {
  for (std::string_view path : {"/roady", "/roady/", "/roady/_changes", "/roady/x", "/roady/x/a/b.txt",
                                "/roady/_design/d", "/roady/_local/l"}) {
    const Endpoint* active = find(http::Method::get, path);
    ASSERT_NE(active, nullptr) << path;
    EXPECT_EQ(find(http::Method::get, "/__tenants/t" + std::string(path)), active) << path;
  }
}

TEST_F(Routes, TheVirtualTablesAreNoDatabases) {
  EXPECT_TRUE(is_virtual_table(*find(http::Method::get, "/__tenants")));
  EXPECT_TRUE(is_virtual_table(*find(http::Method::get, "/__tenants/t")));
  EXPECT_TRUE(is_virtual_table(*find(http::Method::get, "/__users/u")));
  EXPECT_FALSE(is_virtual_table(*find(http::Method::get, "/__tenants/t/roady")));
}

TEST_F(Routes, ViewersMayReadAndKeepCheckpointsOnly) {
  for (const Endpoint& endpoint : endpoints()) {
    bool changes = endpoint.method == http::Method::put || endpoint.method == http::Method::delete_;
    bool of_database = endpoint.pattern.starts_with("/{db}/");
    bool local = endpoint.pattern.starts_with("/{db}/_local");
    if (changes && of_database && !local) {
      EXPECT_TRUE(endpoint.who == Who::writer || endpoint.who == Who::administrator) << endpoint.pattern;
    }
  }
  EXPECT_EQ(find(http::Method::post, "/roady")->who, Who::writer);
  EXPECT_EQ(find(http::Method::post, "/roady/_bulk_docs")->who, Who::writer);
}

TEST_F(Routes, OnlyDatabaseHandlersAreOpenToReadersAndWriters) {
  for (const Endpoint& endpoint : endpoints()) {
    bool confined = endpoint.who == Who::reader || endpoint.who == Who::writer;
    if (confined) {
      EXPECT_TRUE(std::holds_alternative<DatabaseHandler>(endpoint.handler)) << endpoint.pattern;
    }
  }
}

TEST_F(Routes, TheListHasEachRouteOnceInOrderAndDatabasesWithinATenantToo) {
  std::vector<std::pair<std::string, std::string>> listed;
  for (const ListedRoute& route : listed_routes()) {
    listed.emplace_back(route.pattern, http::to_string(route.method));
  }
  EXPECT_TRUE(std::ranges::is_sorted(listed));
  EXPECT_EQ(std::ranges::adjacent_find(listed), listed.end());

  const std::set<std::pair<std::string, std::string>> all(listed.begin(), listed.end());
  for (const Endpoint& endpoint : endpoints()) {
    const std::string pattern(endpoint.pattern);
    const std::string method(http::to_string(endpoint.method));
    EXPECT_TRUE(all.contains({pattern, method})) << method << " " << pattern;
    EXPECT_EQ(all.contains({"/__tenants/{tenant}" + pattern, method}), pattern.starts_with("/{db}"))
        << method << " " << pattern;
  }
}

TEST_F(Routes, TheListSaysWhoMay) {
  for (const ListedRoute& route : listed_routes()) {
    if (route.pattern == "/__tenants/{tenant}/{db}/_bulk_docs") {
      EXPECT_EQ(to_string(route.who), "writer");
    }
    if (route.pattern == "/_session" && route.method == http::Method::get) {
      EXPECT_EQ(to_string(route.who), "visitor");
    }
  }
}

TEST_F(Routes, AnEncodedSlashStaysInItsSegment) {
  EXPECT_EQ(find(http::Method::get, "/roady/a%2Fb")->pattern, "/{db}/{id}");
  EXPECT_EQ(find(http::Method::get, "/a%2Fb")->pattern, "/{db}");
}

}  // namespace
}  // namespace mycouch::api
