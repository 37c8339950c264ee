#include "app/config.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "app/settings.h"

namespace mycouch::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoadConfig : public testing::Test {
 protected:
  LoadConfig()
      : path_(std::filesystem::temp_directory_path() /
              ("mycouch-config-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml")) {}
  ~LoadConfig() override { std::filesystem::remove(path_); }

  std::expected<Config, Complaints> load(std::string_view text, const std::vector<Given>& given = {}) {
    std::ofstream(path_) << text;
    return load_config({}, path_.string(), given);
  }

  Complaints complaints(std::string_view text, const std::vector<Given>& given = {}) {
    std::expected<Config, Complaints> loaded = load(text, given);
    if (loaded) return {};
    Complaints found = loaded.error();
    for (std::string& complaint : found) {
      if (complaint.starts_with(path_.string())) complaint = complaint.substr(path_.string().size() + 2);
    }
    return found;
  }

 private:
  std::filesystem::path path_;
};

constexpr std::string_view kExample = R"(
listen = "127.0.0.1:5985"
[store]
url = "rocksdb:data"
system_database = "couch-sitter"
[admin]
user = "admin"
password_file = "admin.password"
[[application]]
id = "roady"
issuer = "https://example.clerk.accounts.dev"
jwks = "https://example.clerk.accounts.dev/.well-known/jwks.json"
databases = ["roady", "roady-*"]
algorithms = ["RS256", "ES256"]
tenant_claim = "active_tenant_id"
tenant_source = "profile"
tenant_field = ""
allowed_origins = ["http://localhost:4000"]
)";

TEST_F(LoadConfig, ReadsTheDocumentedExample) {
  std::expected<Config, Complaints> config = load(kExample);
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  EXPECT_EQ(config->admin.password_file, "admin.password");
  ASSERT_EQ(config->applications.size(), 1U);
  const auth::Application& roady = config->applications.front();
  EXPECT_EQ(roady.id, "roady");
  EXPECT_THAT(roady.databases, ElementsAre("roady", "roady-*"));
  EXPECT_THAT(roady.algorithms, ElementsAre(auth::Algorithm::rs256, auth::Algorithm::es256));
  EXPECT_EQ(roady.tenant_source, auth::TenantSource::profile);
  EXPECT_EQ(roady.tenant_field, "");
}

