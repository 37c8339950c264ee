#include "auth/token_cache.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "unit/auth/test_key.h"

namespace mycouch::auth {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime kNow{1'700'000'000s};

std::shared_ptr<TrustedKey> new_key() {
  static const TestKey pair = TestKey::p256("k");
  return std::make_shared<TrustedKey>(*PublicKey::from_jwk(pair.jwk()));
}

base::Sha256 token(int i) {
  return base::sha256("token " + std::to_string(i));
}

std::shared_ptr<const Principal> principal(std::string sub) {
  Principal principal;
  principal.sub = std::move(sub);
  return std::make_shared<const Principal>(std::move(principal));
}

TEST(TokenCache, ServesUntilTheTokenExpires) {
  TokenCache cache(100);
  auto alice = principal("alice");
  cache.insert(token(1), alice, new_key(), kNow + 10s);
  EXPECT_EQ(cache.find(token(1), kNow), alice);
  EXPECT_EQ(cache.find(token(1), kNow + 10s - 1ms), alice);
  EXPECT_EQ(cache.find(token(1), kNow + 10s), nullptr);
  EXPECT_EQ(cache.find(token(2), kNow), nullptr);
}

TEST(TokenCache, ServesUntilTheKeyIsWithdrawn) {
  TokenCache cache(100);
  auto leaving = new_key();
  cache.insert(token(1), principal("a"), leaving, kNow + 10s);
  cache.insert(token(2), principal("b"), new_key(), kNow + 10s);
  leaving->withdraw();
  EXPECT_EQ(cache.find(token(1), kNow), nullptr);
  EXPECT_NE(cache.find(token(2), kNow), nullptr);
}

TEST(TokenCache, ALaterEntryReplacesAnEarlierOne) {
  TokenCache cache(100);
  auto old_key = new_key();
  cache.insert(token(1), principal("a"), old_key, kNow + 10s);
  old_key->withdraw();
  cache.insert(token(1), principal("a"), new_key(), kNow + 10s);
  EXPECT_NE(cache.find(token(1), kNow), nullptr);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(TokenCache, IsBoundedAndKeepsWhatIsUsed) {
  TokenCache cache(640);
  auto key = new_key();
  for (int i = 0; i < 20'000; ++i) {
    cache.insert(token(i), principal("x"), key, kNow + 10s);
    // The hand passes over an entry that was used since its last visit.
    ASSERT_NE(cache.find(token(0), kNow), nullptr) << i;
  }
  EXPECT_NE(cache.find(token(19'999), kNow), nullptr);
  EXPECT_LE(cache.size(), 640u);
  EXPECT_GE(cache.size(), 600u);
}

TEST(TokenCache, HoldsSomethingHoweverSmall) {
  TokenCache cache(0);
  cache.insert(token(1), principal("a"), new_key(), kNow + 10s);
  EXPECT_NE(cache.find(token(1), kNow), nullptr);
}

TEST(TokenCache, IsSharedByThreads) {
  TokenCache cache(256);
  auto withdrawn_at_the_end = new_key();
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 5'000; ++i) {
          int n = (i * 7 + t) % 1'000;
          cache.insert(token(n), principal(std::to_string(n)), withdrawn_at_the_end, kNow + 10s);
          auto found = cache.find(token((n * 3) % 1'000), kNow);
          if (found && found->sub != std::to_string((n * 3) % 1'000)) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.size(), 256u);
  withdrawn_at_the_end->withdraw();
  for (int n = 0; n < 1'000; ++n) EXPECT_EQ(cache.find(token(n), kNow), nullptr);
}

}  // namespace
}  // namespace mycouch::auth
