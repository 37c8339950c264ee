// Cross-origin access from browsers (https://fetch.spec.whatwg.org/#http-cors-protocol), as plain functions.
//
// Who may is the caller's predicate. Allowed origins are answered by name, never with "*", because
// credentials are allowed too. Nothing here keeps anyone out who is not a browser: that is authentication's
// part.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace mycouch::http {

using OriginPredicate = std::function<bool(std::string_view origin)>;

/// The answer to a preflight, or nothing where the request is none: another method than OPTIONS, no Origin,
/// or no Access-Control-Request-Method. A preflight from an origin that is not allowed is 204 too, without
/// the fields that allow anything: the browser then refuses, and says so to the developer better than our
/// status could. The browser may keep the answer for `max_age`.
std::optional<Response> preflight_response(const Request& request, const OriginPredicate& allowed,
                                           std::chrono::seconds max_age = std::chrono::hours(2));

/// Adds to any other response what lets a browser's script at an allowed origin read it.
void add_cors_fields(Headers& response, const Request& request, const OriginPredicate& allowed);

}  // namespace mycouch::http
