#include "http/upstream_call.h"

#include <algorithm>
#include <utility>

#include "http/upstream_request.h"

namespace mycouch::http {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1'000};

base::SteadyTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

UpstreamCall::UpstreamCall(std::shared_ptr<UpstreamHosts> hosts,
                           std::shared_ptr<const UpstreamRequest> request, bool whole)
    : hosts_(std::move(hosts)),
      terms_(hosts_->terms),
      request_(std::move(request)),
      whole_(whole),
      deadline_(now() + terms_->options.patience),
      next_pause_(kFirstPause) {}

Task<UpstreamAnswer> UpstreamCall::run() {
  for (;;) {
    MYCOUCH_CO_TRY(auto host, co_await choose_host());
    base::SteadyTime resumption;
    {
      // It goes before the pause, and its connection with it.
      Attempt made = co_await attempt(std::move(host));
      resumption = now() + take_pause(made.next);
      if (made.next == Next::done || resumption >= deadline_) co_return std::move(made.result);
    }
    co_await rest_until(resumption);
  }
}

std::chrono::milliseconds UpstreamCall::take_pause(Next next) {
  if (next != Next::later) return {};
  return jittered(std::exchange(next_pause_, std::min(2 * next_pause_, kLongestPause)));
}

asio::awaitable<void> UpstreamCall::rest_until(base::SteadyTime time) {
  while (!terms_->stopped && now() < time) co_await terms_->news.wait_until(time);
}

// Where all are down and one of them failed a while ago, that is worth a new look, and waiting for it.
Task<std::shared_ptr<UpstreamHost>> UpstreamCall::choose_host() {
  for (;;) {
    if (terms_->stopped) co_return fail(Errc::unavailable, "stopped");
    if (auto host = next_up()) co_return host;
    const bool hopeless = std::ranges::all_of(hosts_->all, &UpstreamHost::recently_failed);
    if (hopeless || now() >= deadline_) co_return no_host();
    for (const auto& host : hosts_->all) {
      if (!host->recently_failed()) host->probe_soon();
    }
    co_await terms_->news.wait_until(deadline_);
  }
}

std::shared_ptr<UpstreamHost> UpstreamCall::next_up() {
  const auto& all = hosts_->all;
  std::shared_ptr<UpstreamHost> second_best;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& host = all[hosts_->turn++ % all.size()];
    if (!host->up()) continue;
    if (host != avoided_) return host;
    second_best = host;
  }
  return second_best;
}

std::unexpected<Error> UpstreamCall::no_host() const {
  return fail(Errc::unavailable, "no host can be reached: " + hosts_->all.front()->health().trouble);
}

asio::awaitable<UpstreamCall::Attempt> UpstreamCall::attempt(std::shared_ptr<UpstreamHost> host) {
  host->count_request();
  avoided_ = host;
  const auto connect_timeout = std::min(request_->timeout, terms_->options.connect_timeout);
  auto lease = co_await host->lease(connect_timeout, deadline_);
  if (!lease) co_return not_sent(*host, std::move(lease).error());
  auto response = co_await exchange(*lease);
  if (!response && was_closed(*lease)) {
    if (auto renewed = co_await host->renew(*lease, connect_timeout); !renewed) {
      co_return not_sent(*host, std::move(renewed).error());
    }
    response = co_await exchange(*lease);
  }
  if (!response) {
    host->count_failure();
    const Next next = after_failure(*lease, response.error());
    co_return Attempt{std::unexpected(std::move(response).error()), next};
  }
  const bool worth_another = is_passing(response->status) && is_repeatable(*request_);
  co_return Attempt{UpstreamAnswer{*std::move(response), *std::move(lease)},
                    worth_another ? Next::later : Next::done};
}

// A host that is still up had no place for us in all the time there was.
UpstreamCall::Attempt UpstreamCall::not_sent(UpstreamHost& host, Error error) {
  host.count_failure();
  return {std::unexpected(std::move(error)), host.up() || terms_->stopped ? Next::done : Next::at_once};
}

Task<Response> UpstreamCall::exchange(UpstreamLease& lease) {
  UpstreamConnection& connection = lease.connection();
  MYCOUCH_CO_CHECK(co_await connection.exchange(
      request_, request_head(*request_, terms_->options.headers, lease.host().url())));
  Response response = connection.answer_head();
  while (whole_) {
    MYCOUCH_CO_TRY(std::string piece, co_await connection.read(request_->timeout));
    if (piece.empty()) break;
    response.body += piece;
  }
  co_return response;
}

bool UpstreamCall::may_send_again(const UpstreamConnection& connection) const {
  return !connection.wrote_something() || is_repeatable(*request_);
}

// The peer may close a kept connection at any time, and does not read what comes too late.
bool UpstreamCall::was_closed(const UpstreamLease& lease) const {
  const UpstreamConnection& connection = lease.connection();
  return lease.kept() && !connection.answered() && !connection.timed_out() && !connection.source_failed() &&
         !terms_->stopped && may_send_again(connection);
}

UpstreamCall::Next UpstreamCall::after_failure(const UpstreamLease& lease, const Error& error) {
  const UpstreamConnection& connection = lease.connection();
  if (terms_->stopped || connection.source_failed() || error.code != Errc::unavailable) return Next::done;
  if (connection.timed_out()) lease.host().mark_down(error.reason);
  return may_send_again(connection) ? Next::later : Next::done;
}

}  // namespace mycouch::http
