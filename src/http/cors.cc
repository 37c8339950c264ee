#include "http/cors.h"

#include <string>

namespace mycouch::http {
namespace {

constexpr const char* kMethods = "GET, PUT, POST, HEAD, DELETE, COPY";
constexpr const char* kRequestFields =
    "accept, authorization, content-type, origin, referer, x-csrf-token, if-match, if-none-match, range, "
    "x-requested-with, x-couch-full-commit, destination";
constexpr const char* kResponseFields =
    "accept-ranges, content-encoding, content-length, content-range, content-type, content-md5, etag, "
    "location, "
    "retry-after, server, www-authenticate, x-couch-request-id, x-couch-update-newrev, x-request-id";

void allow(Headers& fields, std::string_view origin) {
  fields.add("Access-Control-Allow-Origin", std::string(origin));
  fields.add("Access-Control-Allow-Credentials", "true");
}

}  // namespace

std::optional<Response> preflight_response(const Request& request, const OriginPredicate& allowed,
                                           std::chrono::seconds max_age) {
  auto origin = request.headers.find("Origin");
  if (request.method != Method::options || !origin) return std::nullopt;
  if (!request.headers.find("Access-Control-Request-Method")) return std::nullopt;
  Response response{.status = 204, .headers = {}, .body = {}};
  response.headers.add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  if (allowed(*origin)) {
    allow(response.headers, *origin);
    response.headers.add("Access-Control-Allow-Methods", kMethods);
    response.headers.add("Access-Control-Allow-Headers", kRequestFields);
    response.headers.add("Access-Control-Max-Age", std::to_string(max_age.count()));
  }
  return response;
}

void add_cors_fields(Headers& response, const Request& request, const OriginPredicate& allowed) {
  // Also without an Origin: what a cache keeps of this answer is not to be given to those who have one.
  response.add("Vary", "Origin");
  auto origin = request.headers.find("Origin");
  if (!origin || !allowed(*origin)) return;
  allow(response, *origin);
  response.add("Access-Control-Expose-Headers", kResponseFields);
}

}  // namespace mycouch::http
