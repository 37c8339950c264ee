#include "store/rocks/records.h"

#include <algorithm>
#include <cstring>

#include "base/varint.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::uint64_t kEntryFormat = 1;

void encode_attachment(std::string& out, const doc::Attachment& attachment) {
  base::append_sized(out, attachment.name);
  base::append_sized(out, attachment.content_type);
  out += base::as_text(attachment.digest);
  base::append_varint(out, attachment.length);
  base::append_varint(out, attachment.stored_length);
  base::append_varint(out, attachment.revpos);
  base::append_varint(out, static_cast<std::uint64_t>(attachment.encoding));
}

std::optional<doc::Attachment> decode_attachment(base::RecordReader& reader) {
  auto name = reader.sized();
  auto type = reader.sized();
  auto digest = reader.take(sizeof(base::Md5));
  auto length = reader.varint();
  auto stored_length = reader.varint();
  auto revpos = reader.varint();
  auto encoding = reader.varint();
  if (!name || !type || !digest || !length || !stored_length || !revpos || !encoding) return std::nullopt;
  doc::Attachment attachment{.name = std::string(*name),
                             .content_type = std::string(*type),
                             .digest = {},
                             .length = *length,
                             .stored_length = *stored_length,
                             .revpos = static_cast<std::uint32_t>(*revpos),
                             .encoding = *encoding == 0 ? doc::Encoding::identity : doc::Encoding::gzip};
  std::memcpy(attachment.digest.data(), digest->data(), digest->size());
  return attachment;
}

template <class Positions>
auto* find_position(Positions& positions, std::string_view scope) {
  auto at = std::ranges::find(positions, scope, &ScopePosition::scope);
  return at == positions.end() ? nullptr : &*at;
}

}  // namespace

void BodyRecord::encode(std::string& out) const {
  base::append_varint(out, attachments.size());
  for (const doc::Attachment& attachment : attachments) encode_attachment(out, attachment);
  out += json;
}

std::optional<BodyRecord> BodyRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto count = reader.varint();
  if (!count) return std::nullopt;
  BodyRecord record;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto attachment = decode_attachment(reader);
    if (!attachment) return std::nullopt;
    record.attachments.push_back(*std::move(attachment));
  }
  record.json = reader.rest();
  return record;
}

const ScopePosition* Entry::position(std::string_view scope) const {
  return find_position(positions, scope);
}
ScopePosition* Entry::position(std::string_view scope) {
  return find_position(positions, scope);
}

std::string Entry::encode() const {
  std::string out;
  out.reserve(64 + inline_record.size() + tree.nodes().size() * 20);
  base::append_varint(out, kEntryFormat);
  base::append_varint(out, positions.size());
  for (const ScopePosition& position : positions) {
    base::append_sized(out, position.scope);
    base::append_varint(out, position.sequence);
    base::append_varint(out, position.removed ? 1 : 0);
  }
  base::append_varint(out, next_body);
  base::append_varint(out, inline_body);
  if (inline_body != 0) base::append_sized(out, inline_record);
  base::append_varint(out, winner_bytes);
  tree.encode(out);
  return out;
}

std::optional<Entry> Entry::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto format = reader.varint();
  auto count = reader.varint();
  if (!format || *format != kEntryFormat || !count) return std::nullopt;
  Entry entry;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto scope = reader.sized();
    auto sequence = reader.varint();
    auto removed = reader.varint();
    if (!scope || !sequence || !removed) return std::nullopt;
    entry.positions.push_back({std::string(*scope), *sequence, *removed != 0});
  }
  auto next_body = reader.varint();
  auto inline_body = reader.varint();
  if (!next_body || !inline_body) return std::nullopt;
  entry.next_body = static_cast<std::uint32_t>(*next_body);
  entry.inline_body = static_cast<std::uint32_t>(*inline_body);
  if (entry.inline_body != 0) {
    auto record = reader.sized();
    if (!record) return std::nullopt;
    entry.inline_record = *record;
  }
  auto winner_bytes = reader.varint();
  if (!winner_bytes) return std::nullopt;
  entry.winner_bytes = *winner_bytes;
  std::string_view rest = reader.rest();
  auto tree = doc::RevTree::decode(rest);
  if (!tree || !rest.empty()) return std::nullopt;
  entry.tree = *std::move(tree);
  return entry;
}

std::string Counters::encode() const {
  std::string out;
  for (std::uint64_t n : {update_seq, documents, deleted, bytes}) base::append_varint(out, n);
  return out;
}

