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

std::string body_key(std::string_view prefix, std::string_view id, std::uint32_t number) {
  std::string key;
  key.reserve(prefix.size() + id.size() + 8);
  key.append(prefix);
  append_terminated(key, id);
  append_u32(key, number);
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

}  // namespace mycouch::store::rocks
