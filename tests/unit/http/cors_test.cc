#include "http/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mycouch::http {
namespace {

using ::testing::HasSubstr;

bool is_app(std::string_view origin) {
  return origin == "http://app.test";
}

Request preflight(std::string origin) {
  Request request;
  request.method = Method::options;
  request.headers.add("Origin", std::move(origin));
  request.headers.add("Access-Control-Request-Method", "PUT");
  return request;
}

TEST(Preflight, AllowsAnAllowedOriginByName) {
  auto response = preflight_response(preflight("http://app.test"), is_app, std::chrono::seconds(60));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204U);
  EXPECT_EQ(response->headers.find("Access-Control-Allow-Origin"), "http://app.test");
  EXPECT_EQ(response->headers.find("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(response->headers.find("Access-Control-Max-Age"), "60");
  EXPECT_EQ(response->headers.find("Access-Control-Allow-Methods"), "GET, PUT, POST, HEAD, DELETE, COPY");
  EXPECT_THAT(std::string(*response->headers.find("Access-Control-Allow-Headers")),
              HasSubstr("authorization"));
  EXPECT_THAT(std::string(*response->headers.find("Vary")), HasSubstr("Origin"));
}

TEST(Preflight, TellsAnotherOriginNothing) {
  for (const char* origin : {"http://evil.test", "null", "http://app.test.evil.test", ""}) {
    auto response = preflight_response(preflight(origin), is_app);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 204U);
    for (const auto& [name, value] : response->headers) EXPECT_EQ(name, "Vary");
  }
}

TEST(Preflight, IsOnlyAnOptionsThatAsksForAMethod) {
  Request request = preflight("http://app.test");
  request.method = Method::get;
  EXPECT_FALSE(preflight_response(request, is_app));
  request = preflight("http://app.test");
  request.headers.remove("Access-Control-Request-Method");
  EXPECT_FALSE(preflight_response(request, is_app));
  request = preflight("http://app.test");
  request.headers.remove("Origin");
  EXPECT_FALSE(preflight_response(request, is_app));
}

TEST(CorsFields, LetAnAllowedOriginRead) {
  Headers fields;
  add_cors_fields(fields, preflight("http://app.test"), is_app);
  EXPECT_EQ(fields.find("Access-Control-Allow-Origin"), "http://app.test");
  EXPECT_EQ(fields.find("Access-Control-Allow-Credentials"), "true");
  EXPECT_THAT(std::string(*fields.find("Access-Control-Expose-Headers")), HasSubstr("etag"));
  EXPECT_EQ(fields.find("Vary"), "Origin");
}

TEST(CorsFields, VaryEvenWithoutAnOrigin) {
  Headers fields;
  add_cors_fields(fields, Request(), is_app);
  EXPECT_EQ(fields.find("Vary"), "Origin");
  EXPECT_FALSE(fields.find("Access-Control-Allow-Origin"));
  Headers others;
  add_cors_fields(others, preflight("http://evil.test"), is_app);
  EXPECT_FALSE(others.find("Access-Control-Allow-Origin"));
}

}  // namespace
}  // namespace mycouch::http
