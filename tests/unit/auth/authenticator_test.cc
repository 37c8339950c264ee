#include "auth/authenticator.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "auth/issuers.h"
#include "auth/signer.h"
#include "base/encoding.h"
#include "unit/auth/fakes.h"
#include "unit/auth/test_key.h"

namespace mycouch::auth {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr const char* kIssuer = "https://issuer.example";

json::Object with(json::Object object, std::string_view name, json::Value value) {
  object.set(name, std::move(value));
  return object;
}

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    Application application;
    application.id = "roady";
    application.issuer = kIssuer;
    application.algorithms = {Algorithm::rs256, Algorithm::es256, Algorithm::eddsa};
    application.audiences = {"roady"};
    application.authorized_parties = {"https://roady.example"};
    EXPECT_TRUE(issuers_.add(application));
    jwks_->answer(jwks_of({rsa().jwk(), p256().jwk(), ed25519().jwk()}));
    issuers_.start(loop_.executor());
  }
  ~AuthenticatorTest() override {
    issuers_.stop();
    pool_.join();
  }

  static const TestKey& rsa() {
    static const TestKey key = TestKey::rsa("rsa");
    return key;
  }
  static const TestKey& p256() {
    static const TestKey key = TestKey::p256("p256");
    return key;
  }
  static const TestKey& ed25519() {
    static const TestKey key = TestKey::ed25519("ed25519");
    return key;
  }
  static json::Object claims() {
    return {{"iss", kIssuer},
            {"sub", "alice"},
            {"exp", kNow + 300},
            {"nbf", kNow},
            {"iat", kNow},
            {"aud", "roady"},
            {"azp", "https://roady.example"},
            {"active_tenant_id", "tenant_t"}};
  }
  static std::string basic(std::string_view user, std::string_view password) {
    return "Basic " + base::to_base64(std::string(user) + ':' + std::string(password));
  }

  Result<std::shared_ptr<const Principal>> ask(std::optional<std::string> header) {
    return loop_.run(authenticator_.authenticate(std::move(header)));
  }
  Result<std::shared_ptr<const Principal>> bearer(const std::string& token) { return ask("Bearer " + token); }
  bool is_cached(const std::string& token) { return authenticator_.cached("Bearer " + token).has_value(); }

  FakeClock clock_{base::WallTime(std::chrono::seconds(kNow))};
  std::shared_ptr<FakeIssuer> jwks_ = std::make_shared<FakeIssuer>();
  std::array<Loop, 3> more_loops_;  // outlive loop_ and the pool, whose threads wake their coroutines
  Loop loop_;
  base::Pool pool_{2};
  Issuers issuers_{clock_, {}, [this](const Application&) { return std::make_unique<FakeSource>(jwks_); }};
  Authenticator authenticator_{issuers_, {"admin", "pass:word"}, {}, clock_, pool_};
};

TEST_F(AuthenticatorTest, AcceptsATokenOfEachAllowedAlgorithm) {
  for (const std::string& token :
       {rsa().token(Algorithm::rs256, claims()), p256().token(Algorithm::es256, claims()),
        ed25519().token(Algorithm::eddsa, claims())}) {
    auto principal = bearer(token);
    ASSERT_TRUE(principal) << principal.error().reason;
    EXPECT_FALSE((*principal)->administrator);
    EXPECT_EQ((*principal)->application->id, "roady");
    EXPECT_EQ((*principal)->user_id, "user_alice");
    EXPECT_EQ((*principal)->active_tenant, "tenant_t");
  }
}

TEST_F(AuthenticatorTest, TheSchemesNameHasNoCaseAndSpacesMayFollowIt) {
  std::string token = p256().token(Algorithm::es256, claims());
  EXPECT_TRUE(ask("bearer " + token));
  EXPECT_TRUE(ask("BEARER   " + token));
  EXPECT_TRUE(ask("bASIC" + basic("admin", "pass:word").substr(5)));
}

