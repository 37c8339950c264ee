#include "store/rocks/keys.h"

#include <algorithm>

namespace mycouch::store::rocks {
namespace {

constexpr std::size_t kPositionBytes = 12;

std::string log_key(char kind, std::string_view log) {
  std::string key(1, kind);
  append_terminated(key, log);
  return key;
}

}  // namespace

void append_u32(std::string& key, std::uint32_t n) {
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(n >> shift & 0xff);
}

void append_u64(std::string& key, std::uint64_t n) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(n >> shift & 0xff);
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < 4; ++i) n = n << 8 | static_cast<std::uint8_t>(bytes[i]);
  return n;
}

std::uint64_t read_u64(std::string_view bytes) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < 8; ++i) n = n << 8 | static_cast<std::uint8_t>(bytes[i]);
  return n;
}

void append_terminated(std::string& key, std::string_view text) {
  for (char c : text) {
    key += c;
    if (c == '\0') key += '\xff';
  }
  key += '\0';
  key += '\x01';
}

std::string database_prefix(DatabaseNumber database) {
  std::string key;
  append_u32(key, database);
  return key;
}

std::string key_prefix(DatabaseNumber database, std::string_view name) {
  std::string key;
  key.reserve(name.size() + 8);
  append_u32(key, database);
  append_terminated(key, name);
  return key;
}

std::optional<std::string> name_in(std::string_view key) {
  std::string name;
  for (std::size_t at = sizeof(DatabaseNumber); at < key.size(); ++at) {
    if (key[at] != '\0') {
      name += key[at];
      continue;
    }
    if (++at == key.size()) return std::nullopt;
    if (key[at] == '\x01') return name;
    name += '\0';
  }
  return std::nullopt;
}

std::string document_key(std::string_view prefix, std::string_view id) {
  std::string key;
  key.reserve(prefix.size() + id.size());
  key.append(prefix).append(id);
  return key;
}

std::string body_key(std::string_view prefix, std::string_view id, std::uint32_t number) {
  std::string key;
  key.reserve(prefix.size() + id.size() + 8);
  key.append(prefix);
  append_terminated(key, id);
  append_u32(key, number);
  return key;
}

std::string change_key(std::string_view prefix, std::uint64_t sequence) {
  std::string key;
  key.reserve(prefix.size() + 8);
  key.append(prefix);
  append_u64(key, sequence);
  return key;
}

std::string index_prefix(std::string_view prefix, std::uint32_t number) {
  std::string key;
  key.reserve(prefix.size() + 4);
  key.append(prefix);
  append_u32(key, number);
  return key;
}

std::string attachment_key(std::string_view prefix, const base::Md5& digest_or_content, std::uint32_t chunk) {
  std::string key = content_prefix(prefix, digest_or_content);
  append_u32(key, chunk);
  return key;
}

std::string content_prefix(std::string_view prefix, const base::Md5& content) {
  std::string key;
  key.reserve(prefix.size() + content.size() + 4);
  key.append(prefix).append(base::as_text(content));
  return key;
}

// A query may ask for times from before there were any records.
void append_position(std::string& key, LogPosition position) {
  const auto milliseconds = position.time.time_since_epoch().count();
  append_u64(key, static_cast<std::uint64_t>(std::max<decltype(milliseconds)>(milliseconds, 0)));
  append_u32(key, position.number);
}

LogPosition read_position(std::string_view bytes) {
  bytes.remove_prefix(bytes.size() - kPositionBytes);
  const auto milliseconds = static_cast<std::int64_t>(read_u64(bytes));
  return {.time = base::WallTime(std::chrono::milliseconds(milliseconds)),
          .number = read_u32(bytes.substr(sizeof(milliseconds)))};
}

std::string log_rows_prefix(std::string_view log) {
  return log_key('r', log);
}

std::string topic_rows_prefix(std::string_view log, std::string_view topic) {
  std::string key = log_key('t', log);
  append_terminated(key, topic);
  return key;
}

std::string log_checkpoint_key(std::string_view log) {
  return log_key('c', log);
}

std::string position_key(std::string_view prefix, LogPosition position) {
  std::string key;
  key.reserve(prefix.size() + kPositionBytes);
  key.append(prefix);
  append_position(key, position);
  return key;
}

std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

}  // namespace mycouch::store::rocks
