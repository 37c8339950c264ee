#include "app/dev_site.h"

#include <string>
#include <string_view>
#include <utility>

#include "api/errors.h"
#include "base/error.h"

namespace mycouch::app {
namespace {

constexpr std::string_view kFolder = "/demo/";
constexpr std::string_view kFirstPage = "welcome.html";
constexpr std::string_view kRoady = "index.html";

// A browser that is being visited, not a program that asks for CouchDB's welcome.
bool asks_for_a_page(const http::Request& request) {
  return request.headers.find("Accept").value_or("").find("text/html") != std::string_view::npos;
}

bool is_for_the_site(const http::Request& request) {
  if (request.method != http::Method::get && request.method != http::Method::head) return false;
  const std::string_view path = request.raw_path();
  if (path == "/" || path == "/demo") return asks_for_a_page(request);
  return path.starts_with(kFolder);
}

// The path of the file that is asked for.
std::string_view file_of(std::string_view path) {
  if (path == "/") return kFirstPage;
  const std::string_view name = path.substr(kFolder.size());
  return name.empty() ? kRoady : name;
}

http::Response moved_to(std::string location) {
  http::Response response{.status = 308, .headers = {}, .body = {}};
  response.headers.add("Location", std::move(location));
  return response;
}

}  // namespace

boost::asio::awaitable<bool> DevSite::handle(http::Exchange& exchange) const {
  if (files_.empty() || !is_for_the_site(exchange.request())) co_return false;
  (void)co_await exchange.send(answer(exchange.request()));
  co_return true;
}

http::Response DevSite::answer(const http::Request& request) const {
  const std::string_view path = request.raw_path();
  if (path == "/demo") return moved_to(std::string(kFolder));
  const StaticFile* file = find_file(files_, file_of(path));
  if (file == nullptr) return api::error_response({.code = Errc::not_found, .reason = "missing"});
  http::Response response = file_response(*file, request);
  // The frames of the first page show the app, so the site may frame itself, and nobody else may.
  response.headers.add("Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
                       "img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
                       "frame-src 'self'; frame-ancestors 'self'; form-action 'self'; base-uri 'none'");
  response.headers.add("Referrer-Policy", "no-referrer");
  // Whether / is this page or CouchDB's welcome is for the client to say.
  if (path == "/") response.headers.add("Vary", "Accept");
  return response;
}

}  // namespace mycouch::app
