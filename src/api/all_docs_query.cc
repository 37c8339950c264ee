#include "api/all_docs_query.h"

#include <optional>
#include <string_view>

#include "api/query_values.h"
#include "sync/limits.h"

namespace mycouch::api {
namespace {

Result<bool> to_boolean(const json::Value& value) {
  if (const bool* flag = value.as_bool()) return *flag;
  const std::string* text = value.as_string();
  return parse_boolean(text ? *text : json::write(value));
}

Result<std::uint64_t> to_count(const json::Value& value) {
  if (auto number = value.as_int(); number && *number >= 0) return static_cast<std::uint64_t>(*number);
  const std::string* text = value.as_string();
  return parse_count(text ? *text : json::write(value));
}

// In a query string keys are JSON and the other options plain text; in a body all of them are JSON.
bool is_key_option(std::string_view name) {
  return name == "key" || name == "keys" || name == "startkey" || name == "start_key" || name == "endkey" ||
         name == "end_key";
}

Result<void> apply(sync::AllDocsOptions& options, std::string_view name, json::Value value, bool from_query) {
  if (name == "keys") {
    json::Array* keys = value.as_array();
    if (!keys) {
      return fail(Errc::bad_request,
                  from_query ? "`keys` parameter must be an array." : "`keys` body member must be an array.");
    }
    MYCOUCH_CHECK(sync::check_count(keys->size(), sync::kMaxDocuments, "keys"));
    options.keys = std::move(*keys);
  } else if (name == "key") {
    options.start = value;
    options.end = std::move(value);
  } else if (name == "startkey" || name == "start_key") {
    options.start = std::move(value);
  } else if (name == "endkey" || name == "end_key") {
    options.end = std::move(value);
  } else if (name == "limit") {
    MYCOUCH_TRY(options.limit, to_count(value));
  } else if (name == "skip") {
    MYCOUCH_TRY(options.skip, to_count(value));
  } else if (name == "descending") {
    MYCOUCH_TRY(options.descending, to_boolean(value));
  } else if (name == "inclusive_end") {
    MYCOUCH_TRY(options.inclusive_end, to_boolean(value));
  } else if (name == "include_docs") {
    MYCOUCH_TRY(options.include_docs, to_boolean(value));
  } else if (name == "conflicts") {
    MYCOUCH_TRY(options.conflicts, to_boolean(value));
  } else if (name == "attachments") {
    MYCOUCH_TRY(options.attachments, to_boolean(value));
  } else if (name == "update_seq") {
    MYCOUCH_TRY(options.update_seq, to_boolean(value));
  }
  return {};
}

}  // namespace

Result<sync::AllDocsOptions> parse_all_docs_query(const http::Query& query, const json::Object* body) {
  sync::AllDocsOptions options;
  if (body) {
    for (const json::Member& member : *body) MYCOUCH_CHECK(apply(options, member.name, member.value, false));
  }
  for (const auto& [name, text] : query) {
    json::Value value(text);
    if (is_key_option(name)) {
      MYCOUCH_TRY(value, json::parse(text));
    }
    MYCOUCH_CHECK(apply(options, name, std::move(value), true));
  }
  if (options.keys && (options.start || options.end)) {
    return fail(Errc::query_parse_error, "`keys` is incompatible with `key`, `start_key` and `end_key`");
  }
  return options;
}

}  // namespace mycouch::api
