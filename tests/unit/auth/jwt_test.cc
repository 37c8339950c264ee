#include "auth/jwt.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace mycouch::auth {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime kNow{1'700'000'000s};

std::string token_of(std::string_view header, std::string_view payload = "{}",
                     std::string_view signature = "sig!") {
  return base::to_base64url(header) + '.' + base::to_base64url(payload) + '.' + base::to_base64url(signature);
}

constexpr const char* kGoodHeader = R"({"alg":"RS256","kid":"k","typ":"JWT"})";

TEST(Jws, IsTakenApart) {
  std::string token = token_of(kGoodHeader, R"({"sub":"a"})", "signature");
  auto jws = read_jws(token);
  ASSERT_TRUE(jws) << jws.error().reason;
  EXPECT_EQ(jws->algorithm, Algorithm::rs256);
  EXPECT_EQ(jws->kid, "k");
  EXPECT_EQ(jws->payload, R"({"sub":"a"})");
  EXPECT_EQ(jws->signature, "signature");
  EXPECT_EQ(jws->signed_text, token.substr(0, token.rfind('.')));
}

TEST(Jws, HeadersThatAreAccepted) {
  for (
      const char* header : {
          R"({"alg":"EdDSA","kid":"k"})",
          R"({"alg":"RS256","kid":"k","typ":"jwt"})",
          R"({"alg":"RS256","kid":"k","typ":"AT+JWT"})",
          R"({"alg":"RS256","kid":"k","typ":"application/at+jwt"})",
          R"({"alg":"RS256","kid":"k","cat":"cl_B7d4PD111AAA","jwk":{"kty":"oct"},"jku":"https://evil","x5c":[]})",
          " { \"alg\" : \"RS256\" ,\n \"kid\" : \"k\" } ",
      }) {
    EXPECT_TRUE(read_jws(token_of(header))) << header;
  }
}

TEST(Jws, EachBadHeaderHasItsReason) {
  struct Case {
    const char* header;
    const char* reason;
  };
  const Case cases[] = {
      {"", "malformed token"},
      {"[]", "malformed token"},
      {"{", "malformed token"},
      {R"({"alg":"RS256","kid":"k","kid":"k"})", "malformed token"},
      {R"({"alg":"RS256","kid":"k","x":{"a":1,"a":2}})", "malformed token"},
      {"{\"alg\":\"RS256\",\"kid\":\"\xff\"}", "malformed token"},
      {R"({"kid":"k"})", "malformed token"},
      {R"({"alg":null,"kid":"k"})", "malformed token"},
      {R"({"alg":["RS256"],"kid":"k"})", "malformed token"},
      {R"({"alg":"RS256","kid":1})", "malformed token"},
      {R"({"alg":"RS256","kid":"k","typ":1})", "malformed token"},
      {R"({"alg":"none","kid":"k"})", "algorithm not allowed"},
      {R"({"alg":"nOnE","kid":"k"})", "algorithm not allowed"},
      {R"({"alg":"HS256","kid":"k"})", "algorithm not allowed"},
      {R"({"alg":"ES512","kid":"k"})", "algorithm not allowed"},
      {R"({"alg":"","kid":"k"})", "algorithm not allowed"},
      {R"({"alg":"RS256"})", "no key id"},
      {R"({"alg":"RS256","kid":""})", "no key id"},
      {R"({"alg":"RS256","kid":"k","crit":["exp"],"exp":1})", "critical header parameter not supported"},
      {R"({"alg":"RS256","kid":"k","crit":null})", "critical header parameter not supported"},
      {R"({"alg":"RS256","kid":"k","typ":"dpop+jwt"})", "token type not accepted"},
      {R"({"alg":"RS256","kid":"k","typ":"application/jose"})", "token type not accepted"},
      {R"({"alg":"RS256","kid":"k","typ":""})", "token type not accepted"},
  };
  for (const Case& c : cases) {
    auto jws = read_jws(token_of(c.header));
    ASSERT_FALSE(jws) << c.header;
    EXPECT_EQ(jws.error().code, Errc::unauthorized) << c.header;
    EXPECT_EQ(jws.error().reason, c.reason) << c.header;
  }
}

TEST(Jws, FormsThatAreNoCompactJwsAreMalformed) {
  const std::string good = token_of(kGoodHeader);
  const std::string header = base::to_base64url(kGoodHeader);
  for (const std::string& token : std::initializer_list<std::string>{
           "",
           ".",
           "..",
           "a",
           "...",
           header,
           header + ".e30",
           header + ".e30.c2ln.c2ln",
           good + ".",
           good + "=",
           good + " ",
           "." + good,
           header + "=.e30.c2ln",
           header + ".e30=.c2ln",
           header + ".e 0.c2ln",
           header + ".e30.c2l+",
           header + ".e31.c2ln",
           header + ".e30.c2lo\n",
           header + ".e30.c",
           R"({"payload":"e30","signatures":[]})",
       }) {
    auto jws = read_jws(token);
    ASSERT_FALSE(jws) << token;
    EXPECT_EQ(jws.error().reason, "malformed token") << token;
  }
}

