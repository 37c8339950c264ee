#include "app/dev_token.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "json/value.h"

namespace mycouch::app {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kForm = "application/x-www-form-urlencoded; charset=UTF-8";
constexpr base::WallTime kNow{std::chrono::milliseconds(1'765'380'600'500)};

json::Object claims_of(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  return *json::parse(*base::from_base64url(std::string_view(token).substr(first + 1, second - first - 1)))
              ->as_object();
}

TEST(DevTokenRequest, IsReadFromJsonAndFromAForm) {
  Result<TokenRequest> json =
      read_token_request(kJson, R"({"email":"Jo@example.com","name":"Jo","expires_in":60})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->sub, "jo-example-com");
  EXPECT_EQ(json->name, "Jo");
  EXPECT_EQ(json->expires_in, std::chrono::seconds(60));

  Result<TokenRequest> form = read_token_request(kForm, "name=Jo+Doe&email=jo%40example.com&expires_in=");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->sub, "jo-example-com");
  EXPECT_EQ(form->name, "Jo Doe");
  EXPECT_EQ(form->expires_in, std::chrono::hours(1));
}

TEST(DevTokenRequest, BadOnesAreRefused) {
  for (std::string_view body :
       {"", "[]", "{}", R"({"sub":7})", R"({"name":"Jo"})", R"({"sub":"jo","expires_in":0})",
        R"({"sub":"jo","expires_in":86401})", R"({"sub":"jo","expires_in":"soon"})",
        R"({"sub":"jo","admin":true})", R"({"email":"@"})"}) {
    Result<TokenRequest> read = read_token_request(kJson, body);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().code, Errc::bad_request) << body;
  }
}

TEST(DevTokenRequest, ASubjectIsMadeOfTheEmail) {
  EXPECT_EQ(subject_of_email("Jo.Doe+test@Example.com"), "jo-doe-test-example-com");
  EXPECT_EQ(subject_of_email("jo@example."), "jo-example");
  EXPECT_EQ(subject_of_email("@"), "");
}

TEST(DevToken, CarriesWhatTheServerAsksOfAToken) {
  const auth::Signer signer = auth::Signer::generate();
  auth::Application application;
  application.issuer = "http://127.0.0.1:5985";
  const TokenRequest request{
      .sub = "jo", .email = "jo@example.com", .name = "Jo", .expires_in = std::chrono::minutes(5)};
  const json::Object claims = claims_of(make_token(signer, application, request, "tenant_jo_personal", kNow));
  EXPECT_EQ(claims.string("iss"), "http://127.0.0.1:5985");
  EXPECT_EQ(claims.string("sub"), "jo");
  EXPECT_EQ(claims.string("email"), "jo@example.com");
  EXPECT_EQ(claims.string("name"), "Jo");
  EXPECT_EQ(claims.string("active_tenant_id"), "tenant_jo_personal");
  EXPECT_EQ(claims.find("iat")->as_int(), 1'765'380'600);
  EXPECT_EQ(claims.find("exp")->as_int(), 1'765'380'900);
  EXPECT_TRUE(claims.contains("sid"));
}

TEST(DevToken, HasNoTenantBeforeTheUserHasOne) {
  const json::Object claims =
      claims_of(make_token(auth::Signer::generate(), auth::Application(),
                           {.sub = "jo", .email = "", .name = ""}, std::nullopt, kNow));
  EXPECT_FALSE(claims.contains("active_tenant_id"));
  EXPECT_FALSE(claims.contains("email"));
}

}  // namespace
}  // namespace mycouch::app
