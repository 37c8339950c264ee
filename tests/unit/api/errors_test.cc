#include "api/errors.h"

#include <gtest/gtest.h>

namespace mycouch::api {
namespace {

TEST(Errors, AreCouchDbsObjects) {
  http::Response response = error_response({Errc::not_found, "missing"});
  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(response.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(response.body, "{\"error\":\"not_found\",\"reason\":\"missing\"}\n");
}

TEST(Errors, TheTableKnowsEveryCode) {
  // The first and the last enumerators, and some whose words are not their names.
  EXPECT_EQ(status_of(Errc::bad_request), 400U);
  EXPECT_EQ(status_of(Errc::internal), 500U);
  EXPECT_EQ(word_of(Errc::uri_too_long), "too_long");
  EXPECT_EQ(word_of(Errc::range_not_satisfiable), "requested_range_not_satisfiable");
  for (int i = 0; i < static_cast<int>(Errc::internal); ++i) {
    EXPECT_NE(word_of(static_cast<Errc>(i)), "internal_server_error") << to_string(static_cast<Errc>(i));
  }
}

TEST(Errors, TheVirtualTablesRepeatTheReason) {
  http::Response response = error_response({Errc::forbidden, "no"}, {.with_detail = true});
  EXPECT_EQ(response.body, "{\"error\":\"forbidden\",\"reason\":\"no\",\"detail\":\"no\"}\n");
}

TEST(Errors, A401SaysWhatIsWrongWithTheToken) {
  http::Response response = error_response({Errc::unauthorized, "token expired"}, {.credentials_sent = true});
  EXPECT_EQ(response.headers.find("WWW-Authenticate"),
            R"(Bearer realm="mycouch", error="invalid_token", error_description="token expired")");
}

TEST(Errors, A401WithoutCredentialsOnlyAsksForThem) {
  http::Response response = error_response({Errc::unauthorized, "no credentials"});
  EXPECT_EQ(response.headers.find("WWW-Authenticate"), R"(Bearer realm="mycouch")");
}

TEST(Errors, AChallengeHoldsNothingThatBreaksItsQuotes) {
  http::Response response = error_response({Errc::unauthorized, "unknown issuer \"x\"\r\nSet-Cookie: a"},
                                           {.credentials_sent = true});
  EXPECT_EQ(
      response.headers.find("WWW-Authenticate"),
      R"(Bearer realm="mycouch", error="invalid_token", error_description="unknown issuer 'x'Set-Cookie: a")");
}

TEST(Errors, ATokenToRefreshComesWithTheTenantToAskFor) {
  http::Response response =
      error_response({Errc::token_refresh_required, "refresh"}, {.active_tenant = "tenant_a"});
  EXPECT_EQ(response.status, 401U);
  EXPECT_EQ(
      response.body,
      "{\"error\":\"token_refresh_required\",\"reason\":\"refresh\",\"active_tenant_id\":\"tenant_a\"}\n");
}

TEST(Errors, WhoMayTryAgainIsToldWhen) {
  EXPECT_TRUE(error_response({Errc::unavailable, ""}).headers.find("Retry-After").has_value());
  EXPECT_TRUE(error_response({Errc::too_many_requests, ""}).headers.find("Retry-After").has_value());
  EXPECT_FALSE(error_response({Errc::conflict, ""}).headers.find("Retry-After").has_value());
}

TEST(Errors, TheReasonOfABugIsNotTold) {
  EXPECT_EQ(error_response({Errc::internal, "key 7f3a"}).body.find("7f3a"), std::string::npos);
}

}  // namespace
}  // namespace mycouch::api
