// The one table that gives each error its status and CouchDB's word for it, and the answer that tells it.
#pragma once

#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace mycouch::api {

unsigned status_of(Errc code);
/// As CouchDB says it: "not_found", "conflict", …
std::string_view word_of(Errc code);

/// What an answer tells beside the error itself.
struct ErrorContext {
  bool with_detail = false;             // repeat the reason as `detail`: the virtual tables do
  bool credentials_sent = false;        // a 401 then says what is wrong with them (RFC 6750, section 3.1)
  std::string_view active_tenant = {};  // with token_refresh_required: the tenant to ask the issuer for
};

/// {"error":…,"reason":…}. 401 carries WWW-Authenticate (Bearer only: Basic would open a browser's dialog),
/// 429 and 503 Retry-After. The reason of an internal error is not told.
http::Response error_response(const Error& error, const ErrorContext& context = {});

/// `body` is JSON text.
http::Response json_response(unsigned status, std::string body);

}  // namespace mycouch::api
