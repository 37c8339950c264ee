// Random bytes from the operating system's generator, by way of OpenSSL's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mycouch::base {

/// Fit for secrets.
std::string random_bytes(std::size_t count);
/// 32 lower-case hex digits, as CouchDB's ids and uuids have them.
std::string random_uuid();
/// Uniform in [0, bound); for jitter and sampling, not for secrets.
std::uint64_t random_below(std::uint64_t bound);

}  // namespace mycouch::base
