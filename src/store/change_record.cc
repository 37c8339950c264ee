#include "store/change_record.h"

#include <cstring>

#include "base/digest.h"

namespace mycouch::store {
namespace {

constexpr std::uint64_t kDeletedFlag = 1;

void append_revision(std::string& out, const doc::Revision& revision) {
  base::append_varint(out, revision.generation);
  // 0 marks a digest; otherwise the length of the text, plus 1.
  if (revision.hash.is_digest()) {
    base::append_varint(out, 0);
    out += base::as_text(revision.hash.digest());
  } else {
    std::string text = revision.hash.text();
    base::append_varint(out, text.size() + 1);
    out += text;
  }
}

std::optional<doc::Revision> read_revision(base::RecordReader& reader) {
  auto generation = reader.varint();
  auto mark = reader.varint();
  if (!generation || !mark) return std::nullopt;
  auto number = static_cast<std::uint32_t>(*generation);
  if (*mark != 0) {
    auto text = reader.take(*mark - 1);
    if (!text) return std::nullopt;
    return doc::Revision{number, doc::RevHash(*text)};
  }
  auto digest = reader.take(sizeof(base::Md5));
  if (!digest) return std::nullopt;
  base::Md5 copy;
  std::memcpy(copy.data(), digest->data(), copy.size());
  return doc::Revision{number, doc::RevHash(copy)};
}

}  // namespace

void append_revisions(std::string& out, const std::vector<doc::Revision>& revisions) {
  base::append_varint(out, revisions.size());
  for (const doc::Revision& revision : revisions) append_revision(out, revision);
}

std::optional<std::vector<doc::Revision>> read_revisions(base::RecordReader& reader) {
  auto count = reader.varint();
  if (!count || *count > reader.rest().size()) return std::nullopt;
  std::vector<doc::Revision> revisions;
  revisions.reserve(*count);
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto revision = read_revision(reader);
    if (!revision) return std::nullopt;
    revisions.push_back(*std::move(revision));
  }
  return revisions;
}

std::string ChangeRecord::encode() const {
  std::string out;
  base::append_varint(out, deleted ? kDeletedFlag : 0);
  append_revisions(out, leaves);
  out += id;
  return out;
}

std::optional<ChangeRecord> ChangeRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto flags = reader.varint();
  auto leaves = read_revisions(reader);
  if (!flags || !leaves || leaves->empty()) return std::nullopt;
  return ChangeRecord{.deleted = (*flags & kDeletedFlag) != 0,
                      .leaves = *std::move(leaves),
                      .id = std::string(reader.rest())};
}

}  // namespace mycouch::store
