// Finds the route of a request's path: a tree by segment, built once from a constant table.
//
// A pattern's segment is a literal, "{name}" for any one segment, or, as the last, "{name...}" for one
// segment or more. At each segment a literal beats "{name}", which beats "{name...}"; where the better one
// leads nowhere, the others are tried. The path alone decides: a method that the best pattern lacks is not
// looked for in a worse one.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"

namespace mycouch::http {

class MethodSet {
 public:
  constexpr MethodSet() = default;
  constexpr MethodSet(std::initializer_list<Method> methods) {
    for (Method method : methods) add(method);
  }
  constexpr void add(Method method) { bits_ |= bit(method); }
  constexpr bool contains(Method method) const { return (bits_ & bit(method)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr unsigned bit(Method method) { return 1U << static_cast<unsigned>(method); }

  unsigned bits_ = 0;
};

/// One row of the table. Several rows may have one pattern, with methods of their own and the same names.
struct Route {
  MethodSet methods;
  std::string_view pattern;  // "/{db}/_local/{id...}"; outlives the router
  std::size_t index = 0;     // the caller's own: what the match gives back
};

/// The parameters of a match, in the pattern's order. Values are views of the segments that were matched, or
/// of this.
class RouteParameters {
 public:
  static constexpr std::size_t kMost = 6;

  /// The pattern has that name, or it is a bug: throws std::out_of_range.
  std::string_view operator[](std::string_view name) const;
  /// Whether the pattern has that name.
  bool contains(std::string_view name) const;

 private:
  friend class Router;

  // The segments of "{name...}" are put together only where there are several.
  struct Value {
    std::string_view name;
    std::span<const std::string> segments;
  };
  std::array<Value, kMost> values_;
  std::size_t count_ = 0;
  std::string rest_;
};

struct RouteMatch {
  std::size_t index;
  RouteParameters parameters;
};
/// The path has routes, none of them for the method: what Allow says is in `allowed`.
struct MethodNotAllowed {
  MethodSet allowed;
};
struct NoRoute {};
using RouteResult = std::variant<RouteMatch, MethodNotAllowed, NoRoute>;

/// Immutable, so any thread may match.
class Router {
 public:
  /// Throws std::logic_error for a malformed pattern, and for a second row with a method and pattern of an
  /// earlier one.
  explicit Router(std::span<const Route> routes);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// `segments` as `split_path` makes them; an encoded slash stays inside its segment. They outlive the
  /// match. GET's routes serve HEAD too, where it has none of its own.
  RouteResult match(Method method, std::span<const std::string> segments) const;

 private:
  struct Node;
  struct Leaf;

  void insert(const Route& route);
  static const Leaf* find(const Node& node, std::span<const std::string> left, RouteParameters& parameters);

  std::unique_ptr<Node> root_;
};

/// "GET, HEAD, PUT": the value of an Allow field.
std::string to_string(MethodSet methods);

}  // namespace mycouch::http
