#include "tenancy/application.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace mycouch::tenancy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kSystem = "couch-sitter";

json::Object object(std::string_view text) {
  return *json::parse(text)->as_object();
}

auth::Application usable() {
  auth::Application application;
  application.id = "roady";
  application.issuer = "https://issuer.example";
  application.databases = {"roady", "roady-*"};
  return application;
}

TEST(ApplicationDocument, HasTheConfigurationFilesMembers) {
  auto application = read_application(object(R"({
    "_id": "application_roady", "_rev": "1-a", "type": "application", "issuer": "https://issuer.example",
    "jwks": "https://issuer.example/jwks", "databases": ["roady"], "algorithms": ["ES256", "EdDSA"],
    "audiences": ["a"], "authorized_parties": ["p"], "tenant_claim": "t", "tenant_source": "profile",
    "tenant_field": "", "subject_prefix": "r-", "allowed_origins": ["https://app.example"],
    "clerk_secret_key": "sk_1", "clerk_api_url": "http://clerk", "invitation_webhook": "http://hook",
    "invitation_webhook_secret": "whsec_x"})"));
  ASSERT_TRUE(application) << application.error().reason;
  EXPECT_EQ(application->id, "roady");
  EXPECT_EQ(application->issuer, "https://issuer.example");
  EXPECT_EQ(application->jwks, "https://issuer.example/jwks");
  EXPECT_THAT(application->databases, ElementsAre("roady"));
  EXPECT_THAT(application->algorithms, ElementsAre(auth::Algorithm::es256, auth::Algorithm::eddsa));
  EXPECT_THAT(application->audiences, ElementsAre("a"));
  EXPECT_THAT(application->authorized_parties, ElementsAre("p"));
  EXPECT_EQ(application->tenant_claim, "t");
  EXPECT_EQ(application->tenant_source, auth::TenantSource::profile);
  EXPECT_EQ(application->tenant_field, "");
  EXPECT_EQ(application->subject_prefix, "r-");
  EXPECT_THAT(application->allowed_origins, ElementsAre("https://app.example"));
  EXPECT_EQ(application->clerk_secret_key, "sk_1");
  EXPECT_EQ(application->clerk_api_url, "http://clerk");
  EXPECT_EQ(application->invitation_webhook, "http://hook");
  EXPECT_EQ(application->invitation_webhook_secret, "whsec_x");
}

TEST(ApplicationDocument, LeavesOutWhatHasADefault) {
  auto application = read_application(object(R"({"_id": "application_roady"})"));
  ASSERT_TRUE(application);
  EXPECT_EQ(application->tenant_claim, "active_tenant_id");
  EXPECT_THAT(application->algorithms, ElementsAre(auth::Algorithm::rs256));
  EXPECT_EQ(application->clerk_api_url, "https://api.clerk.com");
}

TEST(ApplicationDocument, EachBadMemberIsNamed) {
  struct Case {
    const char* member;
    const char* reason;
  };
  const Case cases[] = {
      {R"("isuer": "https://x")", R"(unknown member "isuer")"},
      {R"("issuer": 1)", R"("issuer" must be a string)"},
      {R"("databases": "roady")", R"("databases" must be an array of strings)"},
      {R"("databases": ["roady", 1])", R"("databases" must be an array of strings)"},
      {R"("algorithms": ["HS256"])", R"("algorithms" must be of RS256, RS384, RS512, PS256, ES256, EdDSA)"},
      {R"("tenant_source": "token")", R"("tenant_source" must be "claim" or "profile")"},
      {R"("clerk_secret_key_file": "/nowhere/key")",
       R"("clerk_secret_key_file" names a file that cannot be read: /nowhere/key)"},
  };
  for (const Case& c : cases) {
    auto application = read_application(object(R"({"_id": "application_x", )" + std::string(c.member) + "}"));
    EXPECT_EQ(application ? "" : application.error().reason, c.reason);
  }
}

TEST(ApplicationDocument, TakesASecretFromTheFirstLineOfAFile) {
  const auto path = std::filesystem::temp_directory_path() / ("mycouch-secret-" + std::to_string(::getpid()));
  std::ofstream(path) << "sk_file\r\nand more\n";
  auto application = read_application(
      object(R"({"_id": "application_x", "clerk_secret_key_file": ")" + path.string() + "\"}"));
  ASSERT_TRUE(application) << application.error().reason;
  EXPECT_EQ(application->clerk_secret_key, "sk_file");
  std::ofstream(path) << "";
  EXPECT_THAT(read_secret_file(path.string()).error().reason, HasSubstr("first line is empty"));
  std::filesystem::remove(path);
}

TEST(Application, ComplaintsSayWhatIsWrong) {
  struct Case {
    void (*spoil)(auth::Application&);
    const char* complaint;
  };
  using App = auth::Application;
  const Case cases[] = {
      {[](App& a) { a.id.clear(); }, "needs an id"},
      {[](App& a) { a.issuer.clear(); }, "needs an issuer"},
      {[](App& a) { a.issuer = "issuer"; }, "the issuer must be an http:// or https:// URL"},
      {[](App& a) { a.jwks = "keys"; }, "jwks must be an http:// or https:// URL or file:PATH"},
      {[](App& a) { a.databases.clear(); }, "needs databases"},
      {[](App& a) { a.databases = {"couch-sitter"}; },
       "its databases include the system database \"couch-sitter\""},
      {[](App& a) { a.databases = {"roady", "members"}; },
       "a database cannot be named \"members\": /__tenants/{tenant}/members is something else"},
      {[](App& a) { a.databases = {"restore"}; },
       "a database cannot be named \"restore\": /__tenants/{tenant}/restore is something else"},
      {[](App& a) { a.algorithms.clear(); }, "needs at least one algorithm"},
      {[](App& a) { a.tenant_claim.clear(); }, "tenant_source is \"claim\", but tenant_claim is empty"},
      {[](App& a) { a.tenant_field = "_id"; }, "tenant_field must not begin with '_'"},
      {[](App& a) { a.allowed_origins = {"app.example"}; },
       "\"app.example\" is not an origin such as https://app.example or http://localhost:*"},
      {[](App& a) { a.clerk_api_url = "api.clerk.com"; }, "clerk_api_url must be an http:// or https:// URL"},
      {[](App& a) { a.invitation_webhook = "https://app.example"; },
       "invitation_webhook needs an invitation_webhook_secret"},
      {[](App& a) {
         a.invitation_webhook = "app.example";
         a.invitation_webhook_secret = std::string(24, 's');
       },
       "invitation_webhook must be an http:// or https:// URL"},
      {[](App& a) {
         a.invitation_webhook = "https://app.example";
         a.invitation_webhook_secret = std::string(23, 's');
       },
       "invitation_webhook_secret is shorter than 24 bytes"},
      {[](App& a) {
         a.invitation_webhook = "https://app.example";
         a.invitation_webhook_secret = "whsec_?";
       },
       "invitation_webhook_secret is not whsec_ and base64"},
  };
  EXPECT_THAT(complaints_of(usable(), kSystem), IsEmpty());
  for (const Case& c : cases) {
    auth::Application application = usable();
    c.spoil(application);
    EXPECT_THAT(complaints_of(application, kSystem), ElementsAre(c.complaint));
  }
}

}  // namespace
}  // namespace mycouch::tenancy
