#include "http/server.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "http/worker.h"

namespace mycouch::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

// When the process has no file descriptor left, some connection has to close first.
constexpr std::chrono::milliseconds kAcceptRetry{100};
// For exchanges that were cut off at the end of the grace.
constexpr std::chrono::milliseconds kAbortGrace{1000};

unsigned thread_count(const ServerOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

struct Server::State {
  State(ServerOptions options, Handler handler, ErrorRenderer renderer);

  asio::awaitable<void> accept_all();
  void admit(Worker& worker, Socket socket, const tcp::endpoint& peer);

  Service service;
  std::vector<std::unique_ptr<Worker>> workers;
  // Belongs to the first worker, whose thread alone uses it once the server has started.
  Acceptor acceptor;
  std::uint16_t port = 0;
  std::vector<std::thread> threads;
  bool stopped = false;

 private:
  static std::vector<std::unique_ptr<Worker>> make_workers(Service& service);
};

Server::State::State(ServerOptions options, Handler handler, ErrorRenderer renderer)
    : service{std::move(options), std::move(handler), std::move(renderer), {}},
      workers(make_workers(service)),
      acceptor(workers.front()->context()) {
  try {
    tcp::endpoint endpoint(asio::ip::make_address(service.options.address), service.options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(Acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen(asio::socket_base::max_listen_connections);
    port = acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& failure) {
    throw std::system_error(failure.code(), "cannot listen on " + service.options.address + ":" +
                                                std::to_string(service.options.port));
  }
}

std::vector<std::unique_ptr<Worker>> Server::State::make_workers(Service& service) {
  unsigned threads = thread_count(service.options);
  std::vector<std::unique_ptr<Worker>> made;
  made.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) made.push_back(std::make_unique<Worker>(service));
  return made;
}

// Sockets are handed to the workers in turn: with few connections, as from one proxy, SO_REUSEPORT's hashing
// would leave workers without any.
asio::awaitable<void> Server::State::accept_all() {
  for (std::size_t turn = 0;; ++turn) {
    Worker& worker = *workers[turn % workers.size()];
    tcp::endpoint peer;
    auto [error, socket] =
        co_await acceptor.async_accept(worker.context(), peer, asio::as_tuple(asio::use_awaitable));
    if (!acceptor.is_open()) co_return;
    if (!error) {
      admit(worker, std::move(socket), peer);
      continue;
    }
    log::warning("cannot accept a connection", {{"cause", error.message()}});
    asio::steady_timer timer(acceptor.get_executor(), kAcceptRetry);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

void Server::State::admit(Worker& worker, Socket socket, const tcp::endpoint& peer) {
  if (service.open.count() >= service.options.max_connections) return;
  error_code failed;
  socket.set_option(tcp::no_delay(true), failed);
  socket.non_blocking(true, failed);
  if (failed) return;  // already reset by the peer
  worker.adopt(std::move(socket), peer.address().to_string());
}

Server::Server(ServerOptions options, Handler handler, ErrorRenderer renderer)
    : state_(std::make_shared<State>(std::move(options), std::move(handler), std::move(renderer))) {}

Server::~Server() {
  stop();
}

std::uint16_t Server::port() const {
  return state_->port;
}

void Server::start() {
  asio::co_spawn(state_->workers.front()->context(), state_->accept_all(), asio::detached);
  for (auto& worker : state_->workers) {
    state_->threads.emplace_back([&worker = *worker] { worker.run(); });
  }
}

void Server::stop() {
  if (std::exchange(state_->stopped, true)) return;
  asio::post(state_->workers.front()->context(), [state = state_.get()] {
    error_code ignored;
    state->acceptor.close(ignored);
  });
  for (auto& worker : state_->workers) worker->begin_stop();
  OpenConnections& open = state_->service.open;
  if (!open.wait_for_none(std::chrono::steady_clock::now() + state_->service.options.shutdown_grace)) {
    log::warning("exchanges cut off at shutdown", {{"connections", std::uint64_t{open.count()}}});
    for (auto& worker : state_->workers) worker->abort_connections();
    open.wait_for_none(std::chrono::steady_clock::now() + kAbortGrace);
  }
  for (auto& worker : state_->workers) worker->context().stop();
  for (std::thread& thread : state_->threads) thread.join();
  error_code ignored;
  state_->acceptor.close(ignored);
}

asio::any_io_executor Server::executor() {
  return state_->workers.front()->context().get_executor();
}

Server::Counters Server::counters() const {
  Counters counters{.connections = state_->service.open.count(), .requests = 0};
  for (const auto& worker : state_->workers) counters.requests += worker->requests();
  return counters;
}

}  // namespace mycouch::http
