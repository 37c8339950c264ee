#include "json/outline.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include <fmt/format.h>
#include <simdjson.h>

#include "json/repeated_members.h"

namespace mycouch::json {
namespace {

namespace sj = simdjson::ondemand;

// simdjson reads whole vectors past the end of its input.
constexpr std::size_t kPadding = simdjson::SIMDJSON_PADDING;
// A thread keeps a parser and a padded copy between calls; one that had to grow beyond this is given back.
constexpr std::size_t kKept = std::size_t{4} << 20;

constexpr std::size_t kFewMembers = 16;

Error malformed(std::string_view what) {
  return {Errc::bad_request, fmt::format("invalid JSON: {}", what)};
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// RFC 8259, section 6. simdjson itself refuses numbers that do not fit a double or 64 bits; we store text.
bool is_number(std::string_view s) {
  std::size_t i = 0;
  auto digits = [&] {
    std::size_t from = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i > from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  if (i < s.size() && s[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == s.size();
}

// The four hex digits at `p`, or -1.
int hex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int value = 0;
  for (int k = 0; k < 4; ++k) {
    char c = p[k];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

bool is_high_surrogate(int unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low_surrogate(int unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

// The inside of a string: legal escapes, no control characters, surrogates only in pairs. UTF-8 was checked
// by simdjson's first pass over the whole text.
bool is_string_content(std::string_view s) {
  const char* p = s.data();
  const char* end = p + s.size();
  while (p < end) {
    auto c = static_cast<unsigned char>(*p);
    if (c < 0x20) return false;
    if (c != '\\') {
      ++p;
      continue;
    }
    if (++p == end) return false;
    if (*p != 'u') {
      if (std::strchr("\"\\/bfnrt", *p) == nullptr || *p == '\0') return false;
      ++p;
      continue;
    }
    int unit = hex4(p + 1, end);
    if (unit < 0 || is_low_surrogate(unit)) return false;
    p += 5;
    if (is_high_surrogate(unit)) {
      if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !is_low_surrogate(hex4(p + 2, end))) return false;
      p += 6;
    }
  }
  return true;
}

void append_utf8(std::string& out, int code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

struct Scratch {
  sj::parser parser;
  std::string padded;
};

}  // namespace

std::string decode_string(std::string_view text) {
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    ++i;
    if (text[i] != 'u') {
      out += simple_escape(text[i]);
      continue;
    }
    const char* end = text.data() + text.size();
    int code = hex4(text.data() + i + 1, end);
    i += 4;
    if (is_high_surrogate(code)) {
      int low = hex4(text.data() + i + 3, end);
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      i += 6;
    }
    append_utf8(out, code);
  }
  return out;
}

// Walks simdjson's on-demand values. The walk reads the padded copy; what it records are views into the
// caller's text, at the same offsets.
class OutlineBuilder {
 public:
  struct Options {
    int depth = 0;
    Limits limits = {};
    bool repeated_members = false;  // of the value itself
  };

  static Result<Outline> build(std::string_view text, const Options& options);

 private:
  OutlineBuilder(std::string_view text, const char* padded, const Options& options)
      : text_(text),
        padded_(padded),
        depth_(options.depth),
        limits_(options.limits),
        repeated_members_(options.repeated_members) {}

  // `Value` is a simdjson document or value.
  template <class V>
  Result<void> visit(V& value, std::string_view name, int level) {
    if (static_cast<std::size_t>(level) > limits_.max_nesting) return nested_too_deep();
    sj::json_type type{};
    if (value.type().get(type)) return std::unexpected(malformed("a value is missing"));
    std::size_t self = nodes_.size();
    bool recorded = level <= depth_;
    if (recorded) {
      nodes_.emplace_back();
      nodes_.back().name = name;
    }
    const char* begin = nullptr;
    if (value.current_location().get(begin)) return std::unexpected(malformed("unexpected end"));
    if (type == sj::json_type::object || type == sj::json_type::array) end_ = begin + 1;
    switch (type) {
      case sj::json_type::object:
        return close(self, recorded, Kind::object, begin, object(value, level));
      case sj::json_type::array:
        return close(self, recorded, Kind::array, begin, array(value, level));
      default:
        return scalar(value, type, self, recorded);
    }
  }

  std::unexpected<Error> nested_too_deep() const {
    return fail(Errc::bad_request, fmt::format("JSON nested deeper than {} levels", limits_.max_nesting));
  }

  std::string_view in_text(const char* begin, const char* behind) const {
    return text_.substr(static_cast<std::size_t>(begin - padded_), static_cast<std::size_t>(behind - begin));
  }

  Result<void> close(std::size_t self, bool recorded, Kind kind, const char* begin, Result<void> inner) {
    if (!inner) return inner;
    if (recorded) {
      nodes_[self].kind = kind;
      nodes_[self].text = in_text(begin, end_);
    }
    return {};
  }

  template <class V>
  Result<void> scalar(V& value, sj::json_type type, std::size_t self, bool recorded) {
    std::string_view token;
    if constexpr (std::is_same_v<V, sj::document>) {
      if (value.raw_json_token().get(token)) return std::unexpected(malformed("a bare value"));
    } else {
      token = value.raw_json_token();
    }
    token = trimmed(token);
    Kind kind = Kind::null;
    switch (type) {
      case sj::json_type::string: {
        kind = Kind::string;
        std::size_t close_quote = token.rfind('"');
        if (close_quote == 0 || close_quote == std::string_view::npos || close_quote + 1 != token.size() ||
            !is_string_content(token.substr(1, close_quote - 1))) {
          return std::unexpected(malformed("a malformed string"));
        }
        break;
      }
      case sj::json_type::number:
        kind = Kind::number;
        if (!is_number(token)) return std::unexpected(malformed("a malformed number"));
        break;
      case sj::json_type::boolean:
        kind = Kind::boolean;
        if (token != "true" && token != "false") return std::unexpected(malformed("a malformed literal"));
        break;
      default:
        if (token != "null") return std::unexpected(malformed("a malformed literal"));
    }
    if (recorded) {
      nodes_[self].kind = kind;
      nodes_[self].text = in_text(token.data(), token.data() + token.size());
    }
    end_ = token.data() + token.size();
    // simdjson moves past a value that was not asked for; but a string before a ':' it would take for a
    // member's name.
    if (sj::raw_json_string ignored; kind == Kind::string && value.get_raw_json_string().get(ignored)) {
      return std::unexpected(malformed("a malformed string"));
    }
    return {};
  }

  template <class V>
  Result<void> object(V& value, int level) {
    sj::object members;
    if (value.get_object().get(members)) return std::unexpected(malformed("a malformed object"));
    std::size_t parent = nodes_.size() - 1;
    bool record = level < depth_;
    std::size_t last = 0;
    std::size_t first_name = names_.size();
    for (auto field_result : members) {
      sj::field field;
      if (std::move(field_result).get(field)) return std::unexpected(malformed("a malformed object"));
      MYCOUCH_TRY(std::string_view name, member_name(field));
      names_.push_back(name);
      if (record) link(parent, last);
      if (auto inner = visit(field.value(), name, level + 1); !inner) return inner;
    }
    const bool may_repeat = level == 0 && repeated_members_;
    if (!may_repeat) MYCOUCH_CHECK(check_names(first_name));
    names_.resize(first_name);
    return at_close(members, '}');
  }

  template <class V>
  Result<void> array(V& value, int level) {
    sj::array elements;
    if (value.get_array().get(elements)) return std::unexpected(malformed("a malformed array"));
    std::size_t parent = nodes_.size() - 1;
    bool record = level < depth_;
    std::size_t last = 0;
    for (auto element_result : elements) {
      sj::value element;
      if (std::move(element_result).get(element)) return std::unexpected(malformed("a malformed array"));
      if (record) link(parent, last);
      if (auto inner = visit(element, {}, level + 1); !inner) return inner;
    }
    return at_close(elements, ']');
  }

  // After its last child, the closing bracket is the next thing that is not space.
  template <class Container>
  Result<void> at_close(Container&, char bracket) {
    const char* p = end_;
    const char* limit = padded_ + text_.size();
    while (p < limit && *p != bracket) ++p;
    if (p == limit) return std::unexpected(malformed("unexpected end"));
    end_ = p + 1;
    return {};
  }

  // The node about to be recorded is a child of `parent`, after `last`.
  void link(std::size_t parent, std::size_t& last) {
    if (last == 0) {
      nodes_[parent].has_children = true;
    } else {
      nodes_[last].next = static_cast<std::uint32_t>(nodes_.size());
    }
    last = nodes_.size();
  }

  // The text from `begin` to the quote that ends the string.
  std::string_view raw_name(const char* begin) const {
    const char* limit = padded_ + text_.size();
    const char* p = begin;
    while (p < limit && *p != '"') p += *p == '\\' ? 2 : 1;
    return {begin, static_cast<std::size_t>(std::min(p, limit) - begin)};
  }

  Result<std::string_view> member_name(sj::field& field) {
    std::string_view raw = raw_name(field.key().raw());
    if (raw.find('\\') == std::string_view::npos) {
      if (!is_string_content(raw)) return std::unexpected(malformed("a malformed member name"));
      return in_text(raw.data(), raw.data() + raw.size());
    }
    if (!is_string_content(raw)) return std::unexpected(malformed("a malformed member name"));
    decoded_.push_back(std::make_unique<std::string>(decode_string(fmt::format("\"{}\"", raw))));
    return std::string_view(*decoded_.back());
  }

  Result<void> check_names(std::size_t first) const {
    auto begin = names_.begin() + static_cast<std::ptrdiff_t>(first);
    std::size_t count = names_.size() - first;
    auto duplicate = [](std::string_view name) {
      constexpr std::size_t kShown = 64;
      return fail(Errc::bad_request,
                  fmt::format("invalid JSON: duplicate member \"{}\"", name.substr(0, kShown)));
    };
    if (count <= kFewMembers) {
      for (auto a = begin; a != names_.end(); ++a) {
        if (std::find(begin, a, *a) != a) return duplicate(*a);
      }
      return {};
    }
    std::unordered_set<std::string_view> seen(count);
    for (auto a = begin; a != names_.end(); ++a) {
      if (!seen.insert(*a).second) return duplicate(*a);
    }
    return {};
  }

  std::string_view text_;
  const char* padded_;
  int depth_;
  Limits limits_;
  bool repeated_members_;
  std::vector<Node> nodes_;
  std::vector<std::unique_ptr<std::string>> decoded_;
  const char* end_ = nullptr;            // in the padded copy, behind the value that was visited last
  std::vector<std::string_view> names_;  // of the objects that are open
};

Result<Outline> OutlineBuilder::build(std::string_view text, const Options& options) {
  thread_local std::unique_ptr<Scratch> scratch;
  if (!scratch) scratch = std::make_unique<Scratch>();
  text = trimmed(text);
  if (text.empty()) return std::unexpected(malformed("empty text"));
  if (text.size() > UINT32_MAX - kPadding) return fail(Errc::too_large, "JSON text over 4 GB");
  scratch->padded.resize(text.size() + kPadding);
  std::memcpy(scratch->padded.data(), text.data(), text.size());
  std::memset(scratch->padded.data() + text.size(), ' ', kPadding);

  OutlineBuilder builder(text, scratch->padded.data(), options);
  sj::document document;
  Result<void> walked;
  if (auto error = scratch->parser.iterate(scratch->padded.data(), text.size(), scratch->padded.size())
                       .get(document)) {
    walked = std::unexpected(malformed(simdjson::error_message(error)));
  } else {
    walked = builder.visit(document, {}, 0);
    if (walked && builder.end_ != scratch->padded.data() + text.size()) {
      walked = std::unexpected(malformed("more text after the value"));
    }
  }
  if (text.size() > kKept) scratch.reset();
  if (!walked) return std::unexpected(std::move(walked).error());
  Outline result;
  result.nodes_ = std::move(builder.nodes_);
  result.decoded_ = std::move(builder.decoded_);
  return result;
}

Result<Outline> outline(std::string_view text, int depth, Limits limits) {
  return OutlineBuilder::build(text, {.depth = depth, .limits = limits});
}

Result<Outline> outline_with_repeated_members(std::string_view text, int depth) {
  return OutlineBuilder::build(text, {.depth = depth, .repeated_members = true});
}

Outline::Children Outline::children(const Node& node) const {
  // The first child of a node is recorded right behind it.
  auto self = static_cast<std::uint32_t>(&node - nodes_.data());
  return {&nodes_, node.has_children ? self + 1 : 0};
}

const Node* Outline::find(const Node& object, std::string_view name) const {
  for (const Node& child : children(object)) {
    if (child.name == name) return &child;
  }
  return nullptr;
}

}  // namespace mycouch::json
