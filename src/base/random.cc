#include "base/random.h"

#include <random>
#include <stdexcept>

#include <openssl/rand.h>

#include "base/encoding.h"

namespace mycouch::base {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system's random generator failed");
  }
  return bytes;
}

std::string random_uuid() {
  return to_hex(random_bytes(16));
}

std::uint64_t random_below(std::uint64_t bound) {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(generator);
}

}  // namespace mycouch::base
