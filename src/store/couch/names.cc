#include "store/couch/names.h"

#include <algorithm>

#include "base/encoding.h"
#include "doc/local_revision.h"

namespace mycouch::store::couch {
namespace {

constexpr char kEnd = ':';
constexpr std::string_view kDesign = "_design/";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

// An id of CouchDB must not begin with an underscore.
std::string escape(std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (char c : name) {
    if (is_plain(c) && !(out.empty() && c == '_')) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
  return out;
}

// The inverse, of nothing else.
std::optional<std::string> unescape(std::string_view text) {
  std::optional<std::string> name = base::percent_decode(text);
  if (!name || escape(*name) != text) return std::nullopt;
  return name;
}

// A segment of only dots is a step in the path to some.
std::string segment(std::string_view text) {
  const bool dots = !text.empty() && std::ranges::all_of(text, [](char c) { return c == '.'; });
  if (!dots) return base::percent_encode(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) out += "%2E";
  return out;
}

}  // namespace

std::string partition_prefix(std::string_view partition) {
  return partition.empty() ? "" : escape(partition) + kEnd;
}

std::string upstream_id(Layout layout, std::string_view partition, std::string_view id) {
  if (layout == Layout::plain) return std::string(id);
  if (!partition.empty()) return partition_prefix(partition).append(id);
  const bool stands = id.starts_with('_') || !id.contains(kEnd);
  return stands ? std::string(id) : std::string(1, kEnd).append(id);
}

std::optional<ConfinedId> confined_id(Layout layout, std::string_view upstream) {
  if (layout == Layout::plain || upstream.starts_with('_')) return ConfinedId{"", std::string(upstream)};
  const std::size_t end = upstream.find(kEnd);
  if (end == std::string_view::npos) return ConfinedId{"", std::string(upstream)};
  const std::string_view id = upstream.substr(end + 1);
  if (id.empty()) return std::nullopt;
  if (end == 0) return id.contains(kEnd) ? std::optional(ConfinedId{"", std::string(id)}) : std::nullopt;
  std::optional<std::string> partition = unescape(upstream.substr(0, end));
  if (!partition) return std::nullopt;
  return ConfinedId{*std::move(partition), std::string(id)};
}

std::string local_prefix(std::string_view partition, std::string_view scope) {
  if (!partition.empty()) return partition_prefix(partition);
  return scope.empty() ? "" : partition_prefix(scope);
}

std::string upstream_local_id(Layout layout, std::string_view partition, std::string_view scope,
                              std::string_view id) {
  std::string prefix = local_prefix(partition, scope);
  if (prefix.empty() && layout == Layout::partitioned && id.contains(kEnd)) prefix = kEnd;
  return prefix.append(id);
}

std::string database_path(std::string_view database) {
  return "/" + segment(database);
}

std::string document_path(std::string_view database, std::string_view id) {
  std::string path = database_path(database) + "/";
  for (std::string_view kind : {kDesign, doc::kLocalPrefix}) {
    if (!id.starts_with(kind)) continue;
    return path.append(kind) + segment(id.substr(kind.size()));
  }
  return path + segment(id);
}

std::string attachment_path(std::string_view database, std::string_view id, std::string_view name) {
  return document_path(database, id) + "/" + segment(name);
}

}  // namespace mycouch::store::couch
