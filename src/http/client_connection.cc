#include "http/client_connection.h"

#include <memory>
#include <utility>

#include "base/waiter.h"

namespace mycouch::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string host_field(const Url& url) {
  std::string host = url.host.contains(':') ? "[" + url.host + "]" : url.host;
  bool usual = url.port == (url.scheme == "https" ? 443 : 80);
  return usual ? host : host + ":" + std::to_string(url.port);
}

std::string origin_of(const Url& url) {
  return url.scheme + "://" + host_field(url);
}

std::unexpected<Error> no_answer(const Url& url, const error_code& error) {
  return fail(Errc::unavailable, "no answer from " + url.host + ": " + error.message());
}

namespace {

// What a resolver finds while nobody may be waiting any more: getaddrinfo cannot be interrupted.
struct Resolution {
  error_code error = asio::error::timed_out;
  tcp::resolver::results_type endpoints;
};

}  // namespace

Task<tcp::resolver::results_type> resolve(Url url, base::SteadyTime deadline) {
  auto executor = co_await asio::this_coro::executor;
  auto found = std::make_shared<Resolution>();
  auto waiter = base::Waiter::create(executor);
  tcp::resolver resolver(executor);
  resolver.async_resolve(url.host, std::to_string(url.port),
                         [found, waiter](error_code error, tcp::resolver::results_type endpoints) {
                           *found = {error, std::move(endpoints)};
                           waiter->wake();
                         });
  co_await waiter->wait_until(deadline);
  if (found->error) co_return no_answer(url, found->error);
  co_return found->endpoints;
}

Result<asio::ssl::context> make_tls_context(const std::string& certificate_file) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_default_verify_paths();
  context.set_verify_mode(asio::ssl::verify_peer);
  if (certificate_file.empty()) return context;
  error_code error;
  context.load_verify_file(certificate_file, error);
  if (error) return fail(Errc::bad_request, "no certificate in " + certificate_file + ": " + error.message());
  return context;
}

}  // namespace mycouch::http
