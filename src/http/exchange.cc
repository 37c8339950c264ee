#include "http/exchange.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "base/log.h"
#include "http/ascii.h"

namespace mycouch::http {
namespace {

constexpr std::size_t kSmallestBodyBlock = 4 << 10;
constexpr std::size_t kBodyBlock = 64 << 10;
// A chunk's size line, or the trailer, must end within this.
constexpr std::size_t kLargestChunkHead = 32 << 10;
// What a body may have left unread for the connection to be kept: less dear than a new connection.
constexpr std::uint64_t kSkipped = 64 << 10;
constexpr std::size_t kReservedAtOnce = 1 << 20;
constexpr std::size_t kWorthGzip = 1 << 10;
// Copying so much is cheaper than a second piece in the system call.
constexpr std::size_t kSentWithHead = 4 << 10;
constexpr std::size_t kLoggedPath = 256;

std::unexpected<Error> too_large(std::uint64_t limit) {
  return fail(Errc::too_large, "the request's body is larger than " + std::to_string(limit) + " bytes");
}

void append_chunk_size(std::string& out, std::size_t size) {
  std::array<char, 16> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  out.append(digits.data(), end);
  out += "\r\n";
}

}  // namespace

ConnectionExchange::ConnectionExchange(Connection& connection)
    : connection_(connection),
      parser_(connection.parser()),
      continue_owed_(parser_.expects_continue() && parser_.request().has_body && connection.input().empty()) {
}

boost::asio::any_io_executor ConnectionExchange::executor() {
  return connection_.worker().context().get_executor();
}

Task<std::string> ConnectionExchange::read_body(std::uint64_t limit) {
  limit = std::min(limit, options().max_body);
  std::uint64_t announced = request().content_length.value_or(0);
  if (announced > limit) co_return too_large(limit);
  std::string body;
  body.reserve(std::min<std::uint64_t>(announced, kReservedAtOnce));
  while (!parser_.done()) {
    MYCOUCH_CO_CHECK(co_await receive_body(body));
    if (body.size() > limit) co_return too_large(limit);
  }
  co_return body;
}

Task<std::string> ConnectionExchange::read_some(std::uint64_t limit) {
  if (request().content_length.value_or(0) > limit) co_return too_large(limit);
  std::string piece;
  MYCOUCH_CO_CHECK(co_await receive_body(piece));
  if (body_received_ > limit) co_return too_large(limit);
  co_return piece;
}

Task<void> ConnectionExchange::receive_body(std::string& body) {
  ReadBuffer& input = connection_.input();
  std::size_t before = body.size();
  while (body.size() == before && !parser_.done()) {
    std::size_t taken = 0;
    if (!input.empty()) {
      auto parsed = parser_.parse_body(input.view(), body);
      if (!parsed) co_return body_failed(std::move(parsed).error());
      taken = *parsed;
      input.consume(taken);
    }
    if (taken > 0) continue;
    if (input.view().size() > kLargestChunkHead) {
      co_return body_failed({Errc::bad_request, "malformed request: a chunk's head is too large"});
    }
    if (continue_owed_) MYCOUCH_CO_CHECK(co_await send_continue());
    auto filled =
        co_await connection_.fill(next_block(), std::chrono::steady_clock::now() + options().body_timeout);
    if (!filled) co_return body_failed(std::move(filled).error());
  }
  body_received_ += body.size() - before;
  co_return Result<void>();
}

std::size_t ConnectionExchange::next_block() const {
  std::uint64_t announced = request().content_length.value_or(kBodyBlock + body_received_);
  return std::clamp<std::uint64_t>(announced - body_received_, kSmallestBodyBlock, kBodyBlock);
}

Task<void> ConnectionExchange::send_continue() {
  continue_owed_ = false;
  co_return co_await connection_.write("HTTP/1.1 100 Continue\r\n\r\n", {}, {});
}

std::unexpected<Error> ConnectionExchange::body_failed(Error error) {
  body_failed_ = true;
  return std::unexpected(std::move(error));
}

bool ConnectionExchange::next_request_is_reachable() const {
  if (parser_.done()) return true;
  // A client that was not told to continue may send the body or leave it out.
  if (body_failed_ || continue_owed_) return false;
  return request().content_length.value_or(0) <= body_received_ + kSkipped;
}

boost::asio::awaitable<bool> ConnectionExchange::skip_body() {
  std::uint64_t bound = body_received_ + kSkipped;
  std::string dropped;
  while (!parser_.done()) {
    if (body_received_ > bound || !co_await receive_body(dropped)) co_return false;
    dropped.clear();
  }
  co_return true;
}

Task<void> ConnectionExchange::send(Response response) {
  bool gzip = begin_response(response) && response.body.size() >= kWorthGzip;
  if (gzip) {
    std::string coded;
    GzipStream stream(connection_.worker().deflater());
    stream.write(coded, response.body);
    stream.finish(coded);
    response.body = std::move(coded);
    response.headers.add("Content-Encoding", "gzip");
  }
  Framing framing{.connection = connection_field()};
  if (status_allows_body(status_)) framing.content_length = response.body.size();
  std::string& head = connection_.worker().scratch();
  append_response_head(head, status_, response.headers, framing, signature());
  std::string_view body = sends_body_ ? std::string_view(response.body) : std::string_view();
  body_sent_ = body.size();
  if (body.size() <= kSentWithHead) {
    head += body;
    body = {};
  }
  MYCOUCH_CO_CHECK(co_await connection_.write(head, body, {}));
  finished_ = true;
  co_return Result<void>();
}

Task<void> ConnectionExchange::begin(Response response, std::optional<std::uint64_t> length) {
  length_ = length;
  if (begin_response(response)) {
    gzip_.emplace(connection_.worker().deflater());
    response.headers.add("Content-Encoding", "gzip");
  }
  chunked_ = status_allows_body(status_) && !length_ && !parser_.http_1_0();
  if (status_allows_body(status_) && !length_ && !chunked_) keeps_alive_ = false;
  std::string& head = connection_.worker().scratch();
  append_response_head(head, status_, response.headers,
                       {.content_length = length_, .chunked = chunked_, .connection = connection_field()},
                       signature());
  co_return co_await connection_.write(head, {}, {});
}

Task<void> ConnectionExchange::write(std::string piece) {
  if (!begun_ || finished_) throw std::logic_error("a piece outside of begin and finish");
  if (connection_.peer_gone()) co_return fail(Errc::cancelled, "the client has gone");
  // An empty chunk would end the body.
  if (!sends_body_ || piece.empty()) co_return Result<void>();
  if (length_) co_return co_await write_plain(std::move(piece));
  if (gzip_) {
    std::string coded;
    gzip_->write(coded, piece);
    piece = std::move(coded);
  }
  co_return co_await write_coded(std::move(piece), false);
}

Task<void> ConnectionExchange::write_plain(std::string piece) {
  if (piece.size() > *length_ - body_sent_) co_return fail(Errc::internal, "more than the announced length");
  body_sent_ += piece.size();
  co_return co_await connection_.write({}, piece, {});
}

Task<void> ConnectionExchange::finish() {
  if (!begun_ || finished_) throw std::logic_error("finish without begin");
  if (length_ && sends_body_ && body_sent_ != *length_) {
    co_return fail(Errc::internal, "less than the announced length");
  }
  std::string rest;
  if (sends_body_ && gzip_) gzip_->finish(rest);
  if (sends_body_ && !length_) MYCOUCH_CO_CHECK(co_await write_coded(std::move(rest), true));
  finished_ = true;
  co_return Result<void>();
}

Task<void> ConnectionExchange::write_coded(std::string piece, bool last) {
  body_sent_ += piece.size();
  if (!chunked_) co_return co_await connection_.write({}, piece, {});
  std::string& head = connection_.worker().scratch();
  std::string_view body = piece;
  std::string_view tail = last ? "0\r\n\r\n" : "";
  if (!piece.empty()) {
    append_chunk_size(head, piece.size());
    tail = last ? "\r\n0\r\n\r\n" : "\r\n";
  }
  if (body.size() <= kSentWithHead) {
    head += body;
    head += tail;
    body = tail = {};
  }
  co_return co_await connection_.write(head, body, tail);
}

bool ConnectionExchange::begin_response(Response& response) {
  if (begun_) throw std::logic_error("a second response to one request");
  begun_ = true;
  status_ = response.status;
  sends_body_ = status_allows_body(status_) && request().method != Method::head;
  keeps_alive_ = parser_.keep_alive() && !stopping() && next_request_is_reachable();
  return choose_gzip(response);
}

bool ConnectionExchange::choose_gzip(Response& response) const {
  if (length_) return false;
  auto coding = response.headers.find("Content-Encoding");
  if (coding) {
    if (equal_ignoring_case(*coding, "identity")) response.headers.remove("Content-Encoding");
    return false;
  }
  auto type = response.headers.find("Content-Type");
  if (!options().gzip || !status_allows_body(status_) || status_ == 206 || !type || !is_compressible(*type)) {
    return false;
  }
  response.headers.add("Vary", "Accept-Encoding");
  auto accepted = request().headers.find("Accept-Encoding");
  return accepted && accepts_gzip(*accepted);
}

std::string_view ConnectionExchange::connection_field() const {
  if (!keeps_alive_) return "close";
  return parser_.http_1_0() ? "keep-alive" : "";
}

Signature ConnectionExchange::signature() const {
  return {.date = connection_.worker().date(), .request_id = request().id};
}

const ServerOptions& ConnectionExchange::options() const {
  return connection_.worker().service().options;
}

void ConnectionExchange::log_access() const {
  log::Level level = status_ >= 500 ? log::Level::warning : log::Level::debug;
  if (!log::enabled(level)) return;
  std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started_;
  log::write(level, "request",
             {{"id", request().id},
              {"remote", request().remote_address},
              {"method", request().method_text},
              {"path", request().raw_path().substr(0, kLoggedPath)},
              {"status", status_},
              {"bytes", body_sent_},
              {"ms", took.count()}});
}

}  // namespace mycouch::http