std::optional<Counters> Counters::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  Counters counters;
  for (std::uint64_t* n : {&counters.update_seq, &counters.documents, &counters.deleted, &counters.bytes}) {
    auto value = reader.varint();
    if (!value) return std::nullopt;
    *n = *value;
  }
  return counters;
}

std::string LocalRecord::encode() const {
  std::string out;
  base::append_varint(out, version);
  out += json;
  return out;
}

std::optional<LocalRecord> LocalRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto version = reader.varint();
  if (!version) return std::nullopt;
  return LocalRecord{*version, std::string(reader.rest())};
}

std::string AttachmentRecord::encode() const {
  std::string out;
  base::append_varint(out, references);
  base::append_varint(out, length);
  if (content) out += base::as_text(*content);
  return out;
}

std::optional<AttachmentRecord> AttachmentRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto references = reader.varint();
  auto length = reader.varint();
  if (!references || !length) return std::nullopt;
  AttachmentRecord record{.references = *references, .length = *length};
  if (reader.rest().empty()) return record;
  if (reader.rest().size() != sizeof(base::Md5)) return std::nullopt;
  std::memcpy(record.content.emplace().data(), reader.rest().data(), sizeof(base::Md5));
  return record;
}

std::string IndexesRecord::encode() const {
  std::string out;
  base::append_varint(out, next_number);
  base::append_varint(out, indexes.size());
  for (const Index& index : indexes) {
    base::append_varint(out, index.number);
    base::append_varint(out, index.built ? 1 : 0);
    for (const std::string* text : {&index.design, &index.name, &index.map, &index.checkpoint}) {
      base::append_sized(out, *text);
    }
  }
  base::append_varint(out, dead.size());
  for (std::uint32_t number : dead) base::append_varint(out, number);
  return out;
}

std::optional<IndexesRecord> IndexesRecord::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  auto next_number = reader.varint();
  auto count = reader.varint();
  if (!next_number || !count || *count > bytes.size()) return std::nullopt;
  IndexesRecord record{.next_number = static_cast<std::uint32_t>(*next_number)};
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto number = reader.varint();
    auto built = reader.varint();
    if (!number || !built) return std::nullopt;
    Index& index = record.indexes.emplace_back(
        Index{.number = static_cast<std::uint32_t>(*number), .built = *built != 0});
    for (std::string* text : {&index.design, &index.name, &index.map, &index.checkpoint}) {
      auto sized = reader.sized();
      if (!sized) return std::nullopt;
      *text = *sized;
    }
  }
  auto dead = reader.varint();
  if (!dead || *dead > bytes.size()) return std::nullopt;
  for (std::uint64_t i = 0; i < *dead; ++i) {
    auto number = reader.varint();
    if (!number) return std::nullopt;
    record.dead.push_back(static_cast<std::uint32_t>(*number));
  }
  return record;
}

void LogRow::append(std::string& row, const LogRecord& record) {
  base::append_sized(row, record.text);
  base::append_varint(row, record.topics.size());
  for (const std::string& topic : record.topics) base::append_sized(row, topic);
}

std::optional<LogRow> LogRow::decode(std::string_view bytes) {
  base::RecordReader reader(bytes);
  LogRow row;
  while (!reader.rest().empty()) {
    auto text = reader.sized();
    auto count = reader.varint();
    if (!text || !count || *count > bytes.size()) return std::nullopt;
    Record& record = row.records.emplace_back(Record{.text = *text, .topics = {}});
    record.topics.reserve(*count);
    for (std::uint64_t i = 0; i < *count; ++i) {
      auto topic = reader.sized();
      if (!topic) return std::nullopt;
      record.topics.push_back(*topic);
    }
  }
  return row;
}

std::string TopicRow::encode() const {
  std::string out;
  LogPosition before = positions.front();
  for (const LogPosition& position : positions) {
    const auto passed = static_cast<std::uint64_t>((position.time - before.time).count());
    base::append_varint(out, passed);
    base::append_varint(out, passed == 0 ? position.number - before.number : position.number);
    before = position;
  }
  return out;
}

std::optional<TopicRow> TopicRow::decode(LogPosition first, std::string_view bytes) {
  base::RecordReader reader(bytes);
  TopicRow row;
  LogPosition position = first;
  while (!reader.rest().empty()) {
    auto passed = reader.varint();
    auto number = reader.varint();
    if (!passed || !number) return std::nullopt;
    position.time += std::chrono::milliseconds(*passed);
    position.number = static_cast<std::uint32_t>(*passed == 0 ? position.number + *number : *number);
    row.positions.push_back(position);
  }
  if (row.positions.empty()) return std::nullopt;
  return row;
}

}  // namespace mycouch::store::rocks
