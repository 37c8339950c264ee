#include "http/upstream.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/run_on.h"
#include "http/client_connection.h"
#include "http/upstream_call.h"
#include "http/upstream_host.h"
#include "http/upstream_request.h"

namespace mycouch::http {

namespace asio = boost::asio;

namespace {

// An answer's content while it comes. On the loop.
struct Flow {
  std::optional<UpstreamLease> lease;  // until the end, or an error
  std::string piece{};                 // the last that came
  std::size_t taken = 0;               // of it
  std::optional<Error> error{};
};

// The connection goes back as soon as it has nothing more to give.
Task<void> next_piece(std::shared_ptr<Flow> flow, std::chrono::milliseconds timeout) {
  UpstreamConnection& connection = flow->lease->connection();
  auto piece = co_await connection.read(timeout);
  if (!piece) {
    flow->error = piece.error();
    flow->lease->host().count_failure();
  }
  if (!piece || connection.finished()) flow->lease.reset();
  MYCOUCH_CO_TRY(flow->piece, std::move(piece));
  flow->taken = 0;
  co_return Result<void>();
}

Task<std::string> read_flow(std::shared_ptr<Flow> flow, std::size_t most, std::chrono::milliseconds timeout) {
  if (flow->error) co_return std::unexpected(*flow->error);
  if (flow->taken == flow->piece.size() && flow->lease) {
    MYCOUCH_CO_CHECK(co_await next_piece(flow, timeout));
  }
  std::string part = flow->piece.substr(flow->taken, most);
  flow->taken += part.size();
  co_return part;
}

class Content final : public UpstreamContent {
 public:
  Content(asio::any_io_executor loop, Response head, std::shared_ptr<Flow> flow)
      : loop_(std::move(loop)), head_(std::move(head)), flow_(std::move(flow)) {}
  ~Content() override {
    // A read that nobody waits for any more may be going on.
    asio::post(loop_, [flow = flow_] {
      if (flow->lease) flow->lease->connection().close();
    });
  }
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;

  const Response& head() const override { return head_; }

  Task<std::string> read(std::size_t most, std::chrono::milliseconds timeout) override {
    return base::run_on<std::string>(
        loop_, [flow = flow_, most, timeout] { return read_flow(flow, most, timeout); });
  }

 private:
  const asio::any_io_executor loop_;
  const Response head_;
  const std::shared_ptr<Flow> flow_;
};

Task<Response> send_on_loop(std::shared_ptr<UpstreamHosts> hosts,
                            std::shared_ptr<const UpstreamRequest> request) {
  UpstreamCall call(std::move(hosts), std::move(request), true);
  MYCOUCH_CO_TRY(UpstreamAnswer answer, co_await call.run());
  co_return std::move(answer.response);
}

Task<std::unique_ptr<UpstreamContent>> open_on_loop(std::shared_ptr<UpstreamHosts> hosts,
                                                    std::shared_ptr<const UpstreamRequest> request) {
  const asio::any_io_executor loop = hosts->terms->loop;
  UpstreamCall call(std::move(hosts), std::move(request), false);
  MYCOUCH_CO_TRY(UpstreamAnswer answer, co_await call.run());
  auto flow = std::make_shared<Flow>(std::move(answer.lease));
  if (flow->lease->connection().finished()) flow->lease.reset();
  co_return std::make_unique<Content>(loop, std::move(answer.response), std::move(flow));
}

Url parse_origin(const std::string& origin) {
  auto url = parse_url(origin);
  if (!url || url->target != "/") throw std::invalid_argument("an upstream's origin is http(s)://host:port");
  return *std::move(url);
}

void stop_hosts(const UpstreamHosts& hosts) {
  for (const auto& host : hosts.all) host->stop();
  hosts.terms->news.ring();
}

}  // namespace

UpstreamContent::~UpstreamContent() = default;

Upstream::Upstream(asio::any_io_executor loop, UpstreamOptions options)
    : loop_(std::move(loop)), hosts_(std::make_shared<UpstreamHosts>()) {
  if (options.origins.empty()) throw std::invalid_argument("an upstream without hosts");
  auto tls = make_tls_context(options.certificate_file);
  if (!tls) throw std::invalid_argument(tls.error().reason);
  hosts_->terms =
      std::make_shared<UpstreamTerms>(loop_, std::move(options), *std::move(tls), UpstreamBell(loop_));
  for (const std::string& origin : hosts_->terms->options.origins) {
    hosts_->all.push_back(std::make_shared<UpstreamHost>(parse_origin(origin), hosts_->terms));
  }
}

Upstream::~Upstream() {
  hosts_->terms->stopped = true;
  asio::post(loop_, [hosts = std::move(hosts_)] { stop_hosts(*hosts); });
}

// The caller's coroutine has no part in the hosts: it may be the last to go, after the loop's context.
Task<Response> Upstream::send(UpstreamRequest request) {
  MYCOUCH_CO_CHECK(check_request(request));
  if (hosts_->terms->stopped) co_return fail(Errc::unavailable, "stopped");
  auto shared = std::make_shared<const UpstreamRequest>(std::move(request));
  co_return co_await base::run_on<Response>(loop_,
                                            [hosts = hosts_, shared] { return send_on_loop(hosts, shared); });
}

Task<std::unique_ptr<UpstreamContent>> Upstream::open(UpstreamRequest request) {
  MYCOUCH_CO_CHECK(check_request(request));
  if (hosts_->terms->stopped) co_return fail(Errc::unavailable, "stopped");
  request.max_response = std::numeric_limits<std::size_t>::max();
  auto shared = std::make_shared<const UpstreamRequest>(std::move(request));
  co_return co_await base::run_on<std::unique_ptr<UpstreamContent>>(
      loop_, [hosts = hosts_, shared] { return open_on_loop(hosts, shared); });
}

std::vector<HostHealth> Upstream::health() const {
  std::vector<HostHealth> all;
  for (const auto& host : hosts_->all) all.push_back(host->health());
  return all;
}

void Upstream::stop() {
  hosts_->terms->stopped = true;
  asio::post(loop_, [hosts = hosts_] { stop_hosts(*hosts); });
}

}  // namespace mycouch::http
