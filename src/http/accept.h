// What a client accepts (RFC 9110 section 12.5.1), as far as a choice between a few types needs it.
#pragma once

#include <string_view>

#include "http/message.h"

namespace mycouch::http {

/// Whether the range of the request's Accept that fits `type` ("multipart/related") best has a weight above
/// zero: the type itself, its family, or any type. A request without the field accepts anything.
bool accepts_type(const Headers& headers, std::string_view type);

}  // namespace mycouch::http
