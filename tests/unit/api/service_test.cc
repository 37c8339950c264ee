#include "api/service.h"

#include <gtest/gtest.h>

namespace mycouch::api {
namespace {

bool is_allowed(std::vector<std::string> patterns, std::string_view origin) {
  auto application = std::make_shared<auth::Application>();
  application->allowed_origins = std::move(patterns);
  return is_allowed_origin({std::make_shared<const auth::Application>(), application}, origin);
}

TEST(AllowedOrigins, AnOriginIsComparedToTheLetter) {
  EXPECT_TRUE(is_allowed({"https://a.example", "https://b.example"}, "https://b.example"));
  for (const char* origin : {"https://b.example:8443", "http://b.example", "https://b.example.evil",
                             "https://b", "https://a.b.example", "null", ""}) {
    EXPECT_FALSE(is_allowed({"https://b.example"}, origin)) << origin;
  }
}

TEST(AllowedOrigins, AnyPortIsAnyNumberOrNone) {
  for (const char* origin : {"http://localhost", "http://localhost:80", "http://localhost:5173"}) {
    EXPECT_TRUE(is_allowed({"http://localhost:*"}, origin)) << origin;
  }
  for (const char* origin :
       {"http://localhost:", "http://localhost:80x", "http://localhost.evil:80", "http://localhost80",
        "http://localhost:80@evil", "https://localhost:80", "http://localhos"}) {
    EXPECT_FALSE(is_allowed({"http://localhost:*"}, origin)) << origin;
  }
  EXPECT_TRUE(is_allowed({"http://[::1]:*"}, "http://[::1]:4000"));
}

TEST(AllowedOrigins, AStarIsAnyOriginAndNoPatternIsNone) {
  EXPECT_TRUE(is_allowed({"*"}, "https://anything.example:1"));
  EXPECT_FALSE(is_allowed({}, "https://anything.example"));
}

}  // namespace
}  // namespace mycouch::api
