#include "tenancy/outbox.h"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/offload.h"
#include "store/rocks/engine.h"
#include "support/run_task.h"
#include "tenancy/documents.h"
#include "tenancy/invitation_token.h"
#include "tenancy/system_database.h"
#include "unit/auth/fakes.h"
#include "unit/http/test_server.h"

namespace mycouch::tenancy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

constexpr std::string_view kSystem = "couch-sitter";
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

template <class T>
Result<T> run(Task<T> task) {
  return testing_support::run_task(std::move(task));
}

// The other side: keeps what it is sent, and answers as the test says, 200 otherwise.
class OtherServer {
 public:
  struct Received {
    std::string line;  // method and target
    http::Headers headers;
    std::string body;
  };

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void answer(unsigned status, std::string body = "", std::string retry_after = "") {
    http::Response response = http::text_response(std::move(body), status);
    if (!retry_after.empty()) response.headers.add("Retry-After", std::move(retry_after));
    std::lock_guard lock(mutex_);
    answers_.push_back(std::move(response));
  }
  std::vector<Received> received() const {
    std::lock_guard lock(mutex_);
    return received_;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const Received& each : received()) all.push_back(each.body);
    return all;
  }
  /// What comes from now on is answered after `release`.
  void hold() { held_ = true; }
  void release() { held_ = false; }
  int most_at_once() const { return most_at_once_; }

 private:
  boost::asio::awaitable<void> handle(http::Exchange& exchange) {
    Result<std::string> body = co_await exchange.read_body(1 << 20);
    most_at_once_ = std::max(most_at_once_.load(), ++at_once_);
    {
      std::lock_guard lock(mutex_);
      received_.push_back({exchange.request().method_text + " " + exchange.request().target,
                           exchange.request().headers, body.value_or("")});
    }
    auto waiter = base::Waiter::create(exchange.executor());
    while (held_) co_await waiter->wait_until(std::chrono::steady_clock::now() + 2ms);
    --at_once_;
    co_await exchange.send(next_answer());
  }
  http::Response next_answer() {
    std::lock_guard lock(mutex_);
    if (answers_.empty()) return http::text_response("{}");
    http::Response answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  mutable std::mutex mutex_;
  std::vector<Received> received_;
  std::deque<http::Response> answers_;
  std::atomic<bool> held_ = false;
  std::atomic<int> at_once_ = 0;
  std::atomic<int> most_at_once_ = 0;
  http::TestServer server_{[this](http::Exchange& exchange) { return handle(exchange); }};
};

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() : store_(*store::rocks::open({}, pool_)) {
    store_->set_scope_rule(std::string(kSystem), scopes_of);
    EXPECT_TRUE(run(store_->create(std::string(kSystem))));
    EXPECT_TRUE(issuers_.add(application()));
    loop_ = std::make_unique<auth::Loop>();
  }
  ~OutboxTest() override {
    if (outbox_) outbox_->stop();
    other_.release();
    store_->stop();
    pool_.join();
    if (loop_) loop_->end();  // as the server's threads do, while its executors outlive the store
    store_->close();
    loop_.reset();
  }

  auth::Application application() const {
    auth::Application application;
    application.id = "roady";
    application.issuer = "https://issuer.example";
    application.clerk_secret_key = "sk_test";
    application.clerk_api_url = other_.url();
    application.invitation_webhook = other_.url() + "/hook";
    application.invitation_webhook_secret = kSecret;
    return application;
  }

  void start() {
    if (outbox_) outbox_->stop();
    outbox_ = std::make_unique<Outbox>(*store_, std::string(kSystem), issuers_, webhook_, clock_,
                                       OutboxOptions{.first_retry = 2ms,
                                                     .longest_retry = 20ms,
                                                     .longest_pause = 500ms,
                                                     .refused_retry = 5ms,
                                                     .breather = 5ms,
                                                     .timeout = 2s,
                                                     .at_once = 2});
    outbox_->start(loop_->executor());
  }

  std::optional<json::Object> read(std::string id) {
    auto found = run(SystemDatabase(*store_, std::string(kSystem)).read(std::move(id)));
    return found ? *found : std::nullopt;
  }
  /// Whatever revision is there is replaced.
  void put(json::Object document) {
    if (auto current = read(std::string(id_of(document)))) {
      set_revision(document, std::string(*current->string("_rev")));
    }
    store::DatabaseEdits part{.database = std::string(kSystem), .confinement = {}, .edits = {}};
    part.edits.push_back(*edit_of(document));
    std::vector<store::DatabaseEdits> parts;
    parts.push_back(std::move(part));
    EXPECT_TRUE(run(store_->write_together(std::move(parts))));
  }
  void put_user(const std::string& sub, const std::string& tenant) {
    put({{"_id", "user_" + sub},
         {"type", "user"},
         {"sub", sub},
         {"name", "Jo"},
         {"active_tenant_id", tenant}});
  }
  void notify(const std::string& sub) { put(active_tenant_notice("user_" + sub, "roady", clock_.now())); }
  bool is_gone(const std::string& id) {
    return http::eventually([&] { return !read(id); });
  }
  bool has_come(std::size_t count) {
    return http::eventually([&] { return other_.received().size() >= count; });
  }

  void put_invitation(const std::string& status = "pending", std::string_view secret = kSecret) {
    const std::string token = invitation_token(secret, "invitation_1");
    put({{"_id", "invitation_1"},
         {"type", "invitation"},
         {"tenantId", "tenant_a"},
         {"role", "member"},
         {"email", "jo@example.com"},
         {"invitedBy", "user_alice"},
         {"status", status},
         {"tokenHash", base::to_hex(base::as_text(base::sha256(token)))},
         {"expiresAt", "2999-01-01T00:00:00Z"}});
  }

  OtherServer other_;
  base::Pool pool_{2};
  std::unique_ptr<store::Store> store_;
  const base::Clock& clock_ = base::system_clock();
  auth::Issuers issuers_{clock_};
  WebhookDelivery webhook_{clock_};
  std::unique_ptr<auth::Loop> loop_;
  std::unique_ptr<Outbox> outbox_;
};

