#include "http/connection.h"

#include <array>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "http/exchange.h"
#include "http/response_head.h"

namespace mycouch::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kAsResult = asio::as_tuple(asio::use_awaitable);

// Enough for nearly every request's head, and what an idle connection keeps.
constexpr std::size_t kHeadBlock = 4 << 10;
// What one connection may send before the others of its thread have their turn.
constexpr std::size_t kFairShare = 256 << 10;
// How long a client that is still sending may take to read why it was refused (RFC 9112 section 9.6).
constexpr std::chrono::seconds kLinger{5};

base::SteadyTime now() {
  return std::chrono::steady_clock::now();
}

using Pieces = std::array<std::string_view, 3>;

std::array<asio::const_buffer, 3> buffers(const Pieces& pieces) {
  return {asio::buffer(pieces[0]), asio::buffer(pieces[1]), asio::buffer(pieces[2])};
}

// Drops the first `count` bytes; false when nothing is left.
bool drop_front(Pieces& pieces, std::size_t count) {
  bool left = false;
  for (std::string_view& piece : pieces) {
    std::size_t from_here = std::min(count, piece.size());
    piece.remove_prefix(from_here);
    count -= from_here;
    left = left || !piece.empty();
  }
  return left;
}

}  // namespace

Connection::Connection(Worker& worker, Socket socket, std::string remote_address)
    : worker_(worker), socket_(std::move(socket)), parser_(worker.service().options.max_head) {
  parser_.request().remote_address = std::move(remote_address);
}

Connection::~Connection() {
  worker_.service().open.remove();
}

asio::awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  try {
    co_await self->serve();
  } catch (const std::exception& failure) {
    log::error("connection failed", {{"cause", failure.what()}});
  }
}

asio::awaitable<void> Connection::serve() {
  bool goes_on = true;
  while (goes_on && !worker_.stopping()) {
    parser_.reset();
    auto head = co_await read_head();
    if (head) {
      goes_on = co_await answer();
    } else {
      goes_on = false;
      if (head.error().code != Errc::cancelled) co_await refuse(std::move(head).error());
    }
  }
  if (input_lost_ && !peer_gone_) co_await linger();
}

Task<void> Connection::read_head() {
  input_.release(kHeadBlock);
  bool begun = false;
  base::SteadyTime deadline = now() + worker_.service().options.idle_timeout;
  for (;;) {
    if (!input_.empty()) {
      MYCOUCH_CO_TRY(std::size_t taken, parser_.parse_head(input_.view()));
      input_.consume(taken);
      if (parser_.head_done()) co_return Result<void>();
      if (!std::exchange(begun, true)) deadline = now() + worker_.service().options.head_timeout;
    }
    auto filled = co_await fill(kHeadBlock, deadline);
    if (!filled && !begun) co_return fail(Errc::cancelled, "idle");
    MYCOUCH_CO_CHECK(std::move(filled));
  }
}

asio::awaitable<bool> Connection::answer() {
  worker_.begin_request(parser_.request().id);
  ConnectionExchange exchange(*this);
  in_exchange_ = true;
  bool returned = co_await call_handler(exchange);
  unwatch();
  if (!returned && !exchange.begun()) {
    co_await exchange.send(worker_.service().renderer({Errc::internal, "internal error"}));
  }
  exchange.log_access();
  in_exchange_ = false;
  if (!exchange.finished()) {
    cut();
    co_return false;
  }
  bool goes_on = exchange.keeps_alive() && co_await exchange.skip_body();
  input_lost_ = !goes_on && !parser_.done();
  co_return goes_on;
}

asio::awaitable<bool> Connection::call_handler(Exchange& exchange) {
  try {
    co_await worker_.service().handler(exchange);
    co_return true;
  } catch (const std::exception& failure) {
    log::error("handler failed", {{"id", exchange.request().id}, {"cause", failure.what()}});
  } catch (...) {
    log::error("handler failed", {{"id", exchange.request().id}});
  }
  co_return false;
}

