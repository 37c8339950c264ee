#include "http/router.h"

#include <algorithm>
#include <stdexcept>

namespace mycouch::http {
namespace {

constexpr std::array kMethods{Method::get,     Method::head, Method::put,   Method::post, Method::delete_,
                              Method::options, Method::copy, Method::patch, Method::other};
static_assert(kMethods.size() == static_cast<std::size_t>(Method::other) + 1);

}  // namespace

// Where patterns end: who answers which method, and what the parameters on the way are called.
struct Router::Leaf {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  bool exists() const { return !methods.empty(); }
  std::size_t index_for(Method method) const { return indices[static_cast<std::size_t>(method)]; }

  MethodSet methods;
  std::array<std::size_t, kMethods.size()> indices = [] {
    std::array<std::size_t, kMethods.size()> none{};
    none.fill(kNone);
    return none;
  }();
  std::vector<std::string_view> names;
};

struct Router::Node {
  // Sorted by the segment.
  std::vector<std::pair<std::string_view, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> any;
  Leaf here;
  Leaf rest;
};

namespace {

constexpr bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

template <class Literals>
auto position_of(Literals& literals, std::string_view segment) {
  return std::ranges::lower_bound(literals, segment, {}, [](const auto& literal) { return literal.first; });
}

}  // namespace

Router::Router(std::span<const Route> routes) : root_(std::make_unique<Node>()) {
  for (const Route& route : routes) insert(route);
}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::insert(const Route& route) {
  auto refuse = [&route](std::string_view why) {
    throw std::logic_error("route " + std::string(route.pattern) + ": " + std::string(why));
  };
  if (!route.pattern.starts_with('/')) refuse("no slash at its beginning");
  Node* node = root_.get();
  Leaf* leaf = nullptr;
  std::vector<std::string_view> names;
  std::string_view left = route.pattern.substr(1);
  while (!left.empty()) {
    if (leaf != nullptr) refuse("a segment behind the rest");
    std::string_view segment = left.substr(0, left.find('/'));
    left.remove_prefix(std::min(segment.size() + 1, left.size()));
    if (segment.empty()) refuse("an empty segment");
    if (!is_parameter(segment)) {
      auto at = position_of(node->literals, segment);
      if (at == node->literals.end() || at->first != segment) {
        at = node->literals.emplace(at, segment, std::make_unique<Node>());
      }
      node = at->second.get();
      continue;
    }
    std::string_view name = segment.substr(1, segment.size() - 2);
    if (name.ends_with("...")) {
      name.remove_suffix(3);
      leaf = &node->rest;
    } else {
      if (!node->any) node->any = std::make_unique<Node>();
      node = node->any.get();
    }
    names.push_back(name);
  }
  if (names.size() > RouteParameters::kMost) refuse("too many parameters");
  if (leaf == nullptr) leaf = &node->here;
  if (leaf->exists() && leaf->names != names) refuse("other names than the same pattern has elsewhere");
  leaf->names = std::move(names);
  for (Method method : kMethods) {
    if (!route.methods.contains(method)) continue;
    if (leaf->methods.contains(method)) refuse("a method that the pattern has already");
    leaf->methods.add(method);
    leaf->indices[static_cast<std::size_t>(method)] = route.index;
  }
}

const Router::Leaf* Router::find(const Node& node, std::span<const std::string> left,
                                 RouteParameters& parameters) {
  if (left.empty()) return node.here.exists() ? &node.here : nullptr;
  const std::string& segment = left.front();
  auto at = position_of(node.literals, segment);
  if (at != node.literals.end() && at->first == segment) {
    if (const Leaf* found = find(*at->second, left.subspan(1), parameters)) return found;
  }
  // Slots beyond `count_` may hold what a branch left that was given up.
  std::size_t slot = parameters.count_;
  if (node.any) {
    parameters.values_[slot].segments = left.first(1);
    parameters.count_ = slot + 1;
    if (const Leaf* found = find(*node.any, left.subspan(1), parameters)) return found;
    parameters.count_ = slot;
  }
  if (!node.rest.exists()) return nullptr;
  parameters.values_[slot].segments = left;
  parameters.count_ = slot + 1;
  return &node.rest;
}

RouteResult Router::match(Method method, std::span<const std::string> segments) const {
  RouteMatch match{};
  RouteParameters& parameters = match.parameters;
  const Leaf* leaf = find(*root_, segments, parameters);
  if (leaf == nullptr) return NoRoute{};
  match.index = leaf->index_for(method);
  if (match.index == Leaf::kNone && method == Method::head) match.index = leaf->index_for(Method::get);
  if (match.index == Leaf::kNone) {
    MethodSet allowed = leaf->methods;
    if (allowed.contains(Method::get)) allowed.add(Method::head);
    return MethodNotAllowed{allowed};
  }
  for (std::size_t i = 0; i < parameters.count_; ++i) parameters.values_[i].name = leaf->names[i];
  if (parameters.count_ > 0) {
    std::span<const std::string> last = parameters.values_[parameters.count_ - 1].segments;
    if (last.size() > 1) {
      for (const std::string& segment : last) {
        if (&segment != last.data()) parameters.rest_ += '/';
        parameters.rest_ += segment;
      }
    }
  }
  return match;
}

bool RouteParameters::contains(std::string_view name) const {
  return std::any_of(values_.begin(), values_.begin() + count_,
                     [&](const Value& value) { return value.name == name; });
}

std::string_view RouteParameters::operator[](std::string_view name) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (values_[i].name != name) continue;
    return values_[i].segments.size() > 1 ? std::string_view(rest_)
                                          : std::string_view(values_[i].segments.front());
  }
  throw std::out_of_range("the route has no parameter " + std::string(name));
}

std::string to_string(MethodSet methods) {
  std::string text;
  for (Method method : kMethods) {
    if (!methods.contains(method) || method == Method::other) continue;
    if (!text.empty()) text += ", ";
    text += to_string(method);
  }
  return text;
}

}  // namespace mycouch::http
