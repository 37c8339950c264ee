#include "http/client.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "base/clock.h"
#include "http/ascii.h"
#include "http/client_connection.h"

namespace mycouch::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

namespace {

// A content that is taken in pieces is handed on when so much has come.
constexpr std::size_t kPiece = std::size_t{64} << 10;

// The deadline holds for all that is done on the stream later, too.
Task<void> connect(beast::tcp_stream& stream, tcp::resolver::results_type endpoints, Url url,
                   base::SteadyTime deadline) {
  stream.expires_at(deadline);
  auto [error, endpoint] = co_await stream.async_connect(endpoints, kAsResult);
  if (error) co_return no_answer(url, error);
  co_return Result<void>();
}

// The system's certificates, read once.
asio::ssl::context& tls_context() {
  static asio::ssl::context context = *make_tls_context("");
  return context;
}

beast::http::request<beast::http::string_body> to_beast(ClientRequest request, const Url& url) {
  beast::http::request<beast::http::string_body> message;
  message.method_string(to_string(request.method));
  message.target(url.target);
  message.version(11);
  message.set(beast::http::field::host, host_field(url));
  message.set(beast::http::field::user_agent, "mycouch/" MYCOUCH_VERSION);
  message.set(beast::http::field::connection, "close");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  message.body() = std::move(request.body);
  message.prepare_payload();
  return message;
}

Response from_beast(beast::http::response<GrowingBody> message) {
  Response response = head_from_beast(message);
  response.body = std::move(message.body());
  return response;
}

struct ExchangeTerms {
  std::chrono::milliseconds step{0};  // for each step; zero: the stream has its deadline
  bool keep = false;                  // the connection is wanted afterwards
};

// Whether there is enough of a content to hand on.
bool makes_a_piece(const beast::http::response_parser<GrowingBody>& parser) {
  if (!parser.is_header_done() || parser.get().result() != beast::http::status::ok) return false;
  const std::size_t size = parser.get().body().size();
  return size >= kPiece || (size > 0 && parser.is_done());
}

struct Exchanged {
  Response response;
  bool kept = false;  // the connection is good for another request
};

// `answered` becomes true with the first byte of an answer. An empty `take` takes nothing.
template <class Stream>
Task<Exchanged> exchange(Stream& stream, beast::flat_buffer& buffer, ClientRequest request, Url url,
                         ExchangeTerms terms, const TakePiece& take, bool& answered) {
  auto begin_step = [&] {
    if (terms.step.count() > 0) beast::get_lowest_layer(stream).expires_after(terms.step);
  };
  beast::http::response_parser<GrowingBody> parser;
  parser.header_limit(kLargestAnswerHead);
  parser.body_limit(request.max_response);
  parser.skip(request.method == Method::head);
  auto message = to_beast(std::move(request), url);
  message.keep_alive(terms.keep);
  begin_step();
  auto [unsent, sent] = co_await beast::http::async_write(stream, message, kAsResult);
  if (unsent) co_return no_answer(url, unsent);
  while (!parser.is_done()) {
    begin_step();
    auto [error, received] = co_await beast::http::async_read_some(stream, buffer, parser, kAsResult);
    answered = answered || parser.got_some();
    if (error == beast::http::error::body_limit || error == beast::http::error::header_limit) {
      co_return fail(Errc::too_large, "the answer of " + url.host + " is too large");
    }
    if (error) co_return no_answer(url, error);
    if (take && makes_a_piece(parser)) {
      MYCOUCH_CO_CHECK(co_await take(std::exchange(parser.get().body(), {})));
    }
  }
  const bool kept = terms.keep && parser.get().keep_alive();
  co_return Exchanged{from_beast(parser.release()), kept};
}

}  // namespace

// A connection is closed by going: "Connection: close" was said, and the answer's end was seen.
Task<Response> fetch(ClientRequest request) {
  auto executor = co_await asio::this_coro::executor;
  base::SteadyTime deadline = std::chrono::steady_clock::now() + request.timeout;
  MYCOUCH_CO_TRY(Url url, parse_url(request.url));
  MYCOUCH_CO_TRY(auto endpoints, co_await resolve(url, deadline));
  bool answered = false;
  beast::flat_buffer buffer;
  if (url.scheme == "http") {
    beast::tcp_stream stream(executor);
    MYCOUCH_CO_CHECK(co_await connect(stream, std::move(endpoints), url, deadline));
    MYCOUCH_CO_TRY(Exchanged exchanged, co_await exchange(stream, buffer, std::move(request), std::move(url),
                                                          ExchangeTerms{}, TakePiece{}, answered));
    co_return std::move(exchanged.response);
  }
  TlsStream stream(executor, tls_context());
  MYCOUCH_CO_CHECK(co_await connect(beast::get_lowest_layer(stream), std::move(endpoints), url, deadline));
  MYCOUCH_CO_CHECK(co_await shake_hands(stream, url));
  MYCOUCH_CO_TRY(Exchanged exchanged, co_await exchange(stream, buffer, std::move(request), std::move(url),
                                                        ExchangeTerms{}, TakePiece{}, answered));
  co_return std::move(exchanged.response);
}