TEST(Jws, SizeIsBounded) {
  std::string frame = token_of(kGoodHeader, "", "");
  std::string longest = token_of(kGoodHeader, std::string((kMaxToken - frame.size()) / 4 * 3, 'x'), "");
  EXPECT_TRUE(read_jws(longest));
  auto jws = read_jws(longest + std::string(kMaxToken - longest.size() + 1, 'A'));
  ASSERT_FALSE(jws);
  EXPECT_EQ(jws.error().reason, "token too large");
}

TEST(Jws, AnEmptySignatureIsReadSoThatItFailsToVerify) {
  auto jws = read_jws(token_of(kGoodHeader, "{}", ""));
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->signature, "");
}

TEST(Claims, AreAJsonObject) {
  EXPECT_TRUE(read_claims("{}"));
  for (const char* payload :
       {"", "null", "[]", "\"a\"", "{} {}", R"({"sub":"a","sub":"b"})", "{\"sub\":\"\xc3\"}"}) {
    auto claims = read_claims(payload);
    ASSERT_FALSE(claims) << payload;
    EXPECT_EQ(claims.error().reason, "malformed token") << payload;
  }
}

class CheckClaims : public testing::Test {
 protected:
  Result<Principal> check(std::string_view claims, std::chrono::seconds leeway = 60s) const {
    auto object = read_claims(claims);
    if (!object) return std::unexpected(object.error());
    return check_claims(*object, std::make_shared<const Application>(application_), kNow, leeway);
  }

  Application application_;
};

TEST_F(CheckClaims, GiveThePrincipal) {
  application_.id = "roady";
  application_.subject_prefix = "r-";
  auto principal = check(R"({"sub":"user_2x","exp":1700000300,"nbf":1699999990.5,"iat":1700000000,"sid":"s1",
      "email":"jo@example.com","email_verified":true,"name":"Jo","active_tenant_id":"tenant_t"})");
  ASSERT_TRUE(principal) << principal.error().reason;
  EXPECT_FALSE(principal->administrator);
  EXPECT_EQ(principal->application->id, "roady");
  EXPECT_EQ(principal->sub, "user_2x");
  EXPECT_EQ(principal->user_id, "user_r-user_2x");
  EXPECT_EQ(principal->sid, "s1");
  EXPECT_EQ(principal->email, "jo@example.com");
  EXPECT_TRUE(principal->email_verified);
  EXPECT_EQ(principal->name, "Jo");
  EXPECT_EQ(principal->active_tenant, "tenant_t");
  EXPECT_EQ(principal->expires, kNow + 300s);
}

TEST_F(CheckClaims, OptionalOnesOfAnotherTypeAreAbsent) {
  auto principal =
      check(R"({"sub":"a","exp":1700000300,"sid":1,"email":null,"email_verified":"true","name":{},
      "active_tenant_id":["t"]})");
  ASSERT_TRUE(principal) << principal.error().reason;
  EXPECT_EQ(principal->sid + principal->email + principal->name, "");
  EXPECT_FALSE(principal->email_verified);
  EXPECT_FALSE(principal->active_tenant);
  EXPECT_FALSE(check(R"({"sub":"a","exp":1700000300,"active_tenant_id":""})")->active_tenant);
  EXPECT_FALSE(check(R"({"sub":"a","exp":1700000300})")->active_tenant);
}

TEST_F(CheckClaims, TheTenantClaimHasTheConfiguredName) {
  application_.tenant_claim = "org";
  auto principal = check(R"({"sub":"a","exp":1700000300,"org":"t1","active_tenant_id":"t2"})");
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->active_tenant, "t1");
}

// https://clerk.com/docs/guides/sessions/session-tokens
TEST_F(CheckClaims, ClerksSessionTokensOfVersion2AreAcceptedAsTheyAre) {
  const std::string clerks = R"({"azp":"https://app.example","exp":1700000060,"fva":[7,-1],"iat":1700000000,
      "iss":"https://clerk.app.example","jti":"1234567890","nbf":1699999990,"sid":"sess_123","sub":"user_2x",
      "v":2,"pla":"u:free,o:pro","fea":"o:dashboard,uo:teams",
      "o":{"id":"org_123","slg":"org","rol":"admin","per":"manage,read","fpm":"3,2"})";
  application_.authorized_parties = {"https://app.example"};
  auto principal = check(clerks + R"(,"sts":"active","active_tenant_id":"tenant_a"})");
  ASSERT_TRUE(principal) << principal.error().reason;
  EXPECT_EQ(principal->user_id, "user_user_2x");
  EXPECT_EQ(principal->sid, "sess_123");
  EXPECT_EQ(principal->active_tenant, "tenant_a");
  // What Clerk makes of metadata that is not there yet.
  for (const char* absent : {"", R"(,"active_tenant_id":null)", R"(,"active_tenant_id":"")"}) {
    auto without = check(clerks + absent + "}");
    ASSERT_TRUE(without) << absent;
    EXPECT_FALSE(without->active_tenant) << absent;
  }
}

