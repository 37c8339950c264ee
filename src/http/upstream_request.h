// How a request to an upstream host is written, and when it may be sent again.
#pragma once

#include <cstdint>
#include <string>

#include "http/client.h"
#include "http/upstream.h"

namespace mycouch::http {

/// `bad_request` for a target or a field that would not be what it is on the wire: a target that does not
/// begin with '/' or has anything but visible ASCII, a field with a control character, a name that is no
/// token. The reason does not repeat them.
Result<void> check_request(const UpstreamRequest& request);

/// Request line and fields with the empty line. The request's own fields go before `common` ones of the same
/// name; Host, Connection, Content-Length and Transfer-Encoding are written for the connection, and left out
/// where they were given.
std::string request_head(const UpstreamRequest& request, const Headers& common, const Url& url);

/// Of the content, of either kind.
std::uint64_t content_length(const UpstreamRequest& request);

/// Whether it may be carried out twice.
bool is_repeatable(const UpstreamRequest& request);

/// Whether another host, or the same one later, may do better: 502, 503, 504.
bool is_passing(unsigned status);

}  // namespace mycouch::http
