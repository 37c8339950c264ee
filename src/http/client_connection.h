// What the clients share on the way from a URL to an answer: resolving, TLS, and Beast's view of an answer.
// For this folder's .cc files only.
#pragma once

#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"
#include "http/message.h"

namespace mycouch::http {

constexpr auto kAsResult = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::uint32_t kLargestAnswerHead = 64 << 10;

/// Text that grows as it comes: how long it will be is only the word of who sends it. The names are Beast's.
struct GrowingBody {
  using value_type = std::string;  // NOLINT(readability-identifier-naming)

  class reader {  // NOLINT(readability-identifier-naming)
   public:
    template <bool is_request, class Fields>  // NOLINT(readability-identifier-naming)
    reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) { error = {}; }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      const std::size_t size = body_.size();
      body_.resize(size + boost::beast::buffer_bytes(buffers));
      return boost::asio::buffer_copy(boost::asio::buffer(body_.data() + size, body_.size() - size), buffers);
    }

    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

/// The value of the Host field: a port only where it is not the scheme's own.
std::string host_field(const Url& url);
/// "http://host:5984"
std::string origin_of(const Url& url);

/// `unavailable`, and why.
std::unexpected<Error> no_answer(const Url& url, const boost::system::error_code& error);

/// Does not block; returns at the deadline at the latest.
Task<boost::asio::ip::tcp::resolver::results_type> resolve(Url url, base::SteadyTime deadline);

/// For TLS 1.2 and later with the system's certificates, and those of the PEM file where it is not empty.
/// `bad_request` where the file cannot be used.
Result<boost::asio::ssl::context> make_tls_context(const std::string& certificate_file);

/// Fails unless the certificate is trusted and names the host. `stream` is one of Asio's or Beast's.
template <class TlsStream>
Task<void> shake_hands(TlsStream& stream, Url url) {
  namespace asio = boost::asio;
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
  // An address has no place in the server name (RFC 6066 section 3).
  boost::system::error_code is_name;
  asio::ip::make_address(url.host, is_name);
  if (is_name && SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str()) != 1) {
    co_return fail(Errc::bad_request, "a host name too long for TLS");
  }
  auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, kAsResult);
  if (error) co_return no_answer(url, error);
  co_return Result<void>();
}

/// Status and fields; no body.
template <class Body>
Response head_from_beast(const boost::beast::http::response<Body>& message) {
  Response response{.status = message.result_int(), .headers = {}, .body = {}};
  for (const auto& field : message) {
    response.headers.add({field.name_string().data(), field.name_string().size()},
                         {field.value().data(), field.value().size()});
  }
  return response;
}

}  // namespace mycouch::http
