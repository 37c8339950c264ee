// Structured log lines on standard error: one JSON object (or `key=value` text) a line, written by a thread
// of its own.
//
// log::info("listening", {{"address", "127.0.0.1:5985"}});
// Never log a token, a password or a document: fields are ids, numbers and sentences of ours.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace mycouch::log {

enum class Level { debug, info, warning, error, off };
enum class Format { text, json };

using FieldValue = std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view>;

struct Field {
  std::string_view name;
  FieldValue value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  Field(std::string_view n, int v) : name(n), value(std::int64_t{v}) {}
  Field(std::string_view n, unsigned v) : name(n), value(std::uint64_t{v}) {}
  Field(std::string_view n, std::int64_t v) : name(n), value(v) {}
  Field(std::string_view n, std::uint64_t v) : name(n), value(v) {}
};

/// Before the first line; text at level info otherwise.
void configure(Level level, Format format);
bool enabled(Level level);
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
/// Everything written so far has reached the file descriptor.
void flush();

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::debug, m, f);
}
inline void info(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::info, m, f);
}
inline void warning(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::warning, m, f);
}
inline void error(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::error, m, f);
}

}  // namespace mycouch::log
