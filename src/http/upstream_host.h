// One host of an Upstream: its pool of connections, and whether it is up.
//
// A place is the right to have a connection. Those who find no place free queue, and are served in their
// order: who gives a place back hands it, with the connection if that is still good, to the first of them. A
// host that is down serves nobody; a probe of its own, on a connection beside the pool, finds out when it is
// back.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include "base/clock.h"
#include "base/waiter.h"
#include "http/upstream.h"
#include "http/upstream_connection.h"

namespace mycouch::http {

/// Wakes all coroutines that wait for it, on the loop.
class UpstreamBell {
 public:
  explicit UpstreamBell(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}
  /// Returns at the next ring, or at the deadline.
  boost::asio::awaitable<void> wait_until(base::SteadyTime deadline);
  void ring();

 private:
  const boost::asio::any_io_executor loop_;
  std::vector<std::shared_ptr<base::Waiter>> waiting_;
};

/// What the hosts of one Upstream share.
struct UpstreamTerms {
  boost::asio::any_io_executor loop;
  UpstreamOptions options;
  boost::asio::ssl::context tls;
  UpstreamBell news;  // a host went down, came up, was probed in vain; the end
  std::atomic<bool> stopped = false;
};

/// `pause`, shortened by up to a half, so that not everybody comes back at once.
std::chrono::milliseconds jittered(std::chrono::milliseconds pause);

class UpstreamLease;

/// For the loop's thread only, but for `health` and the counters.
class UpstreamHost : public std::enable_shared_from_this<UpstreamHost> {
 public:
  UpstreamHost(Url url, std::shared_ptr<UpstreamTerms> terms);

  const Url& url() const { return url_; }
  bool up() const { return up_; }
  /// Down, and that was found out just now.
  bool recently_failed() const;

  /// A connection, kept or new. `unavailable` where the host is down or cannot be connected to, which makes
  /// it down, and where no place became free until the deadline.
  Task<UpstreamLease> lease(std::chrono::milliseconds connect_timeout, base::SteadyTime deadline);
  /// A new connection in the place of the lease's own, which is closed. Fails as `lease` does.
  Task<void> renew(UpstreamLease& lease, std::chrono::milliseconds connect_timeout);

  /// It is down. `trouble` has no secret.
  void mark_down(const std::string& trouble);
  /// Where it is down: now, instead of when its pause is over.
  void probe_soon();

  void count_request() { ++requests_; }
  void count_failure() { ++failures_; }
  HostHealth health() const;

  /// Closes all connections, ends all waits.
  void stop();

 private:
  friend class UpstreamLease;

  struct Turn {
    std::shared_ptr<base::Waiter> waiter;
    bool granted = false;
    std::shared_ptr<UpstreamConnection> connection{};  // nothing: a new one may be made
    bool refused = false;                              // the host went down
  };
  struct Idle {
    std::shared_ptr<UpstreamConnection> connection;
    base::SteadyTime since;
  };

  std::shared_ptr<UpstreamConnection> make_connection();
  /// A place, with a kept connection where there is one.
  Task<UpstreamLease> take_place(base::SteadyTime deadline);
  std::shared_ptr<UpstreamConnection> take_idle();
  void give_back(std::shared_ptr<UpstreamConnection> connection);
  bool grant(std::shared_ptr<UpstreamConnection> connection);
  void refuse_queue();
  void close_idle();
  void expire_idle();
  void watch_idle();

  void mark_up();
  static boost::asio::awaitable<void> probe(std::shared_ptr<UpstreamHost> self);
  Task<void> ask_whether_up();
  std::unexpected<Error> trouble() const;

  const Url url_;
  const std::shared_ptr<UpstreamTerms> terms_;

  std::size_t places_taken_ = 0;  // idle connections have one, too
  std::deque<Idle> idle_;         // the oldest first
  std::deque<std::shared_ptr<Turn>> queue_;
  boost::intrusive::list<UpstreamConnection, boost::intrusive::base_hook<UpstreamConnectionHook>,
                         boost::intrusive::constant_time_size<false>>
      connections_;  // all there are
  boost::asio::steady_timer idle_timer_;
  bool watching_idle_ = false;

  bool up_ = true;
  base::SteadyTime last_failure_;
  bool asking_ = false;
  const std::shared_ptr<base::Waiter> probe_waiter_;

  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> failures_{0};
  mutable std::mutex health_mutex_;
  bool shown_up_ = true;  // as up_, for other threads
  std::string trouble_;
};

/// A place in a host's pool, and the connection that has it. Going, it gives both back: the connection is
/// kept where it is good for another request, and closed otherwise.
class UpstreamLease {
 public:
  UpstreamLease(std::shared_ptr<UpstreamHost> host, std::shared_ptr<UpstreamConnection> connection, bool kept)
      : host_(std::move(host)), connection_(std::move(connection)), kept_(kept) {}
  ~UpstreamLease();
  UpstreamLease(UpstreamLease&&) noexcept = default;
  UpstreamLease& operator=(UpstreamLease&&) = delete;

  UpstreamHost& host() const { return *host_; }
  UpstreamConnection& connection() const { return *connection_; }
  /// The connection has served a request before.
  bool kept() const { return kept_; }

 private:
  friend class UpstreamHost;

  std::shared_ptr<UpstreamHost> host_;
  std::shared_ptr<UpstreamConnection> connection_;
  bool kept_;
};

}  // namespace mycouch::http
