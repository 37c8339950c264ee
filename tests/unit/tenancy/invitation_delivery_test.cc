#include "tenancy/invitation_delivery.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "tenancy/invitation_token.h"

namespace mycouch::tenancy {
namespace {

// The vector of Standard Webhooks' own libraries.
TEST(InvitationDelivery, SignsAsStandardWebhooksDoes) {
  EXPECT_EQ(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                              1'614'265'330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(InvitationDelivery, ASecretWithoutThePrefixIsItsOwnKey) {
  const std::string key = "exactly these bytes are the key";
  EXPECT_EQ(webhook_key(key), key);
  EXPECT_EQ(webhook_key("whsec_" + base::to_base64(key)), key);
  EXPECT_EQ(webhook_key("whsec_not base64"), std::nullopt);
  EXPECT_EQ(webhook_signature(key, "id", 1, "body"),
            webhook_signature("whsec_" + base::to_base64(key), "id", 1, "body"));
}

TEST(InvitationToken, IsTheSameAgainWhereAWebhookDeliversIt) {
  auth::Application application;
  application.invitation_webhook = "https://app.example/invitations";
  application.invitation_webhook_secret = "a secret of enough bytes";
  const std::string token = new_invitation_token(application, "invitation_a");
  EXPECT_EQ(token.size(), 43U);
  EXPECT_EQ(new_invitation_token(application, "invitation_a"), token);
  EXPECT_EQ(invitation_token(application.invitation_webhook_secret, "invitation_a"), token);
  EXPECT_NE(new_invitation_token(application, "invitation_b"), token);
  application.invitation_webhook_secret = "another secret of enough bytes";
  EXPECT_NE(new_invitation_token(application, "invitation_a"), token);
}

TEST(InvitationToken, IsRandomWhereNothingDeliversIt) {
  const auth::Application application;
  const std::string token = new_invitation_token(application, "invitation_a");
  EXPECT_EQ(token.size(), 43U);
  EXPECT_NE(new_invitation_token(application, "invitation_a"), token);
}

}  // namespace
}  // namespace mycouch::tenancy
