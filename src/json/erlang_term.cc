#include "json/erlang_term.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace mycouch::json {
namespace {

// The shorter one of the decimal and the scientific form, the decimal one of two that are equally long; above
// 2^53, where not every whole number is a double, the scientific one.
std::string erlang_float(double d) {
  std::string scientific = fmt::format("{:e}", std::abs(d));
  for (int precision = 0; precision < 17; ++precision) {
    scientific = fmt::format("{:.{}e}", std::abs(d), precision);
    double read = 0;
    std::from_chars(scientific.data(), scientific.data() + scientific.size(), read);
    if (read == std::abs(d)) break;
  }
  std::size_t e = scientific.find('e');
  int exponent = 0;
  std::size_t sign = scientific[e + 1] == '+' ? 2 : 1;
  std::from_chars(scientific.data() + e + sign, scientific.data() + scientific.size(), exponent);
  std::string mantissa = scientific.substr(0, e);
  if (!mantissa.contains('.')) mantissa += ".0";
  scientific = fmt::format("{}e{}", mantissa, exponent);

  std::string decimal;
  constexpr int kWidest = 25;  // more digits than that are never the shorter form
  if (std::abs(exponent) < kWidest) {
    int fraction = std::max(1, static_cast<int>(mantissa.size()) - 2 - exponent);
    if (mantissa.ends_with(".0")) fraction = std::max(1, -exponent);
    decimal = fmt::format("{:.{}f}", std::abs(d), fraction);
  }
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  bool short_enough = !decimal.empty() && decimal.size() <= scientific.size() && std::abs(d) < kExactIntegers;
  return (std::signbit(d) ? "-" : "") + (short_enough ? decimal : scientific);
}

class Writer {
 public:
  explicit Writer(std::size_t limit) : limit_(limit) {}

  void write(const Value& value) {
    switch (value.kind()) {
      case Kind::null:
        out_ += "null";
        break;
      case Kind::boolean:
        out_ += *value.as_bool() ? "true" : "false";
        break;
      case Kind::number:
        write(*value.as_number());
        break;
      case Kind::string:
        write(std::string_view(*value.as_string()));
        break;
      case Kind::array:
        write_list(*value.as_array(), [this](const Value& element) { write(element); });
        break;
      case Kind::object:
        out_ += '{';
        write_list(value.as_object()->members(), [this](const Member& member) {
          out_ += '{';
          write(std::string_view(member.name));
          out_ += ',';
          write(member.value);
          out_ += '}';
        });
        out_ += '}';
        break;
    }
  }

  std::string take() { return std::move(out_); }

 private:
  bool full() const { return out_.size() >= limit_; }

  void write(const Number& number) {
    Value value(number);
    std::optional<double> d = number.is_integer() ? std::nullopt : value.as_double();
    out_ += d ? erlang_float(*d) : number.text.substr(0, limit_);
  }

  void write(std::string_view bytes) {
    out_ += "<<";
    for (std::size_t i = 0; i < bytes.size() && !full(); ++i) {
      if (i > 0) out_ += ',';
      out_ += fmt::format_int(static_cast<unsigned char>(bytes[i])).str();
    }
    out_ += ">>";
  }

  template <class Items, class WriteItem>
  void write_list(const Items& items, WriteItem write_item) {
    out_ += '[';
    for (std::size_t i = 0; i < items.size() && !full(); ++i) {
      if (i > 0) out_ += ',';
      write_item(items[i]);
    }
    out_ += ']';
  }

  std::size_t limit_;
  std::string out_;
};

}  // namespace

std::string erlang_term(const Value& value, std::size_t limit) {
  Writer writer(limit);
  writer.write(value);
  return writer.take();
}

}  // namespace mycouch::json
