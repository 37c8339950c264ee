// An Exchange on a connection of the server: bodies in and out, their framing and coding.
#pragma once

#include <chrono>
#include <optional>

#include "http/connection.h"
#include "http/gzip.h"
#include "http/response_head.h"
#include "http/server.h"

namespace mycouch::http {

class ConnectionExchange final : public Exchange {
 public:
  /// The parser has just finished the request's head.
  explicit ConnectionExchange(Connection& connection);

  const Request& request() const override { return parser_.request(); }
  boost::asio::any_io_executor executor() override;
  Task<std::string> read_body(std::uint64_t limit) override;
  Task<std::string> read_some(std::uint64_t limit) override;
  Task<void> send(Response response) override;
  Task<void> begin(Response head, std::optional<std::uint64_t> length) override;
  Task<void> write(std::string piece) override;
  Task<void> finish() override;
  bool begun() const override { return begun_; }
  void watch(std::shared_ptr<base::Waiter> waiter) override { connection_.watch(std::move(waiter)); }
  bool peer_gone() const override { return connection_.peer_gone(); }
  bool stopping() const override { return connection_.worker().stopping(); }

  // For the connection, when the handler has returned.

  /// The whole answer was sent.
  bool finished() const { return finished_; }
  /// The answer has told the client that another request may follow.
  bool keeps_alive() const { return keeps_alive_; }
  /// Leaves the input at the next request; false where too much of the body is left, or it is malformed.
  boost::asio::awaitable<bool> skip_body();

  void log_access() const;

 private:
  const ServerOptions& options() const;

  /// Appends a byte at least, unless the body ends.
  Task<void> receive_body(std::string& body);
  std::size_t next_block() const;
  Task<void> send_continue();
  /// Remembers that the next request cannot be found behind this body.
  std::unexpected<Error> body_failed(Error error);
  bool next_request_is_reachable() const;

  /// Settles how the answer is sent. Whether it is to be compressed.
  bool begin_response(Response& response);
  bool choose_gzip(Response& response) const;
  Task<void> write_plain(std::string piece);
  Task<void> write_coded(std::string piece, bool last);
  std::string_view connection_field() const;
  Signature signature() const;

  Connection& connection_;
  RequestParser& parser_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::uint64_t body_received_ = 0;
  std::uint64_t body_sent_ = 0;
  unsigned status_ = 0;
  bool continue_owed_;  // the client waits for "100 Continue" before it sends the body
  bool body_failed_ = false;
  bool begun_ = false;
  bool finished_ = false;
  bool keeps_alive_ = false;
  bool sends_body_ = false;
  bool chunked_ = false;
  std::optional<std::uint64_t> length_;  // of an answer in pieces, where it was announced
  std::optional<GzipStream> gzip_;
};

}  // namespace mycouch::http