TEST_F(LoadConfig, AnEmptyFileMeansTheDefaults) {
  std::expected<Config, Complaints> config = load("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->listen, "127.0.0.1:5985");
  EXPECT_EQ(config->store.url, "rocksdb:data");
}

TEST_F(LoadConfig, QuantitiesMayHaveUnits) {
  std::expected<Config, Complaints> config = load(
      "[limits]\nmax_body = \"64 MiB\"\nmax_head = 16384\nhead_timeout = \"1500ms\"\nidle_timeout = 90\n"
      "[auth]\nleeway = \"2m\"");
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  EXPECT_EQ(config->http.max_body, 64U << 20);
  EXPECT_EQ(config->http.max_head, 16384U);
  EXPECT_EQ(config->http.head_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(config->http.idle_timeout, std::chrono::seconds(90));
  EXPECT_EQ(config->auth.leeway, std::chrono::minutes(2));
}

TEST_F(LoadConfig, AnUnknownKeyIsNamedWithItsLineAndTheNearestOne) {
  EXPECT_THAT(complaints("[[application]]\nid = \"roady\"\nisuer = \"https://x\"\n"),
              ElementsAre(R"(unknown key "isuer" in [[application]] at line 3; did you mean "issuer"?)"));
  EXPECT_THAT(complaints("[store]\nulr = \"memory:\"\n"),
              ElementsAre(R"(unknown key "ulr" in [store] at line 2; did you mean "url"?)"));
  EXPECT_THAT(complaints("lisen = \"127.0.0.1:1\"\n"),
              ElementsAre(R"(unknown key "lisen" at line 1; did you mean "listen"?)"));
  EXPECT_THAT(complaints("[sotre]\nurl = \"memory:\"\n"),
              ElementsAre("unknown section [sotre] at line 1; did you mean [store]?"));
  EXPECT_THAT(complaints("frobnicate = 1\n"), ElementsAre("unknown key \"frobnicate\" at line 1"));
}

TEST_F(LoadConfig, AllMistakesAreReportedAtOnce) {
  EXPECT_THAT(
      complaints(
          "listen = 5985\ngzip = \"yes\"\n[log]\nlevel = \"loud\"\n[limits]\nmax_head = \"1 potato\"\n"),
      testing::UnorderedElementsAre(
          "listen at line 1: expected a string", "gzip at line 2: expected true or false",
          "log.level at line 4: expected one of debug, info, warning, error, off",
          "limits.max_head at line 6: expected a whole number, such as 8000000 or \"8MB\""));
}

TEST_F(LoadConfig, TextThatIsNoTomlIsReportedWithItsLine) {
  Complaints found = complaints("listen = \"127.0.0.1:5985\"\n[store\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found.front(), HasSubstr("not TOML at line 2"));
}

TEST_F(LoadConfig, AMissingFileIsReported) {
  std::expected<Config, Complaints> config = load_config({}, "/nonexistent/mycouch.toml", {});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error(), ElementsAre("/nonexistent/mycouch.toml: No such file or directory"));
}

TEST_F(LoadConfig, ApplicationsMustNotShareWhatTellsThemApart) {
  EXPECT_THAT(complaints(R"(
[[application]]
id = "a"
issuer = "https://one.example"
databases = ["a"]
[[application]]
id = "a"
issuer = "https://one.example"
databases = ["b"]
)"),
              ElementsAre(HasSubstr("the same id \"a\""), HasSubstr("the same issuer"),
                          HasSubstr("the same subject_prefix \"\"")));
}

TEST_F(LoadConfig, AnApplicationNeedsAnIssuerAndDatabasesOfItsOwn) {
  EXPECT_THAT(complaints("[[application]]\nid = \"a\"\n"),
              ElementsAre("application \"a\": needs an issuer", "application \"a\": needs databases"));
  EXPECT_THAT(complaints("[[application]]\nid = \"a\"\nissuer = \"https://x\"\ndatabases = [\"*\"]\n"),
              ElementsAre("application \"a\": its databases include the system database \"couch-sitter\""));
}

constexpr std::string_view kProvider = R"([[application]]
id = "a"
issuer = "https://x"
databases = ["roady"]
)";

TEST_F(LoadConfig, SecretsOfAnApplicationMayBeInFiles) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("mycouch-config-secret-" + std::to_string(::getpid()));
  std::ofstream(path) << "sk_test_1\n";
  std::expected<Config, Complaints> config =
      load(std::string(kProvider) + "clerk_secret_key_file = \"" + path + "\"\n" +
           "clerk_api_url = \"http://127.0.0.1:1\"\ninvitation_webhook = \"https://a/hook\"\n" +
           "invitation_webhook_secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n");
  std::filesystem::remove(path);
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  const auth::Application& application = config->applications.front();
  EXPECT_EQ(application.clerk_secret_key, "sk_test_1");
  EXPECT_EQ(application.clerk_api_url, "http://127.0.0.1:1");
  EXPECT_EQ(application.invitation_webhook, "https://a/hook");
  for (const Setting<auth::Application>& setting : application_settings()) {
    EXPECT_THAT(setting.show(application),
                testing::Not(testing::AnyOf(HasSubstr("sk_"), HasSubstr("whsec"))));
  }
  EXPECT_THAT(complaints(std::string(kProvider) + "clerk_secret_key_file = \"" + path + "\"\n"),
              ElementsAre(HasSubstr("cannot be read")));
}

TEST_F(LoadConfig, AWebhookNeedsASecretAndDatabasesMustNotHideRoutes) {
  EXPECT_THAT(complaints(std::string(kProvider) + "invitation_webhook = \"https://a/hook\"\n"),
              ElementsAre("application \"a\": invitation_webhook needs an invitation_webhook_secret"));
  EXPECT_THAT(complaints(std::string(kProvider) + "clerk_api_url = \"api.clerk.com\"\n"),
              ElementsAre("application \"a\": clerk_api_url must be an http:// or https:// URL"));
  EXPECT_THAT(complaints("[[application]]\nid = \"a\"\nissuer = \"https://x\"\ndatabases = [\"transfer\"]\n"),
              ElementsAre(HasSubstr("a database cannot be named \"transfer\"")));
}

TEST_F(LoadConfig, TheAuditTrailIsKeptForDays) {
  EXPECT_EQ(load("")->audit.retention, std::chrono::days(90));
  EXPECT_EQ(load("[audit]\nretention = \"365d\"")->audit.retention, std::chrono::days(365));
  for (const char* retention : {"0s", "999ms", "36501d"}) {
    EXPECT_THAT(complaints("[audit]\nretention = \"" + std::string(retention) + "\""),
                ElementsAre("audit.retention: expected a time from 1s to 36500d"));
  }
}

