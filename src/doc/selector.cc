#include "doc/selector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "doc/selector_condition.h"
#include "doc/selector_normal_form.h"
#include "json/collation.h"

namespace mycouch::doc {
namespace {

using json::Member;
using json::Value;

constexpr int kMaxNesting = 1000;

bool nests_deeper(const Value& value, int limit) {
  if (limit < 0) return true;
  if (const json::Array* array = value.as_array()) {
    return std::ranges::any_of(*array, [limit](const Value& v) { return nests_deeper(v, limit - 1); });
  }
  if (const json::Object* object = value.as_object()) {
    return std::ranges::any_of(*object,
                               [limit](const Member& m) { return nests_deeper(m.value, limit - 1); });
  }
  return false;
}

/// The one member of a part of the normal form.
const Member& sole(const Value& part) {
  return part.as_object()->members()[0];
}

bool is_exists_false(const Value& condition) {
  const Member& member = sole(condition);
  return member.name == "$exists" && !*member.value.as_bool();
}

// As Mango, it sees through $and and $or; unlike it, it does not take an empty $or, which holds for every
// document, to require anything.
bool part_requires(const Value& part, std::string_view field) {
  const auto& [name, argument] = sole(part);
  auto required = [field](const Value& child) { return part_requires(child, field); };
  if (name == "$and") return std::ranges::any_of(*argument.as_array(), required);
  if (name == "$or") {
    return !argument.as_array()->empty() && std::ranges::all_of(*argument.as_array(), required);
  }
  return name == field && !is_exists_false(argument);
}

// A character that may stand before what it sorts with, so that strings that begin with it do not lie
// together: the vowels that Thai, Lao and their relatives write before the consonant. All of them begin with
// these bytes.
bool ends_with_a_prevowel(std::string_view text) {
  if (text.size() < 3) return false;
  std::string_view last = text.substr(text.size() - 3);
  static constexpr auto kBeginnings =
      std::to_array<std::string_view>({"\xe0\xb9", "\xe0\xbb", "\xe1\xa6", "\xea\xaa"});
  return std::ranges::any_of(kBeginnings, [last](std::string_view two) { return last.starts_with(two); });
}

class Narrowing {
 public:
  explicit Narrowing(std::string_view field) : field_(field), by_bytes_(field == "_id") {}

  void visit(const Value& part) {
    const auto& [name, argument] = sole(part);
    if (name == "$and") {
      for (const Value& child : *argument.as_array()) visit(child);
    } else if (name == field_) {
      narrow(sole(argument));
    }
  }

  std::optional<Selector::Range> take() {
    if (!touched_) return std::nullopt;
    if (range_.low && range_.high) {
      auto order = compare(*range_.low, *range_.high);
      range_.empty = order > 0 || (order == 0 && !(range_.low_inclusive && range_.high_inclusive));
    }
    return std::move(range_);
  }

 private:
  std::weak_ordering compare(const Value& a, const Value& b) const {
    return by_bytes_ ? compare_terms(a, b) : json::collate(a, b);
  }

  void narrow(const Member& condition) {
    const auto& [op, argument] = condition;
    if (op == "$eq" || op == "$gte") raise(argument, true);
    if (op == "$eq" || op == "$lte") lower(argument, true);
    if (op == "$gt") raise(argument, false);
    if (op == "$lt") lower(argument, false);
    if (op == "$beginsWith") narrow_to_prefix(*argument.as_string());
  }

  void narrow_to_prefix(const std::string& prefix) {
    if (by_bytes_) {
      raise(prefix, true);
      lower(prefix + "\xff", false);
    } else if (!ends_with_a_prevowel(prefix)) {
      raise(prefix, true);
      lower(prefix + "\uffff", true);  // which sorts behind every other character
    }
  }

  void raise(const Value& low, bool inclusive) {
    touched_ = true;
    auto order = range_.low ? compare(low, *range_.low) : std::weak_ordering::greater;
    if (order > 0) {
      range_.low = low;
      range_.low_inclusive = inclusive;
    } else if (order == 0) {
      range_.low_inclusive = range_.low_inclusive && inclusive;
    }
  }

  void lower(const Value& high, bool inclusive) {
    touched_ = true;
    auto order = range_.high ? compare(high, *range_.high) : std::weak_ordering::less;
    if (order < 0) {
      range_.high = high;
      range_.high_inclusive = inclusive;
    } else if (order == 0) {
      range_.high_inclusive = range_.high_inclusive && inclusive;
    }
  }

  std::string_view field_;
  bool by_bytes_;
  bool touched_ = false;
  Selector::Range range_;
};

}  // namespace

struct Selector::Parsed {
  Value normal;
  std::optional<Condition> condition;  // nothing where everything matches
};

Selector::Selector(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
Selector::Selector(Selector&&) noexcept = default;
Selector& Selector::operator=(Selector&&) noexcept = default;
Selector::~Selector() = default;

Result<Selector> Selector::parse(const Value& value) {
  if (nests_deeper(value, kMaxNesting)) return fail(Errc::bad_request, "the selector is nested too deep");
  MYCOUCH_TRY(Value normal, normalize_selector(value));
  auto parsed = std::make_unique<Parsed>(Parsed{.normal = std::move(normal), .condition = {}});
  if (!parsed->normal.as_object()->empty()) {
    MYCOUCH_TRY(parsed->condition, Condition::compile(parsed->normal));
  }
  return Selector(std::move(parsed));
}

bool Selector::matches(const Value& document) const {
  return !parsed_->condition || parsed_->condition->holds_for(document);
}

const Value& Selector::normalized() const {
  return parsed_->normal;
}

std::optional<Selector::Range> Selector::range_of(std::string_view field) const {
  if (!parsed_->condition) return std::nullopt;
  Narrowing narrowing(field);
  narrowing.visit(parsed_->normal);
  return narrowing.take();
}

bool Selector::requires_field(std::string_view field) const {
  return parsed_->condition && part_requires(parsed_->normal, field);
}

}  // namespace mycouch::doc
