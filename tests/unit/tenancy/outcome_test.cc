#include "tenancy/outcome.h"

#include <gtest/gtest.h>

#include "tenancy/clerk.h"

namespace mycouch::tenancy {
namespace {

using namespace std::chrono_literals;
using Next = Outcome::Next;
using Others = Outcome::Others;

constexpr base::WallTime kNow{784'111'777'000ms};  // Sun, 06 Nov 1994 08:49:37 GMT

Result<http::Response> answer(unsigned status, std::string retry_after = "", std::string body = "") {
  http::Response response{.status = status, .headers = {}, .body = std::move(body)};
  if (!retry_after.empty()) response.headers.add("Retry-After", std::move(retry_after));
  return response;
}

TEST(Outcome, RetryAfterIsSecondsOrADate) {
  struct Case {
    const char* field;
    std::optional<std::chrono::milliseconds> ahead;
  };
  const Case cases[] = {
      {"0", 0ms},
      {"120", 120s},
      {" 7 ", 7s},
      {"99999999999999999999", std::chrono::seconds(UINT32_MAX)},
      {"Sun, 06 Nov 1994 08:50:07 GMT", 30s},
      {"Sun, 06 Nov 1994 08:49:36 GMT", 0ms},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"1.5", std::nullopt},
      {"soon", std::nullopt},
      {"Sun, 06 Nov 1994 08:50:07 GMT or later", std::nullopt},
  };
  for (const Case& c : cases) EXPECT_EQ(retry_after(c.field, kNow), c.ahead) << c.field;
}

TEST(Outcome, OnlyA2xxIsDone) {
  for (unsigned status : {200U, 201U, 202U, 204U}) {
    EXPECT_EQ(outcome_of(answer(status), kNow).next, Next::nothing) << status;
  }
  for (unsigned status : {301U, 400U, 404U, 422U, 500U, 502U, 503U}) {
    const Outcome outcome = outcome_of(answer(status), kNow);
    EXPECT_EQ(outcome.next, Next::retry) << status;
    EXPECT_EQ(outcome.reason, "status " + std::to_string(status));
    EXPECT_EQ(outcome.others, status < 500 ? Others::go_on : Others::wait_a_little) << status;
  }
  const Outcome none = outcome_of(fail(Errc::unavailable, "no answer"), kNow);
  EXPECT_EQ(none.next, Next::retry);
  EXPECT_EQ(none.others, Others::wait_a_little);
  EXPECT_EQ(none.reason, "no answer");
}

TEST(Outcome, ABusyServerIsLeftAloneByAllForAsLongAsItSays) {
  const Outcome outcome = outcome_of(answer(429, "30"), kNow);
  EXPECT_EQ(outcome.next, Next::retry);
  EXPECT_EQ(outcome.others, Others::wait_as_long);
  EXPECT_EQ(outcome.retry_after, 30s);
  const Outcome until = outcome_of(answer(503, "Sun, 06 Nov 1994 08:50:37 GMT"), kNow);
  EXPECT_EQ(until.others, Others::wait_as_long);
  EXPECT_EQ(until.retry_after, 60s);
}

TEST(Clerk, IsAskedAsItsDocumentationHasIt) {
  auth::Application application;
  application.clerk_secret_key = "sk_test_1";
  const http::ClientRequest request = clerk_metadata_request(application, "user_2x/é", "tenant_a");
  EXPECT_EQ(request.method, http::Method::patch);
  EXPECT_EQ(request.url, "https://api.clerk.com/v1/users/user_2x%2F%C3%A9/metadata");
  EXPECT_EQ(request.headers.find("Authorization"), "Bearer sk_test_1");
  EXPECT_EQ(request.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(request.body, R"({"public_metadata":{"active_tenant_id":"tenant_a"}})");
  application.clerk_api_url = "http://127.0.0.1:1/";
  EXPECT_EQ(clerk_metadata_request(application, "u", "t").url, "http://127.0.0.1:1/v1/users/u/metadata");
}

TEST(Clerk, AnUnknownUserIsGivenUpAndARefusedKeyIsNot) {
  const std::string unknown = R"({"errors":[{"message":"not found","code":"resource_not_found"}]})";
  struct Case {
    Result<http::Response> answer;
    Next next;
  };
  const Case cases[] = {
      {answer(200), Next::nothing},
      {answer(404, "", unknown), Next::give_up},
      {answer(404, "", "<html>"), Next::retry_slowly},
      {answer(404, "", R"({"errors":[1]})"), Next::retry_slowly},
      {answer(401), Next::retry_slowly},
      {answer(403), Next::retry_slowly},
      {answer(422), Next::retry},
      {answer(429), Next::retry},
      {fail(Errc::unavailable, "no answer"), Next::retry},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(clerk_outcome(c.answer, kNow).next, c.next) << (c.answer ? c.answer->status : 0);
  }
}

}  // namespace
}  // namespace mycouch::tenancy
