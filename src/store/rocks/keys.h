// The keys of the embedded engine. One RocksDB, one column family for each kind of row:
//
// clang-format off
//   family       key                                    value (records.h)
//   default      "store"                                format version, uuid (engine.cc)
//                "database/" name                       database's number, epoch, settings (catalogue.h)
//                "dead/" database                       nothing: its rows are still to be swept
//                "indexing/" database partition         nothing: indexes to be built, or rows to be swept
//                "collation"                            what the keys of "indexes" compare by
//                "pending/" content:16                  key prefix of a content that no document has yet
//   documents    database partition id                  Entry
//   bodies       database partition id* number:u32      BodyRecord
//   changes      database scope sequence:u64            ChangeRecord
//   local        database scope id                      LocalRecord
//   attachments  database partition digest:16 0:u32     AttachmentRecord
//                database partition content:16 chunk:u32 the content's bytes; chunks count from 1
//   counters     database scope                         Counters
//   indexes      database partition 0:u32               IndexesRecord
//                database partition index:u32 key id    length of key (doc/index_definition.h)
//   log          "r" log position                       LogRow: the records of one group, from this position
//                "t" log topic position                 TopicRow: positions of a topic's, from this one
//                "c" log                                a position: the first that is in no TopicRow yet
// clang-format on
//
// database is a number of 4 bytes that is never used again; integers are big-endian, so that keys sort as
// they count. partition, scope and id* are strings that something follows: each zero byte becomes 00 ff, and
// 00 01 ends the string, so that no string's keys lie within another's, whatever bytes it holds; so it is
// with log and topic. An id at the end of a key stands as it is: documents sort by their ids' bytes, as
// CouchDB's do. A position is milliseconds:u64 number:u32. A content is named by its digest where it came in
// one piece, and by 16 random bytes where it was streamed in, when its digest was not known yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "store/keys.h"
#include "store/log.h"

namespace mycouch::store::rocks {

/// The name that key_prefix was given, from a key that begins with what it made; nothing from any other.
std::optional<std::string> name_in(std::string_view key);

std::string body_key(std::string_view prefix, std::string_view id, std::uint32_t number);
/// What the keys of an index's rows begin with; of number 0: the key of the partition's IndexesRecord.
std::string index_prefix(std::string_view prefix, std::uint32_t number);
std::string attachment_key(std::string_view prefix, const base::Md5& digest_or_content, std::uint32_t chunk);
/// What all keys of a content begin with.
std::string content_prefix(std::string_view prefix, const base::Md5& content);

void append_position(std::string& key, LogPosition position);
LogPosition read_position(std::string_view bytes);  // at their end
std::string log_rows_prefix(std::string_view log);
std::string topic_rows_prefix(std::string_view log, std::string_view topic);
std::string log_checkpoint_key(std::string_view log);
std::string position_key(std::string_view prefix, LogPosition position);

}  // namespace mycouch::store::rocks