TEST_F(LoadConfig, BadValuesSayWhatIsExpected) {
  EXPECT_THAT(complaints("listen = \"127.0.0.1\""), ElementsAre(HasSubstr("lacks a port")));
  EXPECT_THAT(complaints("listen = \"example.com:80\""), ElementsAre(HasSubstr("not an IP address")));
  EXPECT_THAT(complaints("listen = \"127.0.0.1:70000\""), ElementsAre(HasSubstr("not a port")));
  EXPECT_THAT(complaints("[store]\nurl = \"mysql://x\""),
              ElementsAre(HasSubstr("neither rocksdb:DIRECTORY nor memory:")));
  EXPECT_THAT(
      complaints(
          "[[application]]\nid=\"a\"\nissuer=\"https://x\"\ndatabases=[\"a\"]\nalgorithms = [\"HS256\"]"),
      ElementsAre(HasSubstr("application.algorithms at line 5: expected an algorithm")));
  EXPECT_THAT(complaints("[admin]\nuser = \"\""), ElementsAre(HasSubstr("admin.user")));
  EXPECT_THAT(complaints("[admin]\nuser = \"a:b\""), ElementsAre(HasSubstr("admin.user")));
  EXPECT_THAT(complaints("[admin]\npassword = \"a\"\npassword_file = \"b\""),
              ElementsAre(HasSubstr("give one of them")));
}

TEST_F(LoadConfig, LaterSourcesReplaceEarlierOnes) {
  std::expected<Config, Complaints> config =
      load(kExample, {{"store.url", {"rocksdb:elsewhere"}, "MYCOUCH_STORE_URL"},
                      {"admin.password", {"secret"}, "MYCOUCH_ADMIN_PASSWORD"},
                      {"store.url", {"memory:"}, "--store-url"},
                      {"application.databases", {"a,b"}, "--application-databases"}});
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  EXPECT_EQ(config->store.url, "memory:");
  EXPECT_EQ(config->admin.password, "secret");
  EXPECT_EQ(config->admin.password_file, "");
  EXPECT_THAT(config->applications.front().databases, ElementsAre("a", "b"));
}

TEST_F(LoadConfig, AnApplicationCanComeFromTheEnvironmentAlone) {
  const char* environment[] = {"PATH=/bin", "MYCOUCH_APPLICATION_ID=roady",
                               "MYCOUCH_APPLICATION_ISSUER=https://x.example",
                               "MYCOUCH_APPLICATION_DATABASES=roady, roady-*", nullptr};
  std::expected<Config, Complaints> config = load("", given_by_environment(environment));
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  ASSERT_EQ(config->applications.size(), 1U);
  EXPECT_THAT(config->applications.front().databases, ElementsAre("roady", "roady-*"));
}

TEST_F(LoadConfig, AFlagCannotMeanOneOfSeveralApplications) {
  const std::string two = R"(
[[application]]
id = "a"
issuer = "https://a"
databases = ["a"]
[[application]]
id = "b"
issuer = "https://b"
subject_prefix = "b-"
databases = ["b"]
)";
  EXPECT_THAT(complaints(two), IsEmpty());
  EXPECT_THAT(complaints(two, {{"application.id", {"c"}, "--application-id"}}),
              ElementsAre(HasSubstr("which of the 2 applications")));
}

TEST(Settings, EachHasADescriptionAndAFormThatReadsBack) {
  Config config;
  for (const Setting<Config>& setting : server_settings()) {
    EXPECT_FALSE(setting.description.empty()) << setting.key;
    std::string shown = setting.show(config);
    if (shown.starts_with('"')) shown = shown.substr(1, shown.size() - 2);
    EXPECT_TRUE(setting.set(config, {shown})) << setting.key << " = " << shown;
  }
}

TEST(Settings, FlagsAndVariablesFollowFromTheKey) {
  EXPECT_EQ(flag_of("store.system_database"), "--store-system-database");
  EXPECT_EQ(variable_of("store.system_database"), "MYCOUCH_STORE_SYSTEM_DATABASE");
}

TEST(ParseListen, TakesAddressesOfBothFamiliesAndLocalhost) {
  EXPECT_EQ(parse_listen("localhost:80")->address, "127.0.0.1");
  EXPECT_TRUE(parse_listen("127.0.0.1:0")->loopback);
  EXPECT_FALSE(parse_listen("0.0.0.0:80")->loopback);
  EXPECT_EQ(to_string(*parse_listen("[::1]:5985")), "[::1]:5985");
  EXPECT_FALSE(parse_listen(":80"));
  EXPECT_FALSE(parse_listen("127.0.0.1:"));
  EXPECT_FALSE(parse_listen("127.0.0.1:8x"));
}

}  // namespace
}  // namespace mycouch::app
