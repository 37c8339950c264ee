// Regular expressions, as CouchDB's $regex takes them.
//
// Perl's, by PCRE2. As in CouchDB they work on the bytes of the UTF-8 text, so that "." is a byte, unless the
// pattern begins with (*UTF8) or (*UTF). A pattern that backtracks too much does not match: each match has a
// bound of steps, which keeps it to some milliseconds, and of memory.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

namespace mycouch::doc {

class Regex {
 public:
  /// Nothing where it is not a pattern, or too large a one.
  static std::optional<Regex> compile(std::string_view pattern);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// Whether it matches anywhere in `text`, which is UTF-8. Thread-safe.
  bool matches(std::string_view text) const;

  /// As Erlang's string:prefix, which $beginsWith is: `text` and `prefix` are UTF-8, and the last character
  /// of `prefix` is not one to which `text` adds something ("e" is no prefix of "e\u0301").
  static bool begins_with(std::string_view text, std::string_view prefix);

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);

  std::unique_ptr<Code> code_;
};

}  // namespace mycouch::doc