struct ClientSession::Connection {
  std::string origin;
  std::variant<beast::tcp_stream, TlsStream> stream;
  beast::flat_buffer buffer;

  static Task<std::unique_ptr<Connection>> open(Url url, std::chrono::milliseconds timeout);
};

Task<std::unique_ptr<ClientSession::Connection>> ClientSession::Connection::open(
    Url url, std::chrono::milliseconds timeout) {
  auto executor = co_await asio::this_coro::executor;
  const base::SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  MYCOUCH_CO_TRY(auto endpoints, co_await resolve(url, deadline));
  if (url.scheme == "http") {
    auto connection = std::make_unique<Connection>(origin_of(url), beast::tcp_stream(executor));
    auto& stream = std::get<beast::tcp_stream>(connection->stream);
    MYCOUCH_CO_CHECK(co_await connect(stream, std::move(endpoints), url, deadline));
    co_return connection;
  }
  auto connection = std::make_unique<Connection>(origin_of(url), TlsStream(executor, tls_context()));
  auto& stream = std::get<TlsStream>(connection->stream);
  MYCOUCH_CO_CHECK(co_await connect(beast::get_lowest_layer(stream), std::move(endpoints), url, deadline));
  MYCOUCH_CO_CHECK(co_await shake_hands(stream, url));
  co_return connection;
}

ClientSession::ClientSession() = default;
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

Task<Response> ClientSession::fetch(ClientRequest request) {
  return fetch(std::move(request), {});
}

Task<Response> ClientSession::fetch(ClientRequest request, TakePiece take) {
  MYCOUCH_CO_TRY(const Url url, parse_url(request.url));
  const bool repeatable =
      request.repeatable || request.method == Method::get || request.method == Method::head;
  const ExchangeTerms terms{.step = request.timeout, .keep = true};
  for (;;) {
    const bool reused = kept_ != nullptr && kept_->origin == origin_of(url);
    if (!reused) {
      kept_.reset();
      MYCOUCH_CO_TRY(kept_, co_await Connection::open(url, request.timeout));
    }
    // Not `kept_` itself while it is in use: where the coroutine is destroyed on the way, the connection
    // goes.
    std::unique_ptr<Connection> connection = std::move(kept_);
    bool answered = false;
    Result<Exchanged> exchanged;
    if (auto* plain = std::get_if<beast::tcp_stream>(&connection->stream)) {
      exchanged = co_await exchange(*plain, connection->buffer, request, url, terms, take, answered);
    } else {
      exchanged = co_await exchange(std::get<TlsStream>(connection->stream), connection->buffer, request, url,
                                    terms, take, answered);
    }
    if (exchanged) {
      if (exchanged->kept) kept_ = std::move(connection);
      co_return std::move(exchanged->response);
    }
    if (!reused || answered || !repeatable) co_return std::unexpected(std::move(exchanged).error());
  }
}

Result<Url> parse_url(std::string_view text) {
  // Without the text, which may hold a secret.
  auto malformed = [] { return fail(Errc::bad_request, "not an http or https URL"); };
  std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return malformed();
  Url url{.scheme = {}, .host = {}, .port = 80, .target = "/"};
  std::ranges::transform(text.substr(0, mark), std::back_inserter(url.scheme), ascii_lower);
  if (url.scheme == "https") {
    url.port = 443;
  } else if (url.scheme != "http") {
    return malformed();
  }
  text.remove_prefix(mark + 3);
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; })) {
    return malformed();
  }
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  std::string_view target = text.substr(authority.size());
  target = target.substr(0, target.find('#'));
  if (!target.empty()) url.target = (target.starts_with('/') ? "" : "/") + std::string(target);
  // Credentials in a URL end up in logs; they are not taken.
  if (authority.contains('@')) return malformed();
  std::size_t port_mark = authority.starts_with('[') ? authority.find("]:") : authority.find(':');
  if (port_mark != std::string_view::npos) {
    if (authority.starts_with('[')) ++port_mark;
    std::string_view port = authority.substr(port_mark + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0) return malformed();
    authority = authority.substr(0, port_mark);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  if (authority.empty()) return malformed();
  url.host = authority;
  return url;
}

}  // namespace mycouch::http