TEST_F(AuthenticatorTest, EachBadHeaderHasItsReason) {
  struct Case {
    std::optional<std::string> header;
    const char* reason;
  };
  const Case cases[] = {
      {std::nullopt, "no credentials"},
      {"", "malformed Authorization header"},
      {" ", "malformed Authorization header"},
      {"Bearer", "malformed Authorization header"},
      {"Bearer ", "malformed Authorization header"},
      {"Bearer a b", "malformed Authorization header"},
      {"Basic", "malformed Authorization header"},
      {"Basic !", "malformed Authorization header"},
      {"Basic " + base::to_base64("admin"), "malformed Authorization header"},
      {"Digest a", "authorization scheme not supported"},
      {"eyJhbGciOiJub25lIn0.e30.", "authorization scheme not supported"},
      {"Bearer x", "malformed token"},
      {"Bearer " + std::string(16 * 1024 + 1, 'x'), "token too large"},
      {"Bearer " + std::string(16 * 1024, 'x'), "malformed token"},
  };
  for (const Case& c : cases) {
    auto principal = ask(c.header);
    ASSERT_FALSE(principal);
    EXPECT_EQ(principal.error().code, Errc::unauthorized);
    EXPECT_EQ(principal.error().reason, c.reason) << c.header.value_or("nothing").substr(0, 40);
  }
}

TEST_F(AuthenticatorTest, EachBadTokenHasItsReason) {
  const TestKey stranger = TestKey::p256("p256");
  const std::string good = p256().token(Algorithm::es256, claims());
  const std::string unsigned_text = good.substr(0, good.rfind('.'));
  const json::Object header{{"alg", "ES256"}, {"kid", "p256"}};
  auto p256_token = [](const json::Object& changed) { return p256().token(Algorithm::es256, changed); };
  struct Case {
    std::string token;
    const char* reason;
  };
  const Case cases[] = {
      {unsigned_text + ".", "bad signature"},
      {unsigned_text + ".AAAA", "bad signature"},
      {stranger.token(Algorithm::es256, claims()), "bad signature"},
      {stranger.token(Algorithm::es256, with(header, "jwk", stranger.jwk()), claims()), "bad signature"},
      {p256().token(Algorithm::es256, {{"alg", "none"}, {"kid", "p256"}}, claims()), "algorithm not allowed"},
      {p256().token(Algorithm::es256, {{"alg", "HS256"}, {"kid", "p256"}}, claims()),
       "algorithm not allowed"},
      {rsa().token(Algorithm::rs512, claims()), "algorithm not allowed"},
      {p256().token(Algorithm::es256, {{"alg", "RS256"}, {"kid", "p256"}}, claims()),
       "algorithm not allowed"},
      {p256().token(Algorithm::es256, {{"alg", "ES256"}}, claims()), "no key id"},
      {p256().token(Algorithm::es256, with(header, "crit", json::Array{"b64"}), claims()),
       "critical header parameter not supported"},
      {p256().token(Algorithm::es256, with(header, "typ", "secevent+jwt"), claims()),
       "token type not accepted"},
      {p256().token(Algorithm::es256, with(header, "kid", "unknown"), claims()), "unknown key id"},
      {p256_token(with(claims(), "iss", nullptr)), "unknown issuer"},
      {p256_token(with(claims(), "iss", "https://issuer.example/")), "unknown issuer"},
      {p256_token(with(claims(), "iss", "")), "unknown issuer"},
      {p256_token(with(claims(), "exp", kNow - 60)), "token expired"},
      {p256_token(with(claims(), "nbf", kNow + 61)), "token not yet valid"},
      {p256_token(with(claims(), "iat", kNow + 61)), "token issued in the future"},
      {p256_token(with(claims(), "exp", "tomorrow")), "malformed token"},
      {p256_token(with(claims(), "aud", "other")), "wrong audience"},
      {p256_token(with(claims(), "azp", "https://evil.example")), "wrong authorized party"},
      {p256_token(with(claims(), "sub", "")), "no subject"},
      {p256_token(with(claims(), "sub", std::string(256, 'a'))), "subject too long"},
      {p256_token(with(claims(), "sub", "a\tb")), "control character in subject"},
  };
  for (const Case& c : cases) {
    auto principal = bearer(c.token);
    ASSERT_FALSE(principal) << c.reason;
    EXPECT_EQ(principal.error().code, Errc::unauthorized) << c.reason;
    EXPECT_EQ(principal.error().reason, c.reason);
    EXPECT_FALSE(is_cached(c.token)) << c.reason;
  }
}

TEST_F(AuthenticatorTest, AnUnknownIssuerOrAStaleTokenCausesNoFetch) {
  ASSERT_TRUE(bearer(p256().token(Algorithm::es256, claims())));
  ASSERT_EQ(jwks_->fetches(), 1);
  const json::Object header{{"alg", "ES256"}, {"kid", "unknown"}};
  EXPECT_FALSE(bearer(p256().token(Algorithm::es256, header, with(claims(), "iss", "https://other"))));
  EXPECT_FALSE(bearer(p256().token(Algorithm::es256, header, with(claims(), "exp", kNow - 100))));
  EXPECT_EQ(jwks_->fetches(), 1);
}

