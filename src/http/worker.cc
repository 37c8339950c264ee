#include "http/worker.h"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/random.h"
#include "http/connection.h"
#include "http/response_head.h"

namespace mycouch::http {
namespace {

constexpr std::chrono::milliseconds kSweep{1000};
constexpr std::chrono::milliseconds kShortestSweep{5};

// A quarter of the shortest time that is to be kept, and no more than a second, which is the Date's
// precision.
std::chrono::milliseconds sweep_interval(const ServerOptions& options) {
  auto shortest =
      std::min({options.head_timeout, options.idle_timeout, options.body_timeout, options.write_timeout});
  return std::clamp(shortest / 4, kShortestSweep, kSweep);
}

// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014).
std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

void OpenConnections::remove() {
  if (count_.fetch_sub(1) != 1) return;
  std::lock_guard lock(mutex_);
  none_left_.notify_all();
}

bool OpenConnections::wait_for_none(base::SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  return none_left_.wait_until(lock, deadline, [this] { return count_.load() == 0; });
}

Worker::Worker(Service& service) : service_(service) {
  std::string seed = base::random_bytes(sizeof id_state_);
  std::memcpy(&id_state_, seed.data(), sizeof id_state_);
}

Worker::~Worker() = default;

void Worker::run() {
  date_ = http_date(std::time(nullptr));
  boost::asio::co_spawn(context_, sweep(), boost::asio::detached);
  context_.run();
}

void Worker::adopt(Socket socket, std::string remote_address) {
  service_.open.add();
  auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(remote_address));
  boost::asio::post(context_, [this, connection = std::move(connection)] {
    connections_.push_back(*connection);
    boost::asio::co_spawn(context_, Connection::run(connection), boost::asio::detached);
  });
}

void Worker::begin_stop() {
  boost::asio::post(context_, [this] {
    stopping_ = true;
    for (Connection& connection : connections_) connection.begin_stop();
  });
}

void Worker::abort_connections() {
  boost::asio::post(context_, [this] {
    for (Connection& connection : connections_) connection.abort();
  });
}

void Worker::begin_request(std::string& id) {
  requests_.store(requests_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  std::uint64_t number = splitmix64(id_state_);
  id.resize(16);
  for (char& digit : id) {
    digit = "0123456789abcdef"[number & 15];
    number >>= 4;
  }
}

boost::asio::awaitable<void> Worker::sweep() {
  boost::asio::steady_timer timer(context_);
  std::chrono::milliseconds interval = sweep_interval(service_.options);
  for (;;) {
    timer.expires_after(interval);
    co_await timer.async_wait(boost::asio::use_awaitable);
    date_ = http_date(std::time(nullptr));
    auto now = std::chrono::steady_clock::now();
    for (Connection& connection : connections_) connection.expire_if_due(now);
  }
}

}  // namespace mycouch::http
