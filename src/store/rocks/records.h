// The values that the embedded engine stores, and their byte formats. Integers are varints (base/varint.h),
// "sized" is a string behind its length. Each decoder refuses bytes that its encoder did not write: nothing
// is the answer then, and the caller reports a corrupt store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doc/document.h"
#include "doc/rev_tree.h"
#include "store/change_record.h"
#include "store/log.h"

namespace mycouch::store::rocks {

/// A revision's content: count of attachments, each {sized name, sized content type, digest:16, length,
/// stored length, revpos, encoding}; then the JSON text up to the end.
struct BodyRecord {
  std::vector<doc::Attachment> attachments;
  std::string json;

  void encode(std::string& out) const;
  static std::optional<BodyRecord> decode(std::string_view bytes);
};

/// Where a document stands in the sequence of one scope.
struct ScopePosition {
  std::string scope;
  std::uint64_t sequence = 0;
  bool removed = false;  // it has left this scope; the row says so
};

/// All that is known of one document, but for the bodies that are not inline: format (1), count of positions,
/// each {sized scope, sequence, removed}; the number of the next body; the inline body's number (0: none)
/// and, with one, its sized record; the length of the winner's JSON; the revision tree.
struct Entry {
  static constexpr std::size_t kMaxInlineBody = 4096;

  std::vector<ScopePosition> positions;
  std::uint32_t next_body = 1;
  /// The winner's body lies here where it is small, so that reading a document is one look-up.
  std::uint32_t inline_body = 0;
  std::string inline_record;
  std::uint64_t winner_bytes = 0;  // length of the winner's JSON text
  doc::RevTree tree;

  const ScopePosition* position(std::string_view scope) const;
  ScopePosition* position(std::string_view scope);

  std::string encode() const;
  static std::optional<Entry> decode(std::string_view bytes);
};

/// Of one scope: the last sequence given out, documents, deleted documents, bytes of the winners' bodies.
struct Counters {
  std::uint64_t update_seq = 0;
  std::uint64_t documents = 0;
  std::uint64_t deleted = 0;
  std::uint64_t bytes = 0;

  std::string encode() const;
  static std::optional<Counters> decode(std::string_view bytes);
};

/// A local document: its version, then its JSON text.
struct LocalRecord {
  std::uint64_t version = 0;
  std::string json;

  std::string encode() const;
  static std::optional<LocalRecord> decode(std::string_view bytes);
};

/// Of the content with one digest: how many stored bodies refer to it, and its length in bytes; then the 16
/// bytes that name it, where that is not the digest. All its chunks are of kChunk bytes, but for the last.
struct AttachmentRecord {
  static constexpr std::size_t kChunk = 64 << 10;

  std::uint64_t references = 0;
  std::uint64_t length = 0;
  std::optional<base::Md5> content{};

  const base::Md5& content_or(const base::Md5& digest) const { return content ? *content : digest; }
  std::uint32_t chunks() const { return static_cast<std::uint32_t>((length + kChunk - 1) / kChunk); }

  std::string encode() const;
  static std::optional<AttachmentRecord> decode(std::string_view bytes);
};

/// The indexes of a partition: the next number; count of indexes, each {number, built, sized design
/// document's id, sized name, sized definition, sized checkpoint}; count of numbers whose rows are to be
/// swept, each a number.
struct IndexesRecord {
  struct Index {
    std::uint32_t number = 0;  // never used again in this partition
    bool built = false;
    std::string design{};
    std::string name{};
    std::string map{};         // the definition's JSON
    std::string checkpoint{};  // until it is built: documents up to this id are in it
    bool operator==(const Index&) const = default;
  };
  std::uint32_t next_number = 1;
  std::vector<Index> indexes{};  // by design document, then name
  std::vector<std::uint32_t> dead{};

  std::string encode() const;
  static std::optional<IndexesRecord> decode(std::string_view bytes);
};

/// Records of a log that follow each other, each {sized text, count of topics, each sized}, up to the end.
/// The number in their position counts up from that of the row's key; their time is the same.
struct LogRow {
  struct Record {
    std::string_view text;
    std::vector<std::string_view> topics;
  };
  std::vector<Record> records;  // views of the bytes that were decoded

  static void append(std::string& row, const LogRecord& record);
  static std::optional<LogRow> decode(std::string_view bytes);
};

/// Positions of the records of one topic, in order; the first is that of the row's key. Each {milliseconds
/// since the one before, number, counted from that of the one before where the time is the same}, up to the
/// end.
struct TopicRow {
  std::vector<LogPosition> positions;  // never empty

  std::string encode() const;
  static std::optional<TopicRow> decode(LogPosition first, std::string_view bytes);
};

}  // namespace mycouch::store::rocks
