#include "auth/key_ring.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "unit/auth/fakes.h"
#include "unit/auth/test_key.h"

namespace mycouch::auth {
namespace {

using namespace std::chrono_literals;

class KeyRingTest : public testing::Test {
 protected:
  KeyRingTest() { options_.first_retry = options_.longest_retry = 1h; }
  ~KeyRingTest() override {
    if (ring_) ring_->stop();
  }

  void start() {
    ring_ =
        std::make_shared<KeyRing>("https://issuer", std::make_unique<FakeSource>(issuer_), options_, clock_);
    ring_->start(loop_.executor());
  }
  Result<std::shared_ptr<const TrustedKey>> key(std::string kid) {
    return loop_.run(ring_->key(std::move(kid)));
  }
  bool fetched(int times) {
    return eventually([&] { return issuer_->fetches() >= times; });
  }

  const TestKey a_ = TestKey::p256("a");
  const TestKey b_ = TestKey::p256("b");
  FakeClock clock_{base::WallTime(1'700'000'000s)};
  std::shared_ptr<FakeIssuer> issuer_ = std::make_shared<FakeIssuer>();
  KeyRefresh options_;
  std::array<Loop, 3> more_loops_;  // outlive loop_, whose thread wakes their coroutines
  Loop loop_;
  std::shared_ptr<KeyRing> ring_;
};

TEST_F(KeyRingTest, FetchesBeforeAnyoneAsks) {
  issuer_->answer(jwks_of({a_.jwk()}));
  start();
  EXPECT_TRUE(fetched(1));
  auto found = key("a");
  ASSERT_TRUE(found) << found.error().reason;
  EXPECT_EQ((*found)->key().kid(), "a");
  EXPECT_EQ(issuer_->fetches(), 1);
}

TEST_F(KeyRingTest, WhoeverComesDuringTheFirstFetchWaitsForIt) {
  issuer_->answer(jwks_of({a_.jwk()}));
  issuer_->hold();
  start();
  auto early = loop_.begin(ring_->key("a"));
  ASSERT_TRUE(fetched(1));
  auto late = loop_.begin(ring_->key("a"));
  issuer_->release();
  EXPECT_TRUE(Loop::take(std::move(early)));
  EXPECT_TRUE(Loop::take(std::move(late)));
  EXPECT_EQ(issuer_->fetches(), 1);
}

TEST_F(KeyRingTest, IsUnavailableWhenItsKeysWereNeverFetched) {
  start();
  ASSERT_TRUE(fetched(1));
  for (int i = 0; i < 3; ++i) {
    auto found = key("a");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::unavailable);
    EXPECT_EQ(found.error().reason, "the issuer's keys cannot be fetched");
  }
  EXPECT_EQ(issuer_->fetches(), 1);
}

TEST_F(KeyRingTest, ACallersPatienceEnds) {
  options_.patience = 10ms;
  issuer_->answer(jwks_of({a_.jwk()}));
  issuer_->hold();
  start();
  auto found = key("a");
  issuer_->release();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::unavailable);
}

TEST_F(KeyRingTest, RetriesWhatFailedAtTheStart) {
  options_.first_retry = options_.longest_retry = 1ms;
  start();
  ASSERT_TRUE(fetched(3));
  issuer_->answer(jwks_of({a_.jwk()}));
  EXPECT_TRUE(eventually([&] { return key("a").has_value(); }));
}

TEST_F(KeyRingTest, AnUnknownIdCausesOneFetchInACoolingTime) {
  issuer_->answer(jwks_of({a_.jwk()}));
  start();
  ASSERT_TRUE(key("a"));
  for (int i = 0; i < 5; ++i) {
    auto found = key("x" + std::to_string(i));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::unauthorized);
    EXPECT_EQ(found.error().reason, "unknown key id");
  }
  EXPECT_EQ(issuer_->fetches(), 2);
  clock_.advance(59s);
  EXPECT_FALSE(key("x"));
  EXPECT_EQ(issuer_->fetches(), 2);
  clock_.advance(1s);
  EXPECT_FALSE(key("x"));
  EXPECT_EQ(issuer_->fetches(), 3);
}

TEST_F(KeyRingTest, AllWhoCarryTheUnknownIdWaitForThatOneFetch) {
  issuer_->answer(jwks_of({a_.jwk()}));
  start();
  ASSERT_TRUE(key("a"));
  issuer_->answer(jwks_of({a_.jwk(), b_.jwk()}));
  issuer_->hold();
  std::vector<std::future<Result<std::shared_ptr<const TrustedKey>>>> callers;
  for (int i = 0; i < 50; ++i) callers.push_back(loop_.begin(ring_->key("b")));
  ASSERT_TRUE(fetched(2));
  EXPECT_TRUE(key("a")) << "a known key waits for nothing";
  for (int i = 0; i < 50; ++i) callers.push_back(loop_.begin(ring_->key("b")));
  issuer_->release();
  for (auto& caller : callers) EXPECT_TRUE(Loop::take(std::move(caller)));
  EXPECT_EQ(issuer_->fetches(), 2);
}

TEST_F(KeyRingTest, AFetchThatBeganTooEarlyIsFollowedByAnother) {
  issuer_->answer(jwks_of({a_.jwk()}), 1ms);
  issuer_->hold();
  start();
  ASSERT_TRUE(fetched(1));
  auto caller = loop_.begin(ring_->key("b"));
  issuer_->release();
  auto found = Loop::take(std::move(caller));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, "unknown key id");
  EXPECT_GE(issuer_->fetches(), 2);
}