TEST_F(CheckClaims, APendingSessionIsNotSignedIn) {
  auto principal = check(R"({"sub":"a","exp":1700000300,"v":2,"sts":"pending"})");
  ASSERT_FALSE(principal);
  EXPECT_EQ(principal.error().code, Errc::unauthorized);
  EXPECT_EQ(principal.error().reason, "session pending: the user has tasks to complete at the issuer");
}

TEST_F(CheckClaims, TimesHaveTheirLeewayAndNoMore) {
  struct Case {
    const char* times;
    const char* reason;  // empty: accepted
  };
  const Case cases[] = {
      {R"("exp":1700000001)", ""},
      {R"("exp":1700000000)", ""},
      {R"("exp":1699999941)", ""},
      {R"("exp":1699999940.001)", ""},
      {R"("exp":1699999940)", "token expired"},
      {R"("exp":0)", "token expired"},
      {R"("exp":-1)", "token expired"},
      {R"("exp":-1e300)", "token expired"},
      {R"("exp":1e300)", ""},
      {R"("exp":1.7000003e9)", ""},
      {R"("iat":1)", "no expiry"},
      {R"("exp":null)", "malformed token"},
      {R"("exp":"1700000300")", "malformed token"},
      {R"("exp":{})", "malformed token"},
      {R"("exp":1e999)", "malformed token"},
      {R"("exp":1700000300,"nbf":1700000060)", ""},
      {R"("exp":1700000300,"nbf":1700000060.001)", "token not yet valid"},
      {R"("exp":1700000300,"nbf":"now")", "malformed token"},
      {R"("exp":1700000300,"iat":1700000060)", ""},
      {R"("exp":1700000300,"iat":1700000061)", "token issued in the future"},
      {R"("exp":1700000300,"iat":true)", "malformed token"},
  };
  for (const Case& c : cases) {
    auto principal = check(std::string(R"({"sub":"a",)") + c.times + '}');
    EXPECT_EQ(principal ? "" : principal.error().reason, c.reason) << c.times;
  }
  EXPECT_EQ(check(R"({"sub":"a","exp":1700000000})", 0s).error().reason, "token expired");
}

TEST_F(CheckClaims, AudienceAndPartyAreAsConfigured) {
  struct Case {
    std::vector<std::string> audiences;
    std::vector<std::string> parties;
    const char* claims;
    const char* reason;
  };
  const Case cases[] = {
      {{}, {}, R"("aud":"x","azp":"y")", ""},
      {{"a", "b"}, {}, R"("aud":"b")", ""},
      {{"a", "b"}, {}, R"("aud":["x","a"])", ""},
      {{"a"}, {}, R"("aud":"x")", "wrong audience"},
      {{"a"}, {}, R"("aud":["x",1,null])", "wrong audience"},
      {{"a"}, {}, R"("aud":[])", "wrong audience"},
      {{"a"}, {}, R"("aud":{"a":1})", "wrong audience"},
      {{"a"}, {}, R"("azp":"a")", "wrong audience"},
      {{}, {"p"}, R"("azp":"p")", ""},
      {{}, {"p"}, R"("azp":"q")", "wrong authorized party"},
      {{}, {"p"}, R"("azp":["p"])", "wrong authorized party"},
      {{}, {"p"}, R"("aud":"p")", "wrong authorized party"},
  };
  for (const Case& c : cases) {
    application_.audiences = c.audiences;
    application_.authorized_parties = c.parties;
    auto principal = check(std::string(R"({"sub":"a","exp":1700000300,)") + c.claims + '}');
    EXPECT_EQ(principal ? "" : principal.error().reason, c.reason) << c.claims;
  }
}

TEST_F(CheckClaims, SubjectIsAPlainBoundedString) {
  const std::string longest(kMaxSubject, 's');
  struct Case {
    std::string sub;
    const char* reason;
  };
  const Case cases[] = {
      {R"("a")", ""},
      {R"("ü ✓ /|:")", ""},
      {"\"\xc2\xa0\"", ""},
      {'"' + longest + '"', ""},
      {'"' + longest + "s\"", "subject too long"},
      {R"("")", "no subject"},
      {"1", "no subject"},
      {"null", "no subject"},
      {R"(["a"])", "no subject"},
      {R"("a\u0000")", "control character in subject"},
      {R"("a\nb")", "control character in subject"},
      {R"("\u007f")", "control character in subject"},
      {R"("\u0085")", "control character in subject"},
  };
  for (const Case& c : cases) {
    auto principal = check(R"({"exp":1700000300,"sub":)" + c.sub + '}');
    EXPECT_EQ(principal ? "" : principal.error().reason, c.reason) << c.sub;
  }
  EXPECT_EQ(check(R"({"exp":1700000300})").error().reason, "no subject");
}

}  // namespace
}  // namespace mycouch::auth
