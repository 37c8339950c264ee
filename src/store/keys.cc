#include "store/keys.h"

namespace mycouch::store {

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

std::string document_key(std::string_view prefix, std::string_view id) {
  std::string key;
  key.reserve(prefix.size() + id.size());
  key.append(prefix).append(id);
  return key;
}

std::string change_key(std::string_view prefix, std::uint64_t sequence) {
  std::string key;
  key.reserve(prefix.size() + 8);
  key.append(prefix);
  append_u64(key, sequence);
  return key;
}

std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

}  // namespace mycouch::store
