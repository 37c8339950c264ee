// The pieces that keys of rows are made of, of every store that keeps rows.
//
// Integers are big-endian, so that keys sort as they count. A string that something follows is terminated:
// each zero byte becomes 00 ff, and 00 01 ends it, so that no string's keys lie within another's, whatever
// bytes it holds. An id at the end of a key stands as it is: documents sort by their ids' bytes, as CouchDB's
// do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mycouch::store {

/// Of one life of a database: what its rows' keys begin with.
using DatabaseNumber = std::uint32_t;

void append_u32(std::string& key, std::uint32_t n);
void append_u64(std::string& key, std::uint64_t n);
std::uint32_t read_u32(std::string_view bytes);  // of at least 4
std::uint64_t read_u64(std::string_view bytes);  // of at least 8
/// With its end mark.
void append_terminated(std::string& key, std::string_view text);

std::string database_prefix(DatabaseNumber database);
/// database + partition or scope: what all keys of one confined view begin with.
std::string key_prefix(DatabaseNumber database, std::string_view name);
std::string document_key(std::string_view prefix, std::string_view id);
std::string change_key(std::string_view prefix, std::uint64_t sequence);

/// The smallest key that is greater than all keys that begin with `prefix`.
std::string end_of(std::string_view prefix);

}  // namespace mycouch::store