constexpr const char* kTold = R"({"public_metadata":{"active_tenant_id":"tenant_a"}})";

TEST(OutboxNotices, AreOneForEachUserAndInvitationAndDifferEachTime) {
  const base::WallTime now{1'765'380'600'000ms};
  const json::Object notice = active_tenant_notice("user_jo", "roady", now);
  EXPECT_EQ(id_of(notice), "outbox_active_tenant_user_jo");
  EXPECT_EQ(notice.string("type"), "outbox");
  EXPECT_EQ(notice.string("createdAt"), "2025-12-10T15:30:00Z");
  EXPECT_FALSE(notice == active_tenant_notice("user_jo", "roady", now));
  EXPECT_EQ(id_of(invitation_notice("invitation_1", "roady", now)), "outbox_invitation_1");
  EXPECT_THAT(scopes_of(id_of(notice), false, json::write(notice)), ElementsAre("outbox"));
}

TEST_F(OutboxTest, TellsClerkTheActiveTenantAndForgetsTheNotice) {
  start();
  put_user("jo", "tenant_a");
  notify("jo");
  ASSERT_TRUE(is_gone("outbox_active_tenant_user_jo"));
  ASSERT_THAT(other_.received(), SizeIs(1));
  const OtherServer::Received request = other_.received().front();
  EXPECT_EQ(request.line, "PATCH /v1/users/jo/metadata");
  EXPECT_EQ(request.headers.find("Authorization"), "Bearer sk_test");
  EXPECT_EQ(request.body, kTold);
}

TEST_F(OutboxTest, SendsWhatWaitedBeforeItStarted) {
  put_user("jo", "tenant_a");
  notify("jo");
  start();
  EXPECT_TRUE(is_gone("outbox_active_tenant_user_jo"));
  EXPECT_THAT(other_.bodies(), ElementsAre(kTold));
}

