#include "auth/issuers.h"

#include <gtest/gtest.h>

#include "unit/auth/fakes.h"
#include "unit/auth/test_key.h"

namespace mycouch::auth {
namespace {

class IssuersTest : public testing::Test {
 protected:
  ~IssuersTest() override { issuers_.stop(); }

  static Application application(std::string id, std::string issuer, std::string prefix = "") {
    Application application;
    application.id = std::move(id);
    application.issuer = std::move(issuer);
    application.subject_prefix = std::move(prefix);
    return application;
  }

  FakeClock clock_{base::WallTime{}};
  std::shared_ptr<FakeIssuer> issuer_ = std::make_shared<FakeIssuer>();
  Loop loop_;
  Issuers issuers_{clock_, {}, [this](const Application&) { return std::make_unique<FakeSource>(issuer_); }};
};

TEST_F(IssuersTest, AreFoundByExactIssuerAndById) {
  ASSERT_TRUE(issuers_.add(application("a", "https://a")));
  ASSERT_TRUE(issuers_.add(application("b", "https://b", "b-")));
  EXPECT_EQ(issuers_.find("https://b")->application->id, "b");
  for (const char* other : {"", "https://b/", "https://B", "https://", "b"}) {
    EXPECT_FALSE(issuers_.find(other)) << other;
  }
  EXPECT_EQ(issuers_.application("a")->issuer, "https://a");
  EXPECT_EQ(issuers_.application("c"), nullptr);
  EXPECT_EQ(issuers_.applications().size(), 2u);
}

TEST_F(IssuersTest, ShareNeitherIdNorIssuerNorSubjectPrefix) {
  ASSERT_TRUE(issuers_.add(application("a", "https://a", "p")));
  struct Case {
    Application application;
    const char* reason;
  };
  const Case cases[] = {
      {application("", "https://b", "q"), "an application has no id"},
      {application("b", "", "q"), "application b has no issuer"},
      {application("a", "https://b", "q"), "application a has the id of application a"},
      {application("b", "https://a", "q"), "application b has the issuer of application a"},
      {application("b", "https://b", "p"), "application b has the subject prefix of application a"},
  };
  for (const Case& c : cases) {
    auto added = issuers_.add(c.application);
    ASSERT_FALSE(added) << c.reason;
    EXPECT_EQ(added.error().code, Errc::bad_request);
    EXPECT_EQ(added.error().reason, c.reason);
  }
  EXPECT_EQ(issuers_.applications().size(), 1u);
}

TEST_F(IssuersTest, ComeAndGoWhileRunning) {
  const TestKey pair = TestKey::p256("k");
  issuer_->answer(jwks_of({pair.jwk()}));
  issuers_.start(loop_.executor());
  ASSERT_TRUE(issuers_.add(application("a", "https://a")));
  auto issuer = issuers_.find("https://a");
  ASSERT_TRUE(issuer);
  auto key = loop_.run(issuer->keys->key("k"));
  ASSERT_TRUE(key) << key.error().reason;

  EXPECT_TRUE(issuers_.remove("a"));
  EXPECT_FALSE(issuers_.remove("a"));
  EXPECT_FALSE(issuers_.find("https://a"));
  EXPECT_TRUE((*key)->withdrawn());
  EXPECT_TRUE(issuers_.add(application("a", "https://a")));
}

TEST_F(IssuersTest, AReplacedApplicationKeepsItsKeysAndVerifiesTokensAnew) {
  const TestKey pair = TestKey::p256("k");
  issuer_->answer(jwks_of({pair.jwk()}));
  issuers_.start(loop_.executor());
  ASSERT_TRUE(issuers_.add(application("a", "https://a")));
  auto before = issuers_.find("https://a");
  auto accepted = loop_.run(before->keys->key("k"));
  ASSERT_TRUE(accepted);

  issuer_->go_down();
  Application changed = application("a", "https://a");
  changed.databases = {"roady"};
  ASSERT_TRUE(issuers_.replace(changed));
  EXPECT_TRUE((*accepted)->withdrawn());
  auto after = issuers_.find("https://a");
  EXPECT_TRUE(after->application->serves("roady"));
  auto key = loop_.run(after->keys->key("k"));
  ASSERT_TRUE(key) << key.error().reason;
  EXPECT_FALSE((*key)->withdrawn());
  // A request that found the issuer just before goes through, and is not kept.
  auto late = loop_.run(before->keys->key("k"));
  ASSERT_TRUE(late);
  EXPECT_TRUE((*late)->withdrawn());
}

TEST_F(IssuersTest, AReplacedApplicationWithOtherKeysLosesThoseItHad) {
  const TestKey pair = TestKey::p256("k");
  issuer_->answer(jwks_of({pair.jwk()}));
  issuers_.start(loop_.executor());
  ASSERT_TRUE(issuers_.add(application("a", "https://a")));
  auto accepted = loop_.run(issuers_.find("https://a")->keys->key("k"));
  ASSERT_TRUE(accepted);
  issuer_->answer(jwks_of({}));
  Application changed = application("a", "https://a");
  changed.jwks = "https://a/other";
  ASSERT_TRUE(issuers_.replace(changed));
  EXPECT_TRUE((*accepted)->withdrawn());
  auto key = loop_.run(issuers_.find("https://a")->keys->key("k"));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::unauthorized);
}

TEST_F(IssuersTest, AReplacementThatIsRefusedLeavesTheApplication) {
  ASSERT_TRUE(issuers_.add(application("a", "https://a")));
  ASSERT_TRUE(issuers_.add(application("b", "https://b", "b-")));
  EXPECT_EQ(issuers_.replace(application("a", "https://b")).error().reason,
            "application a has the issuer of application b");
  EXPECT_EQ(issuers_.replace(application("c", "https://c")).error().code, Errc::not_found);
  EXPECT_EQ(issuers_.application("a")->issuer, "https://a");
  ASSERT_TRUE(issuers_.replace(application("a", "https://c")));
  EXPECT_FALSE(issuers_.find("https://a"));
  EXPECT_EQ(issuers_.find("https://c")->application->id, "a");
}

}  // namespace
}  // namespace mycouch::auth
