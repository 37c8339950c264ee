// One request to an Upstream, from the choice of a host to its answer: what is tried again, where and when.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "http/upstream.h"
#include "http/upstream_host.h"

namespace mycouch::http {

/// The hosts, and whose turn it is. For the loop's thread, but for the list itself, which is constant.
struct UpstreamHosts {
  std::shared_ptr<UpstreamTerms> terms;
  std::vector<std::shared_ptr<UpstreamHost>> all;
  std::size_t turn = 0;
};

/// An answer, and the connection that the rest of its content comes from.
struct UpstreamAnswer {
  Response response;
  UpstreamLease lease;
};

class UpstreamCall {
 public:
  /// `whole`: the answer has all of its content.
  UpstreamCall(std::shared_ptr<UpstreamHosts> hosts, std::shared_ptr<const UpstreamRequest> request,
               bool whole);

  /// Once, on the loop.
  Task<UpstreamAnswer> run();

 private:
  enum class Next { done, at_once, later };
  struct Attempt {
    Result<UpstreamAnswer> result;
    Next next = Next::done;
  };

  Task<std::shared_ptr<UpstreamHost>> choose_host();
  std::shared_ptr<UpstreamHost> next_up();
  std::unexpected<Error> no_host() const;

  boost::asio::awaitable<Attempt> attempt(std::shared_ptr<UpstreamHost> host);
  Task<Response> exchange(UpstreamLease& lease);
  Attempt not_sent(UpstreamHost& host, Error error);
  bool may_send_again(const UpstreamConnection& connection) const;
  /// A kept connection that the peer had closed, and nothing is lost but time.
  bool was_closed(const UpstreamLease& lease) const;
  Next after_failure(const UpstreamLease& lease, const Error& error);

  std::chrono::milliseconds take_pause(Next next);
  boost::asio::awaitable<void> rest_until(base::SteadyTime time);

  const std::shared_ptr<UpstreamHosts> hosts_;
  const std::shared_ptr<UpstreamTerms> terms_;
  const std::shared_ptr<const UpstreamRequest> request_;
  const bool whole_;
  const base::SteadyTime deadline_;
  std::chrono::milliseconds next_pause_;
  std::shared_ptr<UpstreamHost> avoided_;  // it failed last: another one, if there is one
};

}  // namespace mycouch::http
