#include "sync/find_bookmark.h"

#include "base/encoding.h"
#include "base/varint.h"

namespace mycouch::sync {
namespace {

constexpr std::uint64_t kFormat = 1;

}  // namespace

std::string Bookmark::encode() const {
  std::string bytes;
  base::append_varint(bytes, kFormat);
  base::append_sized(bytes, design);
  base::append_sized(bytes, name);
  bytes += position;
  return base::to_base64url(bytes);
}

std::optional<Bookmark> Bookmark::decode(std::string_view text) {
  auto bytes = base::from_base64url(text);
  if (!bytes) return std::nullopt;
  base::RecordReader reader(*bytes);
  if (reader.varint() != kFormat) return std::nullopt;
  auto design = reader.sized();
  auto name = reader.sized();
  if (!design || !name || reader.rest().empty()) return std::nullopt;
  return Bookmark{
      .design = std::string(*design), .name = std::string(*name), .position = std::string(reader.rest())};
}

}  // namespace mycouch::sync
