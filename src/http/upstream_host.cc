#include "http/upstream_host.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "base/random.h"
#include "http/upstream_request.h"

namespace mycouch::http {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::milliseconds kLongestPause{5'000};
constexpr std::chrono::milliseconds kRecent{1'000};

base::SteadyTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

std::chrono::milliseconds jittered(std::chrono::milliseconds pause) {
  const auto half = pause / 2;
  return pause - std::chrono::milliseconds(base::random_below(static_cast<std::uint64_t>(half.count()) + 1));
}

asio::awaitable<void> UpstreamBell::wait_until(base::SteadyTime deadline) {
  auto waiter = base::Waiter::create(loop_);
  waiting_.push_back(waiter);
  co_await waiter->wait_until(deadline);
  std::erase(waiting_, waiter);
}

void UpstreamBell::ring() {
  for (const auto& waiter : std::exchange(waiting_, {})) waiter->wake();
}

UpstreamHost::UpstreamHost(Url url, std::shared_ptr<UpstreamTerms> terms)
    : url_(std::move(url)),
      terms_(std::move(terms)),
      idle_timer_(terms_->loop),
      probe_waiter_(base::Waiter::create(terms_->loop)) {}

bool UpstreamHost::recently_failed() const {
  return !up_ && now() - last_failure_ < kRecent;
}

// --- The pool.

Task<UpstreamLease> UpstreamHost::lease(std::chrono::milliseconds connect_timeout,
                                        base::SteadyTime deadline) {
  MYCOUCH_CO_TRY(UpstreamLease lease, co_await take_place(deadline));
  // The one that was handed over may have been closed on the way.
  if (lease.connection_ && lease.connection_->usable()) co_return std::move(lease);
  MYCOUCH_CO_CHECK(co_await renew(lease, connect_timeout));
  co_return std::move(lease);
}

Task<void> UpstreamHost::renew(UpstreamLease& lease, std::chrono::milliseconds connect_timeout) {
  if (lease.connection_) lease.connection_->close();
  lease.kept_ = false;
  lease.connection_ = make_connection();
  auto connected = co_await lease.connection_->connect(connect_timeout);
  if (!connected && !terms_->stopped) mark_down(connected.error().reason);
  co_return connected;
}

std::shared_ptr<UpstreamConnection> UpstreamHost::make_connection() {
  auto connection = std::make_shared<UpstreamConnection>(terms_->loop, url_, terms_->tls);
  connections_.push_back(*connection);
  return connection;
}

Task<UpstreamLease> UpstreamHost::take_place(base::SteadyTime deadline) {
  auto self = shared_from_this();
  if (terms_->stopped || !up_) co_return trouble();
  if (auto connection = take_idle()) co_return UpstreamLease(self, std::move(connection), true);
  if (places_taken_ < terms_->options.connections_per_host) {
    ++places_taken_;
    co_return UpstreamLease(self, nullptr, false);
  }
  auto turn = std::make_shared<Turn>(base::Waiter::create(terms_->loop));
  queue_.push_back(turn);
  while (!turn->granted && !turn->refused && now() < deadline) co_await turn->waiter->wait_until(deadline);
  if (turn->granted) co_return UpstreamLease(self, std::move(turn->connection), true);
  std::erase(queue_, turn);
  if (turn->refused) co_return trouble();
  co_return fail(Errc::unavailable, "all connections to " + url_.host + " are busy");
}

// The newest that is still good: the others may go unused, and expire.
std::shared_ptr<UpstreamConnection> UpstreamHost::take_idle() {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->usable()) return connection;
    connection->close();
    --places_taken_;
  }
  return nullptr;
}

void UpstreamHost::give_back(std::shared_ptr<UpstreamConnection> connection) {
  if (connection && !connection->reusable()) {
    connection->close();
    connection.reset();
  }
  if (grant(connection)) return;
  if (!connection || !up_ || terms_->stopped) {
    --places_taken_;
    if (connection) connection->close();
    return;
  }
  idle_.push_back({std::move(connection), now()});
  if (!watching_idle_) watch_idle();
}

bool UpstreamHost::grant(std::shared_ptr<UpstreamConnection> connection) {
  if (queue_.empty()) return false;
  auto turn = std::move(queue_.front());
  queue_.pop_front();
  turn->granted = true;
  turn->connection = std::move(connection);
  turn->waiter->wake();
  return true;
}

void UpstreamHost::refuse_queue() {
  for (const auto& turn : std::exchange(queue_, {})) {
    turn->refused = true;
    turn->waiter->wake();
  }
}

void UpstreamHost::close_idle() {
  places_taken_ -= idle_.size();
  for (const Idle& idle : std::exchange(idle_, {})) idle.connection->close();
}

void UpstreamHost::watch_idle() {
  watching_idle_ = true;
  idle_timer_.expires_at(idle_.front().since + terms_->options.idle_timeout);
  idle_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (!error && self) self->expire_idle();
  });
}

