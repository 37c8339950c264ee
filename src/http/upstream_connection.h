// One connection to an upstream host: requests in turn, each with its answer.
//
// An answer may come before the request has been sent (a refusal of what is too large, of who may not), so
// the answer's head is awaited from the beginning, and ends the sending. One timer watches over every step:
// it closes the socket, and whatever waits for the socket ends.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/intrusive/list.hpp>

#include "base/clock.h"
#include "base/waiter.h"
#include "http/client_connection.h"
#include "http/upstream.h"

namespace mycouch::http {

using UpstreamConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// For the loop's thread only. Who calls one of its coroutines holds it until that ends.
class UpstreamConnection : public std::enable_shared_from_this<UpstreamConnection>,
                           public UpstreamConnectionHook {
 public:
  /// `tls` is for a https URL, and outlives this.
  UpstreamConnection(boost::asio::any_io_executor loop, Url url, boost::asio::ssl::context& tls);

  /// Resolves, connects, shakes hands, all within `timeout`. `unavailable` with the cause.
  Task<void> connect(std::chrono::milliseconds timeout);

  /// Between two requests: neither closed by the peer nor out of step.
  bool usable();

  /// Sends `head` and the request's content, and returns with the answer's head. `unavailable`, `too_large`,
  /// or the error of the request's BodySource; the connection is then good for nothing more.
  Task<void> exchange(std::shared_ptr<const UpstreamRequest> request, std::string head);

  /// The next piece of the answer's content; empty at its end. `unavailable`, `too_large`.
  Task<std::string> read(std::chrono::milliseconds timeout);

  /// Status and fields of the answer; no body.
  Response answer_head() const { return head_from_beast(parser_->get()); }

  /// What became of the last exchange.
  bool wrote_something() const { return written_ > 0; }
  bool answered() const { return answered_; }  // a byte of an answer came
  bool timed_out() const { return timed_out_; }
  bool source_failed() const { return source_failed_; }
  /// The answer's end was seen.
  bool finished() const { return parser_ && parser_->is_done(); }
  /// The connection is good for another request.
  bool reusable() const;

  /// What is going on ends with `unavailable`.
  void close();

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using TlsStream = boost::asio::ssl::stream<Socket>;
  using Parser = boost::beast::http::response_parser<GrowingBody>;

  Socket& socket();
  void begin(std::shared_ptr<const UpstreamRequest> request);
  void expect_answer();
  static boost::asio::awaitable<void> receive_head(std::shared_ptr<UpstreamConnection> self);
  Task<void> send(std::string head);
  Task<std::string> next_piece(std::uint64_t offset);
  Task<void> write(std::string bytes);
  std::unexpected<Error> failure(const boost::system::error_code& error) const;

  // The deadline of the step that is going on.
  void allow(std::chrono::milliseconds timeout);
  void allow_forever() { deadline_ = base::SteadyTime::max(); }
  void watch();
  void expire_if_due();

  const boost::asio::any_io_executor loop_;
  const Url url_;
  std::variant<Socket, TlsStream> stream_;
  bool closed_ = false;

  boost::asio::steady_timer timer_;
  base::SteadyTime deadline_ = base::SteadyTime::max();
  bool watching_ = false;
  bool timed_out_ = false;

  std::shared_ptr<const UpstreamRequest> request_;
  std::uint64_t written_ = 0;
  bool sending_ = false;
  bool sent_ = false;
  bool source_failed_ = false;

  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  const std::shared_ptr<base::Waiter> head_waiter_;
  bool head_done_ = false;  // it has come, or never will
  boost::system::error_code head_error_;
  bool answered_ = false;
};

}  // namespace mycouch::http