TEST_F(KeyRingTest, RefreshesInTheBackgroundWhenTheAnswerIsStale) {
  issuer_->answer(jwks_of({a_.jwk()}), 1ms);
  start();
  ASSERT_TRUE(key("a"));
  issuer_->answer(jwks_of({b_.jwk()}), 1ms);
  EXPECT_TRUE(eventually([&] { return key("b").has_value(); }));
  EXPECT_FALSE(key("a"));
}

TEST_F(KeyRingTest, RotationWithdrawsWhatLeftAndKeepsWhatStayed) {
  issuer_->answer(jwks_of({a_.jwk(), b_.jwk()}));
  start();
  auto a = key("a");
  auto b = key("b");
  ASSERT_TRUE(a && b);
  issuer_->answer(jwks_of({TestKey::p256("a").jwk(), b_.jwk()}));
  EXPECT_FALSE(key("unknown"));
  EXPECT_TRUE((*a)->withdrawn()) << "other material under the same id";
  EXPECT_FALSE((*b)->withdrawn());
  EXPECT_EQ(*key("b"), *b);
  EXPECT_NE(*key("a"), *a);

  clock_.advance(60s);
  issuer_->answer(jwks_of({}));
  EXPECT_FALSE(key("unknown"));
  EXPECT_TRUE((*b)->withdrawn());
}

TEST_F(KeyRingTest, KeepsTheLastGoodKeysWhileTheIssuerIsDownOrTalksNonsense) {
  issuer_->answer(jwks_of({a_.jwk()}));
  start();
  auto a = key("a");
  ASSERT_TRUE(a);
  issuer_->go_down();
  EXPECT_EQ(key("b").error().reason, "unknown key id");
  for (const char* nonsense : {"<html>503</html>", "", "[]", R"({"keys":7})"}) {
    clock_.advance(60s);
    issuer_->answer(nonsense);
    EXPECT_EQ(key("b").error().reason, "unknown key id") << nonsense;
  }
  EXPECT_EQ(issuer_->fetches(), 6);
  EXPECT_EQ(*key("a"), *a);
  EXPECT_FALSE((*a)->withdrawn());
}

TEST_F(KeyRingTest, AStoppedRingKeepsItsKeysAndFetchesNoMore) {
  issuer_->answer(jwks_of({a_.jwk()}), 1ms);
  start();
  ASSERT_TRUE(key("a"));
  ring_->stop();
  EXPECT_TRUE(eventually([&] { return ring_.use_count() == 1; })) << "the refresh ends";
  int fetches = issuer_->fetches();
  EXPECT_FALSE(key("b"));
  EXPECT_TRUE(key("a"));
  EXPECT_EQ(issuer_->fetches(), fetches);
}

TEST_F(KeyRingTest, ARevokedRingHasNoKeysAndTakesNoneFromAFetchUnderWay) {
  issuer_->answer(jwks_of({a_.jwk()}));
  start();
  auto a = key("a");
  ASSERT_TRUE(a);
  issuer_->hold();
  auto caller = loop_.begin(ring_->key("b"));
  ASSERT_TRUE(fetched(2));
  ring_->revoke();
  issuer_->release();
  EXPECT_FALSE(Loop::take(std::move(caller)));
  EXPECT_TRUE((*a)->withdrawn());
  EXPECT_FALSE(key("a"));
}

TEST_F(KeyRingTest, IsUsedByManyThreadsWhileKeysRotate) {
  options_.cooling = 0ms;
  issuer_->answer(jwks_of({a_.jwk()}), 1ms);
  start();
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (Loop& own : more_loops_) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          auto found = own.run(ring_->key(i % 2 == 0 ? "a" : "b"));
          if (found ? (*found)->key().kid() != (i % 2 == 0 ? "a" : "b")
                    : found.error().code != Errc::unauthorized) {
            ++wrong;
          }
        }
      });
    }
    for (int i = 0; i < 20; ++i) issuer_->answer(jwks_of({i % 2 == 0 ? b_.jwk() : a_.jwk()}), 1ms);
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace mycouch::auth
