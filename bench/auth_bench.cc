// What a request pays for its credentials: a warm token, a warm Basic credential, and the verification that
// the cache saves.
#include <thread>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "auth/authenticator.h"
#include "auth/issuers.h"
#include "auth/jwt.h"
#include "auth/signer.h"
#include "base/encoding.h"

namespace {

using namespace mycouch;
using namespace mycouch::auth;

constexpr const char* kIssuer = "https://issuer.example";

class OneAnswer final : public JwksSource {
 public:
  explicit OneAnswer(std::string text) : text_(std::move(text)) {}
  Task<JwksAnswer> fetch() override { co_return JwksAnswer{text_, std::nullopt}; }

 private:
  std::string text_;
};

std::string token_of(const Signer& signer) {
  auto now =
      std::chrono::duration_cast<std::chrono::seconds>(base::system_clock().now().time_since_epoch()).count();
  // About as long as a token of Clerk: 900 bytes.
  return signer.sign({{"iss", kIssuer},
                      {"sub", "user_2abcdefghijklmnopqrstuvwxyz"},
                      {"exp", std::int64_t{now + 3600}},
                      {"iat", std::int64_t{now}},
                      {"azp", "https://roady.example"},
                      {"sid", "sess_2abcdefghijklmnopqrstuvwxyz"},
                      {"email", "somebody@example.com"},
                      {"name", "Somebody Who Plays"},
                      {"active_tenant_id", "tenant_user_2abcdefghijklmnopqrstuvwxyz_personal"}});
}

/// An authenticator that has verified one token.
class Warm {
 public:
  Warm() {
    Application application;
    application.id = "roady";
    application.issuer = kIssuer;
    if (!issuers_.add(application)) std::abort();
    issuers_.start(context_.get_executor());
    auto first = boost::asio::co_spawn(context_, authenticator.authenticate(bearer), boost::asio::use_future);
    if (!first.get()) std::abort();
  }
  ~Warm() {
    issuers_.stop();
    context_.stop();
    thread_.join();
    pool_.join();
  }

 private:
  Signer signer_ = Signer::generate();
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{context_.get_executor()};
  std::thread thread_{[this] { context_.run(); }};
  base::Pool pool_{1};
  Issuers issuers_{base::system_clock(), {}, [this](const Application&) {
                     return std::make_unique<OneAnswer>(signer_.jwks());
                   }};

 public:
  const std::string bearer = "Bearer " + token_of(signer_);
  const std::string basic = "Basic " + base::to_base64("admin:password");
  Authenticator authenticator{issuers_, {"admin", "password"}, {}, base::system_clock(), pool_};
};

void warm_token(benchmark::State& state) {
  static Warm warm;
  for (auto _ : state) benchmark::DoNotOptimize(warm.authenticator.cached(warm.bearer));
  state.counters["token_bytes"] = static_cast<double>(warm.bearer.size() - 7);
}
BENCHMARK(warm_token);
BENCHMARK(warm_token)->Threads(2);

void warm_basic(benchmark::State& state) {
  static Warm warm;
  for (auto _ : state) benchmark::DoNotOptimize(warm.authenticator.cached(warm.basic));
}
BENCHMARK(warm_basic);

void verify_rs256(benchmark::State& state) {
  Signer signer = Signer::generate();
  auto keys = parse_jwks(signer.jwks());
  std::string token = token_of(signer);
  for (auto _ : state) {
    auto jws = read_jws(token);
    benchmark::DoNotOptimize(keys->front().verify(jws->algorithm, jws->signed_text, jws->signature));
  }
}
BENCHMARK(verify_rs256);

}  // namespace

BENCHMARK_MAIN();
