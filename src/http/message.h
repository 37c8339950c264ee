// A request's head and a whole response, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mycouch::http {

/// `patch` is only sent: one that comes in is `other`.
enum class Method : std::uint8_t { get, head, put, post, delete_, options, copy, patch, other };

std::string_view to_string(Method method);

/// Header fields in their order; names compare without case.
class Headers {
 public:
  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces all fields of that name.
  void set(std::string name, std::string value);
  void remove(std::string_view name);
  /// Keeps the room, for the next message.
  void clear() { fields_.clear(); }
  bool empty() const { return fields_.empty(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// The query string's parameters, decoded; a repeated name keeps its last value.
class Query {
 public:
  /// `bad_request` for a malformed escape or text that is not UTF-8.
  static Result<Query> parse(std::string_view text);
  const std::string* find(std::string_view name) const;
  auto begin() const { return parameters_.begin(); }
  auto end() const { return parameters_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

struct Request {
  Method method = Method::other;
  std::string method_text;
  std::string target;  // as it came: path and query
  std::string_view raw_path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view raw_query() const;  // without '?'
  Headers headers;
  std::string remote_address;  // "127.0.0.1"
  std::string id;              // request id: 16 hex digits, on the log line and in X-Request-Id
  std::optional<std::uint64_t> content_length;  // nothing: chunked, or no body
  bool has_body = false;
};

struct Response {
  unsigned status = 200;
  Headers headers;  // without Content-Length, Transfer-Encoding, Connection, Date, Server: the connection's
                    // affair
  std::string body;
};

/// The path's segments, each decoded; "/" has none, and a trailing slash adds none. Dot segments are ordinary
/// text: nothing is resolved. `bad_request` for a malformed escape or a segment that is not UTF-8.
Result<std::vector<std::string>> split_path(std::string_view raw_path);

}  // namespace mycouch::http