TEST_F(OutboxTest, TriesAgainUntilItHoldsAndCountsInTheDocument) {
  for (unsigned status : {500U, 502U, 422U}) other_.answer(status);
  other_.answer(503, "", "1");  // bounded by longest_pause
  other_.hold();
  start();
  put_user("jo", "tenant_a");
  notify("jo");
  ASSERT_TRUE(has_come(1));
  other_.release();
  ASSERT_TRUE(http::eventually([&] {
    auto notice = read("outbox_active_tenant_user_jo");
    return !notice || *notice->find("attempts") == json::Value(4);
  }));
  EXPECT_TRUE(is_gone("outbox_active_tenant_user_jo"));
  EXPECT_THAT(other_.received(), SizeIs(5));
}

TEST_F(OutboxTest, APauseHoldsOverARestart) {
  other_.answer(500, "", "3600");
  start();
  put_user("jo", "tenant_a");
  notify("jo");
  ASSERT_TRUE(http::eventually(
      [&] { return *read("outbox_active_tenant_user_jo")->find("attempts") == json::Value(1); }));
  const std::string noted(*read("outbox_active_tenant_user_jo")->string("nextAttemptAt"));
  const base::WallTime due = base::from_rfc3339(noted).value();
  start();
  ASSERT_TRUE(has_come(2));
  EXPECT_GE(clock_.now(), due);
}

TEST_F(OutboxTest, ASwitchWhileItIsSentIsSentToo) {
  other_.hold();
  start();
  put_user("jo", "tenant_a");
  notify("jo");
  ASSERT_TRUE(has_come(1));
  put_user("jo", "tenant_b");
  notify("jo");
  other_.release();
  ASSERT_TRUE(is_gone("outbox_active_tenant_user_jo"));
  EXPECT_THAT(other_.bodies(), ElementsAre(kTold, R"({"public_metadata":{"active_tenant_id":"tenant_b"}})"));
}

TEST_F(OutboxTest, SwitchesDuringAnOutageSendTheLastOne) {
  for (const char* tenant : {"tenant_b", "tenant_c", "tenant_a"}) {
    put_user("jo", tenant);
    notify("jo");
  }
  start();
  ASSERT_TRUE(is_gone("outbox_active_tenant_user_jo"));
  EXPECT_THAT(other_.bodies(), ElementsAre(kTold));
}

TEST_F(OutboxTest, AFewRequestsAreUnderWayAtOnce) {
  other_.hold();
  for (int i = 0; i < 10; ++i) {
    put_user("u" + std::to_string(i), "tenant_a");
    notify("u" + std::to_string(i));
  }
  start();
  ASSERT_TRUE(has_come(2));
  other_.release();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(is_gone("outbox_active_tenant_user_u" + std::to_string(i)));
  EXPECT_THAT(other_.received(), SizeIs(10));
  EXPECT_EQ(other_.most_at_once(), 2);
}

TEST_F(OutboxTest, TooManyRequestsHoldsUpTheOthersOfThatDestinationToo) {
  other_.answer(429, "", "1");
  start();
  const auto began = std::chrono::steady_clock::now();
  put_user("jo", "tenant_a");
  notify("jo");
  ASSERT_TRUE(http::eventually(
      [&] { return *read("outbox_active_tenant_user_jo")->find("attempts") == json::Value(1); }));
  put_user("al", "tenant_a");
  notify("al");
  ASSERT_TRUE(has_come(2));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 500ms);  // longest_pause
}

TEST_F(OutboxTest, ARefusedKeyIsTriedAgain) {
  other_.answer(401, R"({"errors":[{"code":"clerk_key_invalid"}]})");
  other_.answer(403);
  start();
  put_user("jo", "tenant_a");
  notify("jo");
  EXPECT_TRUE(is_gone("outbox_active_tenant_user_jo"));
  EXPECT_THAT(other_.received(), SizeIs(3));
}

