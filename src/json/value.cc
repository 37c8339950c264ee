#include "json/value.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "json/writer.h"

namespace mycouch::json {
namespace {

Value build(const Outline& outline, const Node& node) {
  switch (node.kind) {
    case Kind::null:
      return nullptr;
    case Kind::boolean:
      return node.text == "true";
    case Kind::number:
      return Number{std::string(node.text)};
    case Kind::string:
      return decode_string(node.text);
    case Kind::array: {
      Array array;
      for (const Node& child : outline.children(node)) array.push_back(build(outline, child));
      return array;
    }
    case Kind::object: {
      Object object;
      // The outline has refused duplicates.
      for (const Node& child : outline.children(node)) {
        object.members().push_back({std::string(child.name), build(outline, child)});
      }
      return object;
    }
  }
  return nullptr;
}

constexpr int kWholeText = 1 << 20;

}  // namespace

Object::Object() = default;
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

Object::Object(std::initializer_list<Member> members) {
  for (const Member& member : members) set(member.name, member.value);
}

const Value* Object::find(std::string_view name) const {
  for (const auto& [key, value] : members_) {
    if (key == name) return &value;
  }
  return nullptr;
}

Value* Object::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));
}

void Object::set(std::string_view name, Value value) {
  if (Value* existing = find(name)) {
    *existing = std::move(value);
  } else {
    members_.push_back({std::string(name), std::move(value)});
  }
}

void Object::erase(std::string_view name) {
  std::erase_if(members_, [name](const Member& member) { return member.name == name; });
}

std::optional<std::string_view> Object::string(std::string_view name) const {
  const Value* value = find(name);
  if (value == nullptr || value->as_string() == nullptr) return std::nullopt;
  return *value->as_string();
}

bool Object::operator==(const Object& other) const {
  if (size() != other.size()) return false;
  for (const auto& [name, value] : members_) {
    const Value* theirs = other.find(name);
    if (theirs == nullptr || !(value == *theirs)) return false;
  }
  return true;
}

Value::Value(std::int64_t n) : data_(Number{fmt::format_int(n).str()}) {}
Value::Value(std::uint64_t n) : data_(Number{fmt::format_int(n).str()}) {}
Value::Value(double n) : data_(Number{fmt::format("{}", n)}) {}

std::optional<std::int64_t> Value::as_int() const {
  const Number* number = as_number();
  if (number == nullptr) return std::nullopt;
  const char* begin = number->text.data();
  const char* end = begin + number->text.size();
  std::int64_t n = 0;
  auto [stop, error] = std::from_chars(begin, end, n);
  if (error == std::errc() && stop == end) return n;
  std::optional<double> d = as_double();
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!d || std::trunc(*d) != *d || std::abs(*d) > kExact) return std::nullopt;
  return static_cast<std::int64_t>(*d);
}

std::optional<double> Value::as_double() const {
  const Number* number = as_number();
  if (number == nullptr) return std::nullopt;
  double d = 0;
  const char* end = number->text.data() + number->text.size();
  auto [stop, error] = std::from_chars(number->text.data(), end, d);
  if (error != std::errc() || stop != end) return std::nullopt;
  return d;
}

Result<Value> parse(std::string_view text, Limits limits) {
  MYCOUCH_TRY(Outline whole, outline(text, kWholeText, limits));
  return build(whole, whole.root());
}

Value value_of(std::string_view good_text) {
  Result<Value> value = parse(good_text);
  return value ? *std::move(value) : Value();
}

std::string write(const Value& value) {
  std::string out;
  append_value(out, value);
  return out;
}

std::string write(const Object& object) {
  std::string out;
  append_value(out, object);
  return out;
}

}  // namespace mycouch::json
