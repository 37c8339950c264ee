// The order of JSON values in CouchDB's views and in Mango.
//
// null, false, true, numbers, strings, arrays, objects. Numbers by their mathematical value, whole numbers of
// any length included; strings by the Unicode Collation Algorithm (ICU's root locale, tertiary strength), in
// which different texts may be equal ("a" and "a\u0000"); arrays by their first elements that differ, then by
// length; objects likewise, member by member in the order in which they are written, names before values.
//
// After CouchDB's couch_ejson_compare and the section "Collation specification" of its documentation.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "json/value.h"

namespace mycouch::json {

/// Thread-safe, as all of this file.
std::weak_ordering collate(const Value& a, const Value& b);
/// Strings, both of them UTF-8.
std::weak_ordering collate_strings(std::string_view a, std::string_view b);

/// Bytes that compare as collate() does. No key is another one's prefix, so that those of several values can
/// follow each other. They hold for one version of ICU: a store that keeps them keeps collation_version()
/// too.
void append_collation_key(std::string& out, const Value& value);
/// Of the order of strings; another one where ICU orders, or writes its keys, in another way.
std::string collation_version();

}  // namespace mycouch::json