TEST_F(OutboxTest, WhatCannotSucceedIsDropped) {
  other_.answer(404, R"({"errors":[{"code":"resource_not_found"}]})");
  put_user("jo", "tenant_a");
  notify("jo");
  put(active_tenant_notice("user_nobody", "roady", clock_.now()));
  put(active_tenant_notice("user_other", "no-such-application", clock_.now()));
  put(invitation_notice("invitation_none", "roady", clock_.now()));
  put({{"_id", "outbox_what"}, {"type", "outbox"}, {"kind", "what"}, {"applicationId", "roady"}});
  put({{"_id", "outbox_nothing"}});
  start();
  for (const char* id :
       {"outbox_active_tenant_user_jo", "outbox_active_tenant_user_nobody", "outbox_active_tenant_user_other",
        "outbox_invitation_none", "outbox_what", "outbox_nothing"}) {
    EXPECT_TRUE(is_gone(id)) << id;
  }
  EXPECT_THAT(other_.received(), SizeIs(1));
}

TEST_F(OutboxTest, DeliversAnInvitationSignedUntilItIsTaken) {
  other_.answer(500);
  put_user("alice", "tenant_a");
  put({{"_id", "tenant_a"}, {"type", "tenant"}, {"name", "The Band"}, {"members", json::Object()}});
  put_invitation();
  put(invitation_notice("invitation_1", "roady", clock_.now()));
  start();
  ASSERT_TRUE(is_gone("outbox_invitation_1"));
  ASSERT_THAT(other_.received(), SizeIs(2));
  const OtherServer::Received request = other_.received().back();
  EXPECT_EQ(request.line, "POST /hook");
  EXPECT_EQ(request.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(request.headers.find("webhook-id"), "invitation_1");
  const std::string sent(request.headers.find("webhook-timestamp").value_or("0"));
  EXPECT_EQ(request.headers.find("webhook-signature"),
            webhook_signature(kSecret, "invitation_1", std::stoll(sent), request.body));
  json::Object body = *json::parse(request.body)->as_object();
  EXPECT_EQ(body.string("token"), invitation_token(kSecret, "invitation_1"));
  body.erase("token");
  EXPECT_EQ(
      json::write(body),
      R"({"type":"invitation.created","id":"invitation_1","tenant":{"id":"tenant_a","name":"The Band"},)"
      R"("role":"member","email":"jo@example.com","invitedBy":{"id":"user_alice","name":"Jo"},)"
      R"("expiresAt":"2999-01-01T00:00:00Z"})");
}

TEST_F(OutboxTest, AnInvitationThatIsNotOpenIsNotDelivered) {
  put({{"_id", "tenant_a"}, {"type", "tenant"}, {"name", "The Band"}, {"members", json::Object()}});
  put_invitation("revoked");
  put(invitation_notice("invitation_1", "roady", clock_.now()));
  start();
  EXPECT_TRUE(is_gone("outbox_invitation_1"));
  EXPECT_THAT(other_.received(), SizeIs(0));
}

TEST_F(OutboxTest, ATokenThatNobodyCouldUseIsNotDelivered) {
  put({{"_id", "tenant_a"}, {"type", "tenant"}, {"name", "The Band"}, {"members", json::Object()}});
  put_invitation("pending", "the secret that was configured before");
  put(invitation_notice("invitation_1", "roady", clock_.now()));
  start();
  EXPECT_TRUE(is_gone("outbox_invitation_1"));
  EXPECT_THAT(other_.received(), SizeIs(0));
}

TEST_F(OutboxTest, AWebhookThatIsGoneIsGivenUp) {
  other_.answer(410);
  put({{"_id", "tenant_a"}, {"type", "tenant"}, {"name", "The Band"}, {"members", json::Object()}});
  put_invitation();
  put(invitation_notice("invitation_1", "roady", clock_.now()));
  start();
  EXPECT_TRUE(is_gone("outbox_invitation_1"));
  EXPECT_THAT(other_.received(), SizeIs(1));
}

TEST_F(OutboxTest, StopsAtOnceWhileARequestIsUnderWay) {
  other_.hold();
  start();
  put_user("jo", "tenant_a");
  notify("jo");
  ASSERT_TRUE(has_come(1));
  const auto begun = std::chrono::steady_clock::now();
  outbox_->stop();
  loop_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);  // when a request is given up
  EXPECT_TRUE(read("outbox_active_tenant_user_jo"));
}

}  // namespace
}  // namespace mycouch::tenancy
