#include "api/all_docs_query.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "api/query_values.h"
#include "json/writer.h"
#include "sync/limits.h"

namespace mycouch::api {
namespace {

// CouchDB's.
constexpr std::uint64_t kMaxLimit = 0x7ff'ffff'ffff'ffff;

Error incompatible_keys() {
  return {Errc::query_parse_error, "`keys` is incompatible with `key`, `start_key` and `end_key`"};
}

// In a query string keys are JSON and the other options plain text; in a body all of them are JSON.
constexpr std::array<std::string_view, 6> kKeyOptions = {"key",       "keys",   "startkey",
                                                         "start_key", "endkey", "end_key"};

bool is_key_option(std::string_view name) {
  return std::ranges::find(kKeyOptions, name) != kKeyOptions.end();
}

// Takes options one after another: a later one replaces an earlier one of the same meaning.
class OptionsReader {
 public:
  Result<void> from_query(const http::Query& query) {
    for (const auto& [name, text] : query) {
      json::Value value(text);
      if (is_key_option(name)) {
        MYCOUCH_TRY(value, json::parse(text));
      }
      MYCOUCH_CHECK(take(name, std::move(value)));
    }
    return {};
  }

  Result<void> from_body(const json::Object& body) {
    in_body_ = true;
    for (const json::Member& member : body) MYCOUCH_CHECK(take(member.name, member.value));
    in_body_ = false;
    return {};
  }

  /// The rows of these keys, even if it is only one.
  void set_keys(json::Array keys) { options_.keys = std::move(keys); }

  Result<sync::AllDocsOptions> finish() && {
    if (reduce_) return fail(Errc::query_parse_error, "Reduce is invalid for map-only views.");
    if (options_.keys) {
      const json::Array& keys = *options_.keys;
      MYCOUCH_CHECK(sync::check_count(keys.size(), sync::kMaxDocuments, "keys"));
      bool is_range = options_.start || options_.end;
      bool same = keys.size() == 1 && options_.start == keys.front() && options_.end == keys.front();
      if (is_range && !keys.empty() && !same) return std::unexpected(incompatible_keys());
    }
    if (group_ || group_level_ > 0)
      return fail(Errc::query_parse_error, "Invalid use of grouping on a map view.");
    if (options_.limit.value_or(0) > kMaxLimit) {
      return fail(Errc::query_parse_error,
                  "Limit is too large, must not exceed " + std::to_string(kMaxLimit));
    }
    // They order equal keys in a view; here they stand for the keys.
    if (!options_.keys && !options_.start) options_.start = std::move(start_id_);
    if (!options_.keys && !options_.end) options_.end = std::move(end_id_);
    return std::move(options_);
  }

 private:
  Result<void> take(std::string_view name, json::Value value) {
    if (is_key_option(name)) return take_key(name, std::move(value));
    if (name == "limit") return take_count(value, options_.limit.emplace());
    if (name == "skip") return take_count(value, options_.skip);
    if (name == "descending") return take_flag(value, options_.descending);
    if (name == "inclusive_end") return take_flag(value, options_.inclusive_end);
    if (name == "include_docs") return take_flag(value, options_.include_docs);
    if (name == "conflicts") return take_flag(value, options_.conflicts);
    if (name == "attachments") return take_flag(value, options_.attachments);
    if (name == "att_encoding_info") return take_flag(value, options_.encoding_info);
    if (name == "update_seq") return take_flag(value, options_.update_seq);
    if (name == "sorted") return take_flag(value, ignored_);
    if (name == "stable" || name == "update" || name == "stale") return check_freshness(name, value);
    if (name == "group_level") return take_count(value, group_level_);
    if (name == "reduce") return take_flag(value, reduce_);
    if (name == "group") return take_flag(value, group_);
    if (name == "startkey_docid" || name == "start_key_doc_id") {
      start_id_ = std::move(value);
    } else if (name == "endkey_docid" || name == "end_key_doc_id") {
      end_id_ = std::move(value);
    }
    return {};
  }

  Result<void> take_key(std::string_view name, json::Value value) {
    if (name == "keys") {
      json::Array* keys = value.as_array();
      if (!keys) return fail(Errc::query_parse_error, "`keys` must be an array of strings.");
      if (keys->size() == 1) {
        options_.start = options_.end = keys->front();
      } else {
        options_.keys = std::move(*keys);
      }
      return {};
    }
    if (name == "startkey" || name == "start_key" || name == "key") options_.start = value;
    if (name == "endkey" || name == "end_key" || name == "key") options_.end = std::move(value);
    return {};
  }

