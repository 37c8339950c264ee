// A JSON value that can be built and changed: for what is small (claims, requests, user and tenant
// documents). Documents of applications are never turned into one on the hot path; see outline.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "json/outline.h"

namespace mycouch::json {

class Value;
using Array = std::vector<Value>;
struct Member;

/// Kept as it was written: 1.0 stays 1.0, and a number of 40 digits keeps them.
struct Number {
  std::string text;
  /// Whether it is written without a fraction and an exponent, which makes it an integer in Erlang and so in
  /// CouchDB.
  bool is_integer() const { return text.find_first_of(".eE") == std::string::npos; }
  bool operator==(const Number&) const = default;
};

/// Members in the order in which they were set; names are unique.
class Object {
 public:
  Object();
  Object(std::initializer_list<Member> members);
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();

  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Replaces the member, or appends it.
  void set(std::string_view name, Value value);
  void erase(std::string_view name);
  /// A string member's value; nothing when it is absent or not a string.
  std::optional<std::string_view> string(std::string_view name) const;

  const std::vector<Member>& members() const;
  std::vector<Member>& members();
  std::vector<Member>::const_iterator begin() const;
  std::vector<Member>::const_iterator end() const;
  bool empty() const;
  std::size_t size() const;
  /// Equal members in any order.
  bool operator==(const Object& other) const;

 private:
  std::vector<Member> members_;
};

class Value {
 public:
  Value() : data_(nullptr) {}
  Value(std::nullptr_t) : data_(nullptr) {}
  Value(bool b) : data_(b) {}
  Value(int n) : Value(static_cast<std::int64_t>(n)) {}
  Value(std::int64_t n);
  Value(std::uint64_t n);
  Value(double n);
  Value(Number n) : data_(std::move(n)) {}
  Value(const char* s) : data_(std::string(s)) {}
  Value(std::string_view s) : data_(std::string(s)) {}
  Value(std::string s) : data_(std::move(s)) {}
  Value(Array a) : data_(std::move(a)) {}
  Value(Object o) : data_(std::move(o)) {}

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::null; }

  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const Number* as_number() const { return std::get_if<Number>(&data_); }
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const Array* as_array() const { return std::get_if<Array>(&data_); }
  const Object* as_object() const { return std::get_if<Object>(&data_); }
  Array* as_array() { return std::get_if<Array>(&data_); }
  Object* as_object() { return std::get_if<Object>(&data_); }
  /// A number that is a whole number in range (1, -3, 1e3, 2.0); nothing otherwise.
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_double() const;

  /// Numbers are equal when their texts are.
  bool operator==(const Value&) const = default;

 private:
  std::variant<std::nullptr_t, bool, Number, std::string, Array, Object> data_;
};

struct Member {
  std::string name;
  Value value;
};

inline const std::vector<Member>& Object::members() const {
  return members_;
}
inline std::vector<Member>& Object::members() {
  return members_;
}
inline std::vector<Member>::const_iterator Object::begin() const {
  return members_.begin();
}
inline std::vector<Member>::const_iterator Object::end() const {
  return members_.end();
}
inline bool Object::empty() const {
  return members_.empty();
}
inline std::size_t Object::size() const {
  return members_.size();
}

/// `bad_request` as for an outline.
Result<Value> parse(std::string_view text, Limits limits = {});
/// The same, of a text that has passed as part of an outline.
Value value_of(std::string_view good_text);

std::string write(const Value& value);
std::string write(const Object& object);

}  // namespace mycouch::json