TEST_F(AuthenticatorTest, AVerifiedTokenIsCachedUntilItExpires) {
  std::string token = rsa().token(Algorithm::rs256, claims());
  EXPECT_FALSE(is_cached(token));
  auto first = bearer(token);
  ASSERT_TRUE(first);
  auto cached = authenticator_.cached("Bearer " + token);
  ASSERT_TRUE(cached && *cached);
  EXPECT_EQ(**cached, *first);
  clock_.advance(360s - 1ms);
  EXPECT_TRUE(is_cached(token)) << "within the leeway";
  clock_.advance(1ms);
  EXPECT_FALSE(is_cached(token));
  EXPECT_EQ(bearer(token).error().reason, "token expired");
}

TEST_F(AuthenticatorTest, ARotatedKeyEndsItsTokensAndBeginsTheNext) {
  std::string token = p256().token(Algorithm::es256, claims());
  ASSERT_TRUE(bearer(token));
  const TestKey next = TestKey::p256("next");
  jwks_->answer(jwks_of({next.jwk()}));
  EXPECT_TRUE(bearer(next.token(Algorithm::es256, claims())));
  EXPECT_EQ(jwks_->fetches(), 2);
  EXPECT_FALSE(is_cached(token));
  EXPECT_EQ(bearer(token).error().reason, "unknown key id");
}

TEST_F(AuthenticatorTest, ARemovedApplicationEndsItsTokens) {
  std::string token = p256().token(Algorithm::es256, claims());
  ASSERT_TRUE(bearer(token));
  ASSERT_TRUE(issuers_.remove("roady"));
  EXPECT_EQ(bearer(token).error().reason, "unknown issuer");
}

TEST_F(AuthenticatorTest, IsUnavailableWhereTheKeysWereNeverFetched) {
  Application application;
  application.id = "down";
  application.issuer = "https://down.example";
  application.subject_prefix = "down-";
  application.algorithms = {Algorithm::es256};
  jwks_->go_down();
  ASSERT_TRUE(issuers_.add(application));
  auto principal = bearer(p256().token(Algorithm::es256, with(claims(), "iss", "https://down.example")));
  ASSERT_FALSE(principal);
  EXPECT_EQ(principal.error().code, Errc::unavailable);
  EXPECT_EQ(principal.error().reason, "the issuer's keys cannot be fetched");
}

TEST_F(AuthenticatorTest, TheAdministratorIsKnownByNameAndPassword) {
  auto principal = ask(basic("admin", "pass:word"));
  ASSERT_TRUE(principal) << principal.error().reason;
  EXPECT_TRUE((*principal)->administrator);
  EXPECT_EQ((*principal)->application, nullptr);
  EXPECT_EQ((*principal)->name, "admin");
  auto again = authenticator_.cached(basic("admin", "pass:word"));
  ASSERT_TRUE(again && *again);
  EXPECT_EQ(**again, *principal);
  for (const std::string& wrong : {basic("admin", "pass:words"), basic("admin", ""),
                                   basic("Admin", "pass:word"), basic("", ""), basic("admin", "pass")}) {
    EXPECT_EQ(ask(wrong).error().reason, "name or password is incorrect");
    EXPECT_EQ(ask(wrong).error().code, Errc::unauthorized);
  }
}

TEST_F(AuthenticatorTest, NobodyIsTheAdministratorWithoutAPassword) {
  Authenticator closed(issuers_, {"admin", ""}, {}, clock_, pool_);
  auto principal = closed.cached(basic("admin", ""));
  ASSERT_TRUE(principal);
  ASSERT_FALSE(*principal);
  EXPECT_EQ(principal->error().reason, "name or password is incorrect");
}

TEST_F(AuthenticatorTest, TheDevelopmentSignersTokensAreAccepted) {
  Signer signer = Signer::generate();
  jwks_->answer(signer.jwks());
  EXPECT_TRUE(bearer(signer.sign(claims())));
}

TEST_F(AuthenticatorTest, IsUsedByManyThreads) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 8; ++i) {
    tokens.push_back(p256().token(Algorithm::es256, with(claims(), "sub", "user" + std::to_string(i))));
  }
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (Loop& own : more_loops_) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) {
          int n = i % 8;
          auto principal = own.run(authenticator_.authenticate("Bearer " + tokens[n]));
          if (!principal || (*principal)->sub != "user" + std::to_string(n)) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace mycouch::auth
