// The indexes that a design document describes: which fields of which documents, in which order.
//
// An index is a member of `views` in a design document whose language is "query":
//
//   {"language": "query",
//    "views": {"by-age": {"map": {"fields": {"age": "asc"}, "partial_filter_selector": {}},
//                         "reduce": "_count", "options": {"def": {"fields": ["age"]}}}}}
//
// as CouchDB stores it, so that indexes replicate between the two. A document has one row in it, or none
// where it lacks one of the fields or does not match the filter. Rows are ordered by their values, and by id
// where those are equal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doc/selector.h"
#include "json/value.h"

namespace mycouch::doc {

inline constexpr std::string_view kDesignPrefix = "_design/";

struct IndexDefinition {
  std::string design{};               // the design document's id
  std::string name{};                 // of the view
  json::Object map{};                 // as the design document has it
  std::vector<std::string> fields{};  // paths; there may be none
  std::optional<Selector> filter{};   // nothing: every document

  /// {"ddoc","name","type","partitioned","def"}, as `_index` lists it.
  json::Object described() const;
};

/// Of one partition of a database.
inline constexpr std::size_t kMaxIndexes = 64;
/// The longest definition that makes an index, as JSON in bytes.
inline constexpr std::size_t kMaxDefinition = 64 << 10;
/// A row's key holds so many bytes at most: values that differ only behind them are ordered by id.
inline constexpr std::size_t kMaxIndexKey = 4096;

/// Nothing where `map` describes no index, or a selector that is none.
std::optional<IndexDefinition> read_index(std::string_view design, std::string_view name,
                                          const json::Value& map);
/// Those of a whole design document; what is no index is passed over.
std::vector<IndexDefinition> read_indexes(std::string_view design, std::string_view body);

/// Keys of rows compare as their values do, field by field.
std::string index_key(const json::Array& values);
/// The key of the row that `document` has in the index. `document` is a whole one, with _id and _rev.
std::optional<std::string> index_key(const IndexDefinition& index, const json::Value& document);

}  // namespace mycouch::doc
