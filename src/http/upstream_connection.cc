#include "http/upstream_connection.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/http/read.hpp>
#include <sys/socket.h>

#include "http/upstream_request.h"

namespace mycouch::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
// For waits that the connection's own timer ends.
constexpr std::chrono::hours kLong{1};

}  // namespace

UpstreamConnection::UpstreamConnection(asio::any_io_executor loop, Url url, asio::ssl::context& tls)
    : loop_(loop),
      url_(std::move(url)),
      stream_(std::in_place_type<Socket>, loop),
      timer_(loop),
      head_waiter_(base::Waiter::create(loop)) {
  if (url_.scheme == "https") stream_.emplace<TlsStream>(loop, tls);
  // Beast reads no more at a time than the buffer has room for, and would begin with 512 bytes.
  buffer_.reserve(kPiece);
}

UpstreamConnection::Socket& UpstreamConnection::socket() {
  if (auto* tls = std::get_if<TlsStream>(&stream_)) return tls->next_layer();
  return std::get<Socket>(stream_);
}

Task<void> UpstreamConnection::connect(std::chrono::milliseconds timeout) {
  allow(timeout);
  MYCOUCH_CO_TRY(auto endpoints, co_await resolve(url_, deadline_));
  if (closed_) co_return failure(asio::error::operation_aborted);
  auto [error, endpoint] = co_await asio::async_connect(socket(), endpoints, kAsResult);
  if (error) co_return failure(error);
  error_code unimportant;
  socket().set_option(asio::ip::tcp::no_delay(true), unimportant);
  if (auto* tls = std::get_if<TlsStream>(&stream_)) {
    auto shaken = co_await shake_hands(*tls, url_);
    if (timed_out_) co_return failure(asio::error::timed_out);
    MYCOUCH_CO_CHECK(std::move(shaken));
  }
  allow_forever();
  co_return Result<void>();
}

bool UpstreamConnection::usable() {
  if (closed_) return false;
  // Between requests the peer has nothing to say but that it closes.
  char byte = 0;
  const ssize_t count = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

Task<void> UpstreamConnection::exchange(std::shared_ptr<const UpstreamRequest> request, std::string head) {
  begin(std::move(request));
  asio::co_spawn(loop_, receive_head(shared_from_this()), asio::detached);
  sending_ = true;
  Result<void> sent = co_await send(std::move(head));
  sending_ = false;
  source_failed_ = !sent;
  if (source_failed_) close();
  // Where the peer closed while we were writing, its answer may have come before that.
  allow(request_->timeout);
  while (!head_done_) co_await head_waiter_->wait_until(std::chrono::steady_clock::now() + kLong);
  allow_forever();
  if (source_failed_) co_return sent;
  if (head_error_) co_return failure(head_error_);
  co_return Result<void>();
}

void UpstreamConnection::begin(std::shared_ptr<const UpstreamRequest> request) {
  request_ = std::move(request);
  written_ = 0;
  sent_ = false;
  source_failed_ = false;
  head_done_ = false;
  head_error_ = {};
  answered_ = false;
  expect_answer();
}

void UpstreamConnection::expect_answer() {
  parser_.emplace();
  parser_->header_limit(kLargestAnswerHead);
  parser_->body_limit(request_->max_response);
  parser_->skip(request_->method == Method::head);
}

asio::awaitable<void> UpstreamConnection::receive_head(std::shared_ptr<UpstreamConnection> self) {
  for (;;) {
    auto [error, count] = co_await std::visit(
        [&](auto& stream) {
          return beast::http::async_read_header(stream, self->buffer_, *self->parser_, kAsResult);
        },
        self->stream_);
    self->answered_ = self->answered_ || self->parser_->got_some() || self->buffer_.size() > 0;
    self->head_error_ = error;
    // "100 Continue" and its like announce the answer that counts.
    if (error || self->parser_->get().result_int() >= 200) break;
    self->expect_answer();
  }
  self->head_done_ = true;
  error_code unimportant;
  if (self->sending_) self->socket().cancel(unimportant);
  self->head_waiter_->wake();
}

// An error is the source's. Where the peer takes no more, what it has answered tells why.
Task<void> UpstreamConnection::send(std::string head) {
  const std::uint64_t length = content_length(*request_);
  std::uint64_t offset = 0;
  std::string bytes = std::move(head);
  if (!request_->content) {
    offset = std::min<std::uint64_t>(length, kPiece);
    bytes.append(request_->body, 0, offset);
  }
  for (;;) {
    if (!co_await write(std::move(bytes))) co_return Result<void>();
    if (offset == length) break;
    if (head_done_) co_return Result<void>();
    allow_forever();
    MYCOUCH_CO_TRY(bytes, co_await next_piece(offset));
    offset += bytes.size();
  }
  sent_ = true;
  co_return Result<void>();
}

Task<std::string> UpstreamConnection::next_piece(std::uint64_t offset) {
  if (!request_->content) co_return request_->body.substr(offset, kPiece);
  MYCOUCH_CO_TRY(std::string piece, co_await request_->content->read(offset));
  if (piece.empty() || piece.size() > request_->content->length - offset) {
    co_return fail(Errc::internal, "a content that is not of its length");
  }
  co_return piece;
}

Task<void> UpstreamConnection::write(std::string bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    if (head_done_ || closed_) co_return failure(asio::error::operation_aborted);
    allow(request_->timeout);
    const auto rest = asio::buffer(bytes) + done;
    auto [error, count] =
        co_await std::visit([&](auto& stream) { return stream.async_write_some(rest, kAsResult); }, stream_);
    done += count;
    written_ += count;
    if (error) co_return failure(error);
  }
  co_return Result<void>();
}

Task<std::string> UpstreamConnection::read(std::chrono::milliseconds timeout) {
  std::string& body = parser_->get().body();
  while (body.empty() && !parser_->is_done()) {
    allow(timeout);
    auto [error, count] = co_await std::visit(
        [&](auto& stream) { return beast::http::async_read_some(stream, buffer_, *parser_, kAsResult); },
        stream_);
    allow_forever();
    if (error) co_return failure(error);
  }
  co_return std::exchange(body, {});
}

bool UpstreamConnection::reusable() const {
  return !closed_ && sent_ && finished() && parser_->keep_alive() && buffer_.size() == 0;
}

void UpstreamConnection::close() {
  closed_ = true;
  error_code unimportant;
  socket().close(unimportant);
}

std::unexpected<Error> UpstreamConnection::failure(const error_code& error) const {
  if (error == beast::http::error::body_limit || error == beast::http::error::header_limit) {
    return fail(Errc::too_large, "the answer of " + url_.host + " is too large");
  }
  return no_answer(url_, timed_out_ ? error_code(asio::error::timed_out) : error);
}

void UpstreamConnection::allow(std::chrono::milliseconds timeout) {
  deadline_ = std::chrono::steady_clock::now() + timeout;
  // A timer that runs out too early looks at the deadline then: most steps cost it nothing.
  if (!watching_ || timer_.expiry() > deadline_) watch();
}

void UpstreamConnection::watch() {
  watching_ = true;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    if (error) return;
    if (auto self = weak.lock()) self->expire_if_due();
  });
}

void UpstreamConnection::expire_if_due() {
  watching_ = false;
  if (deadline_ == base::SteadyTime::max()) return;
  if (std::chrono::steady_clock::now() < deadline_) {
    watch();
    return;
  }
  timed_out_ = true;
  close();
}

}  // namespace mycouch::http