void UpstreamHost::expire_idle() {
  const base::SteadyTime expired = now() - terms_->options.idle_timeout;
  while (!idle_.empty() && idle_.front().since <= expired) {
    idle_.front().connection->close();
    idle_.pop_front();
    --places_taken_;
  }
  watching_idle_ = false;
  if (!idle_.empty()) watch_idle();
}

UpstreamLease::~UpstreamLease() {
  if (host_) host_->give_back(std::move(connection_));
}

// --- Its health.

std::unexpected<Error> UpstreamHost::trouble() const {
  if (terms_->stopped) return fail(Errc::unavailable, "stopped");
  return fail(Errc::unavailable, health().trouble);
}

HostHealth UpstreamHost::health() const {
  std::lock_guard lock(health_mutex_);
  return {.origin = origin_of(url_),
          .up = shown_up_,
          .trouble = trouble_,
          .requests = requests_.load(),
          .failures = failures_.load()};
}

void UpstreamHost::mark_down(const std::string& trouble) {
  last_failure_ = now();
  {
    std::lock_guard lock(health_mutex_);
    shown_up_ = false;
    trouble_ = trouble;
  }
  if (std::exchange(up_, false)) {
    log::warning("upstream host is down", {{"origin", origin_of(url_)}, {"reason", trouble}});
    close_idle();
    refuse_queue();
    asio::co_spawn(terms_->loop, probe(shared_from_this()), asio::detached);
  }
  terms_->news.ring();
}

void UpstreamHost::mark_up() {
  log::info("upstream host is up", {{"origin", origin_of(url_)}});
  up_ = true;
  {
    std::lock_guard lock(health_mutex_);
    shown_up_ = true;
    trouble_.clear();
  }
  terms_->news.ring();
}

void UpstreamHost::probe_soon() {
  if (!up_ && !asking_) probe_waiter_->wake();
}

asio::awaitable<void> UpstreamHost::probe(std::shared_ptr<UpstreamHost> self) {
  for (auto pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    co_await self->probe_waiter_->wait_until(now() + jittered(pause));
    if (self->terms_->stopped) co_return;
    self->asking_ = true;
    auto up = co_await self->ask_whether_up();
    self->asking_ = false;
    if (self->terms_->stopped) co_return;
    if (up) break;
    self->mark_down(up.error().reason);
  }
  self->mark_up();
}

// Whatever the host has to say, short of being unable to, it can be reached: who is not served for another
// reason is told so by the answers.
Task<void> UpstreamHost::ask_whether_up() {
  const std::chrono::milliseconds timeout = terms_->options.connect_timeout;
  UpstreamRequest question;
  question.target = "/_up";
  question.timeout = timeout;
  auto request = std::make_shared<const UpstreamRequest>(std::move(question));
  auto connection = make_connection();
  MYCOUCH_CO_CHECK(co_await connection->connect(timeout));
  MYCOUCH_CO_CHECK(
      co_await connection->exchange(request, request_head(*request, terms_->options.headers, url_)));
  const unsigned status = connection->answer_head().status;
  connection->close();
  if (is_passing(status)) {
    co_return fail(Errc::unavailable, url_.host + " answers with status " + std::to_string(status));
  }
  co_return Result<void>();
}

void UpstreamHost::stop() {
  for (UpstreamConnection& connection : connections_) connection.close();
  close_idle();
  refuse_queue();
  probe_waiter_->wake();
  idle_timer_.cancel();
}

}  // namespace mycouch::http