  // What asks for an index of views that is more, or less, up to date: documents always are.
  static Result<void> check_freshness(std::string_view name, const json::Value& value) {
    std::string_view word;
    if (const std::string* text = value.as_string()) word = *text;
    const bool is_flag = value.as_bool() != nullptr || word == "true" || word == "false";
    const bool is_good = name == "stale"    ? word == "ok" || word == "update_after"
                         : name == "update" ? is_flag || word == "lazy"
                                            : is_flag;
    if (is_good) return {};
    return fail(Errc::query_parse_error, "Invalid value for `" + std::string(name) + "`.");
  }

  static Result<void> take_flag(const json::Value& value, bool& flag) {
    if (const bool* boolean = value.as_bool()) {
      flag = *boolean;
      return {};
    }
    const std::string* text = value.as_string();
    MYCOUCH_TRY(flag, parse_boolean(text ? *text : json::write(value)));
    return {};
  }

  Result<void> take_count(const json::Value& value, std::uint64_t& count) const {
    if (!in_body_) {
      MYCOUCH_TRY(count, parse_count(*value.as_string()));
      return {};
    }
    auto number = value.as_int();
    if (number && *number >= 0) {
      count = static_cast<std::uint64_t>(*number);
      return {};
    }
    const std::string* text = value.as_string();
    std::string shown = text && text->empty() ? "<<>>"
                        : text                ? "<<" + json::quoted(*text) + ">>"
                                              : json::write(value);
    return fail(Errc::query_parse_error,
                (number ? "Invalid value for positive integer: " : "Invalid value for integer: ") + shown);
  }

  sync::AllDocsOptions options_;
  std::optional<json::Value> start_id_;
  std::optional<json::Value> end_id_;
  bool in_body_ = false;
  bool reduce_ = false;
  bool group_ = false;
  std::uint64_t group_level_ = 0;
  bool ignored_ = false;
};

Result<std::optional<json::Array>> keys_of(const http::Query& query, const json::Object* body) {
  if (body) {
    const json::Value* keys = body->find("keys");
    if (!keys) return std::nullopt;
    if (const json::Array* list = keys->as_array()) return *list;
    return fail(Errc::bad_request, "`keys` body member must be an array.");
  }
  MYCOUCH_TRY(auto keys, json_option(query, "keys"));
  if (!keys) return std::nullopt;
  if (const json::Array* list = keys->as_array()) return *list;
  return fail(Errc::bad_request, "`keys` parameter must be an array.");
}

}  // namespace

// CouchDB takes a list of one key for that key, as a range, unless it stands where the request's method has
// it.
Result<sync::AllDocsOptions> parse_all_docs_query(const http::Query& query, const json::Object* body) {
  MYCOUCH_TRY(std::optional<json::Array> keys, keys_of(query, body));
  OptionsReader reader;
  if (body) MYCOUCH_CHECK(reader.from_body(*body));
  MYCOUCH_CHECK(reader.from_query(query));
  if (keys) reader.set_keys(*std::move(keys));
  return std::move(reader).finish();
}

Result<std::vector<sync::AllDocsOptions>> parse_all_docs_queries(const http::Query& query,
                                                                 const json::Object& body) {
  const json::Value* member = body.find("queries");
  if (!member) return fail(Errc::bad_request, "POST body must include `queries` parameter.");
  const json::Array* queries = member->as_array();
  if (!queries) return fail(Errc::bad_request, "`queries` member must be an array.");
  MYCOUCH_CHECK(sync::check_count(queries->size(), sync::kMaxQueries, "queries"));
  std::vector<sync::AllDocsOptions> all;
  for (const json::Value& one : *queries) {
    const json::Object* options = one.as_object();
    if (!options) return fail(Errc::bad_request, "each of `queries` must be an object.");
    OptionsReader reader;
    MYCOUCH_CHECK(reader.from_query(query));
    MYCOUCH_CHECK(reader.from_body(*options));
    MYCOUCH_TRY(sync::AllDocsOptions read, std::move(reader).finish());
    all.push_back(std::move(read));
  }
  return all;
}

}  // namespace mycouch::api