asio::awaitable<void> Connection::refuse(Error error) {
  log::debug("request refused", {{"remote", parser_.request().remote_address}, {"reason", error.reason}});
  input_lost_ = true;
  Response response = worker_.service().renderer(error);
  std::string& head = worker_.scratch();
  append_response_head(head, response.status, response.headers,
                       {.content_length = response.body.size(), .chunked = false, .connection = "close"},
                       {.date = worker_.date(), .request_id = {}});
  co_await write(head, response.body, {});
}

Task<void> Connection::fill(std::size_t capacity, base::SteadyTime deadline) {
  if (peer_gone_) co_return fail(Errc::cancelled, "the client has gone");
  std::span<char> room = input_.prepare(capacity);
  expired_ = false;
  deadline_ = deadline;
  auto [error, count] = co_await socket_.async_read_some(asio::buffer(room), kAsResult);
  deadline_ = kNever;
  sent_in_a_row_ = 0;
  if (!error) {
    input_.commit(count);
    co_return Result<void>();
  }
  if (expired_) co_return fail(Errc::request_timeout, "the request came too slowly");
  lose_peer();
  co_return fail(Errc::cancelled, "the client has gone");
}

Task<void> Connection::write(std::string_view head, std::string_view body, std::string_view tail) {
  if (peer_gone_) co_return fail(Errc::cancelled, "the client has gone");
  Pieces pieces{head, body, tail};
  if (sent_in_a_row_ < kFairShare) {
    // Nearly always the kernel takes all at once, and there is nothing to wait for.
    error_code error;
    std::size_t sent = socket_.write_some(buffers(pieces), error);
    if (error && error != asio::error::would_block) {
      lose_peer();
      co_return fail(Errc::cancelled, "the client has gone");
    }
    sent_in_a_row_ += sent;
    if (!drop_front(pieces, sent)) co_return Result<void>();
  }
  co_return co_await write_rest(std::string(pieces[0]), pieces[1], pieces[2]);
}

Task<void> Connection::write_rest(std::string head, std::string_view body, std::string_view tail) {
  Pieces pieces{head, body, tail};
  for (std::size_t sent = 0; drop_front(pieces, sent);) {
    expired_ = false;
    deadline_ = now() + worker_.service().options.write_timeout;
    auto [error, count] = co_await socket_.async_write_some(buffers(pieces), kAsResult);
    deadline_ = kNever;
    if (error) {
      lose_peer();
      co_return fail(Errc::cancelled, "the client has gone");
    }
    sent = count;
  }
  sent_in_a_row_ = 0;
  co_return Result<void>();
}

void Connection::watch(std::shared_ptr<base::Waiter> waiter) {
  waiter_ = std::move(waiter);
  input_.release(0);
  if (peer_gone_ || worker_.stopping()) {
    waiter_->wake();
  } else {
    wait_for_peer();
  }
}

// The end of the stream makes the socket readable, but so does the next request, pipelined: then the peer is
// there, and its going away is seen when something is written to it.
void Connection::wait_for_peer() {
  socket_.async_wait(Socket::wait_read,
                     [self = shared_from_this(), number = watch_number_](error_code error) {
                       if (error || number != self->watch_number_) return;
                       char next;
                       self->socket_.receive(asio::buffer(&next, 1), Socket::message_peek, error);
                       if (error == asio::error::would_block || error == asio::error::try_again) {
                         self->wait_for_peer();
                       } else if (error) {
                         self->lose_peer();
                       }
                     });
}

void Connection::unwatch() {
  if (!waiter_) return;
  waiter_.reset();
  ++watch_number_;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::lose_peer() {
  peer_gone_ = true;
  if (waiter_) waiter_->wake();
}

// An answer that ends in the middle must not look complete, even where its end is the end of the stream.
void Connection::cut() {
  peer_gone_ = true;
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

// A socket closed with unread input resets the connection, and the client would lose our answer with it.
asio::awaitable<void> Connection::linger() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  input_.consume(input_.view().size());
  base::SteadyTime deadline = now() + kLinger;
  while (co_await fill(kHeadBlock, deadline)) input_.consume(input_.view().size());
}

void Connection::expire_if_due(base::SteadyTime time) {
  if (time < deadline_) return;
  expired_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::begin_stop() {
  if (waiter_) waiter_->wake();
  if (!waits_for_request()) return;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::abort() {
  lose_peer();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace mycouch::http
