#include "http/router.h"

#include <array>
#include <stdexcept>

#include <gtest/gtest.h>

namespace mycouch::http {
namespace {

constexpr std::array kRoutes{
    Route{{Method::get}, "/", 0},
    Route{{Method::get}, "/_all_dbs", 1},
    Route{{Method::get, Method::put, Method::delete_}, "/{db}", 2},
    Route{{Method::post}, "/{db}", 3},
    Route{{Method::get, Method::post}, "/{db}/_changes", 4},
    Route{{Method::get, Method::put}, "/{db}/_local/{id...}", 5},
    Route{{Method::get, Method::put, Method::delete_, Method::copy}, "/{db}/{id}", 6},
    Route{{Method::get}, "/{db}/{id}/{attachment...}", 7},
    Route{{Method::get}, "/__tenants/{tenant}", 8},
    Route{{Method::get}, "/__tenants/{tenant}/{db}/_changes", 9},
    Route{{Method::get}, "/__tenants/{tenant}/members", 10},
    Route{{Method::head}, "/_up", 11},
    Route{{Method::get}, "/_up", 12},
};

const Router& router() {
  static const Router instance(kRoutes);
  return instance;
}

std::size_t index_of(Method method, std::string_view path) {
  auto segments = split_path(path).value();
  RouteResult result = router().match(method, segments);
  const auto* match = std::get_if<RouteMatch>(&result);
  EXPECT_NE(match, nullptr) << path;
  return match == nullptr ? 999 : match->index;
}

TEST(Router, PrefersLiterals) {
  EXPECT_EQ(index_of(Method::get, "/"), 0U);
  EXPECT_EQ(index_of(Method::get, "/_all_dbs"), 1U);
  EXPECT_EQ(index_of(Method::put, "/x"), 2U);
  EXPECT_EQ(index_of(Method::post, "/x"), 3U);
  EXPECT_EQ(index_of(Method::get, "/x/_changes"), 4U);
  EXPECT_EQ(index_of(Method::get, "/x/_change"), 6U);
  EXPECT_EQ(index_of(Method::get, "/x/_local/y"), 5U);
  EXPECT_EQ(index_of(Method::get, "/x/y/z"), 7U);
  EXPECT_EQ(index_of(Method::get, "/__tenants/t"), 8U);
  EXPECT_EQ(index_of(Method::get, "/__tenants/t/members"), 10U);
  EXPECT_EQ(index_of(Method::get, "/__tenants/t/db/_changes"), 9U);
}

TEST(Router, GoesBackWhereALiteralLeadsNowhere) {
  // "/__tenants/t/db" is nothing under "__tenants", so it is an attachment of a database of that name.
  EXPECT_EQ(index_of(Method::get, "/__tenants/t/db"), 7U);
  EXPECT_EQ(index_of(Method::get, "/x/_local"), 6U);
  EXPECT_EQ(index_of(Method::put, "/__tenants"), 2U);
}

TEST(Router, GivesTheParametersInTheirPlaces) {
  auto segments = split_path("/x/_local/a/b%2Fc").value();
  auto match = std::get<RouteMatch>(router().match(Method::put, segments));
  EXPECT_EQ(match.parameters["db"], "x");
  EXPECT_EQ(match.parameters["id"], "a/b/c");
  EXPECT_THROW(match.parameters["other"], std::out_of_range);
  segments = split_path("/x/a%2Fb").value();
  EXPECT_EQ(std::get<RouteMatch>(router().match(Method::get, segments)).parameters["id"], "a/b");
  segments = split_path("/__tenants/t/db").value();
  match = std::get<RouteMatch>(router().match(Method::get, segments));
  EXPECT_EQ(match.parameters["db"], "__tenants");
  EXPECT_EQ(match.parameters["id"], "t");
  EXPECT_EQ(match.parameters["attachment"], "db");
}

TEST(Router, SurvivesBeingMoved) {
  auto segments = split_path("/x/_local/a/b").value();
  RouteResult result = router().match(Method::put, segments);
  RouteResult moved = std::move(result);
  EXPECT_EQ(std::get<RouteMatch>(moved).parameters["id"], "a/b");
}

TEST(Router, ServesHeadByGet) {
  EXPECT_EQ(index_of(Method::head, "/x/y"), 6U);
  EXPECT_EQ(index_of(Method::head, "/_up"), 11U);
}

TEST(Router, NamesTheMethodsOfThePath) {
  auto segments = split_path("/x/_changes").value();
  auto refused = std::get<MethodNotAllowed>(router().match(Method::put, segments));
  EXPECT_EQ(to_string(refused.allowed), "GET, HEAD, POST");
  segments = split_path("/x").value();
  refused = std::get<MethodNotAllowed>(router().match(Method::other, segments));
  EXPECT_EQ(to_string(refused.allowed), "GET, HEAD, PUT, POST, DELETE");
}

TEST(Router, KnowsWhatHasNoRoute) {
  constexpr std::array routes{Route{{Method::get}, "/a/{b}/c", 0}};
  Router small(routes);
  for (const char* path : {"/", "/a", "/a/b", "/a/b/d", "/a/b/c/d", "/b"}) {
    auto segments = split_path(path).value();
    EXPECT_TRUE(std::holds_alternative<NoRoute>(small.match(Method::get, segments))) << path;
  }
}

TEST(Router, RefusesAnInconsistentTable) {
  auto build = [](std::vector<Route> routes) { Router built(routes); };
  EXPECT_THROW(build({{{Method::get}, "a", 0}}), std::logic_error);
  EXPECT_THROW(build({{{Method::get}, "/a//b", 0}}), std::logic_error);
  EXPECT_THROW(build({{{Method::get}, "/{a...}/b", 0}}), std::logic_error);
  EXPECT_THROW(build({{{Method::get}, "/{a}", 0}, {{Method::put}, "/{b}", 1}}), std::logic_error);
  EXPECT_THROW(build({{{Method::get}, "/a", 0}, {{Method::get, Method::put}, "/a", 1}}), std::logic_error);
  EXPECT_THROW(build({{{Method::get}, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}", 0}}), std::logic_error);
}

}  // namespace
}  // namespace mycouch::http
