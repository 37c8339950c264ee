// What became of a request to another server, and so what is to be done next. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "http/message.h"

namespace mycouch::tenancy {

struct Outcome {
  enum class Next : std::uint8_t {
    nothing,  // it is done, or there is nothing to do any more
    retry,
    retry_slowly,  // our key was refused: somebody has to correct the configuration, for all requests
    give_up        // it can never succeed
  };
  Next next = Next::nothing;
  std::string reason{};  // for the log: without secrets; empty where it is done
  /// When the other side wants to be asked again.
  std::optional<std::chrono::milliseconds> retry_after{};
  /// What else for that destination had better wait, too.
  enum class Others : std::uint8_t { go_on, wait_a_little, wait_as_long };
  Others others = Others::go_on;
};

/// 2xx is done, and anything else worth another try: after its Retry-After, where it has one. A 429, and a
/// 503 that says until when, hold for all requests; no answer and a 5xx probably do.
Outcome outcome_of(const Result<http::Response>& answer, base::WallTime now);

/// A Retry-After field in either form (RFC 9110, section 10.2.3): seconds, or a date, of which what lies
/// ahead of `now`. Nothing for text that is neither.
std::optional<std::chrono::milliseconds> retry_after(std::string_view field, base::WallTime now);

}  // namespace mycouch::tenancy
