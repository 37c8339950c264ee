#include "sync/find_bookmark.h"

#include <tuple>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/varint.h"
#include "json/writer.h"

namespace mycouch::sync {
namespace {

constexpr std::uint64_t kFormat = 2;
constexpr std::size_t kDigestBytes = 8;

}  // namespace

Bookmark Bookmark::behind(const doc::IndexDefinition* index, std::string position) {
  Bookmark bookmark{.position = std::move(position)};
  if (index == nullptr) return bookmark;
  bookmark.design = index->design;
  bookmark.name = index->name;
  const base::Sha256 digest = base::sha256(json::write(index->map));
  bookmark.definition = base::as_text(digest).substr(0, kDigestBytes);
  return bookmark;
}

bool Bookmark::is_of(const doc::IndexDefinition* index) const {
  const Bookmark other = behind(index, {});
  return std::tie(design, name, definition) == std::tie(other.design, other.name, other.definition);
}

std::string Bookmark::encode() const {
  std::string bytes;
  base::append_varint(bytes, kFormat);
  base::append_sized(bytes, design);
  base::append_sized(bytes, name);
  base::append_sized(bytes, definition);
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
  auto definition = reader.sized();
  if (!design || !name || !definition || reader.rest().empty()) return std::nullopt;
  return Bookmark{.design = std::string(*design),
                  .name = std::string(*name),
                  .definition = std::string(*definition),
                  .position = std::string(reader.rest())};
}

}  // namespace mycouch::sync
