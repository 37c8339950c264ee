#include "sync/find_request.h"

#include <limits>

#include "json/erlang_term.h"

namespace mycouch::sync {
namespace {

// Terms as CouchDB quotes those of `sort`: strings as text.
std::string printed(const json::Value& value) {
  if (const std::string* text = value.as_string()) return "<<\"" + *text + "\">>";
  const json::Object* object = value.as_object();
  if (object == nullptr) return json::erlang_term(value);
  std::string out;
  for (const json::Member& member : *object) {
    out += (out.empty() ? "{<<\"" : ",{<<\"") + member.name + "\">>," + printed(member.value) + "}";
  }
  return "{[" + out + "]}";
}

Result<SortField> parse_sort_field(const json::Value& value) {
  auto bad = [&] { return refuse("invalid_sort_field", "Invalid sort field: " + printed(value)); };
  if (const std::string* name = value.as_string()) {
    if (name->empty()) return bad();
    return SortField{.name = *name};
  }
  const json::Object* object = value.as_object();
  if (object == nullptr || object->size() != 1) return bad();
  const json::Member& member = *object->begin();
  if (member.value == json::Value("asc")) return SortField{.name = member.name};
  if (member.value == json::Value("desc")) return SortField{.name = member.name, .descending = true};
  return bad();
}

Result<std::vector<std::string>> parse_fields(const json::Value& value) {
  const json::Array* array = value.as_array();
  if (array == nullptr) {
    return refuse("invalid_fields", "Fields must be an array of strings, not: " + json::erlang_term(value));
  }
  std::vector<std::string> fields;
  for (const json::Value& element : *array) {
    const std::string* field = element.as_string();
    if (field == nullptr) {
      return refuse("invalid_field", "Invalid JSON for field spec: " + json::erlang_term(element));
    }
    fields.push_back(*field);
  }
  return fields;
}

Result<std::optional<std::string>> parse_bookmark(const std::optional<json::Value>& value) {
  if (!value || value->is_null()) return std::nullopt;
  const std::string* text = value->as_string();
  if (text == nullptr) {
    return refuse("invalid_bookmark", "Invalid bookmark value: " + json::erlang_term(*value));
  }
  return text->empty() ? std::nullopt : std::optional(*text);
}

Result<bool> parse_stale(const std::optional<json::Value>& value) {
  if (!value || *value == json::Value(false) || *value == json::Value("false")) return false;
  if (*value == json::Value("ok")) return true;
  return refuse("invalid_value", "Invalid value for stale: " + json::erlang_term(*value));
}

Result<void> check_partition(const std::optional<json::Value>& value) {
  if (!value || *value == json::Value("")) return {};
  return fail(Errc::query_parse_error, "`partition` parameter is not supported on this db");
}

// Split at every slash.
std::vector<std::string> split(std::string_view name) {
  std::vector<std::string> parts;
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/')) {
    parts.emplace_back(name.substr(0, slash));
    name.remove_prefix(slash + 1);
  }
  parts.emplace_back(name);
  return parts;
}

}  // namespace

std::unexpected<Error> refuse(std::string_view word, std::string reason) {
  return std::unexpected(Error{.code = Errc::bad_request, .reason = std::move(reason), .word = word});
}

std::optional<json::Value> Options::take(std::string_view name) {
  json::Value* found = left_.find(name);
  if (found == nullptr) return std::nullopt;
  json::Value value = std::move(*found);
  left_.erase(name);
  return value;
}

Result<json::Value> Options::take_required(std::string_view name) {
  if (auto value = take(name)) return *std::move(value);
  return refuse("missing_required_key", "Missing required key: " + std::string(name));
}

Result<bool> Options::take_bool(std::string_view name, bool otherwise) {
  auto value = take(name);
  if (!value) return otherwise;
  if (const bool* given = value->as_bool()) return *given;
  return refuse("invalid_boolean", "Invalid boolean value: " + json::erlang_term(*value));
}

Result<std::uint64_t> Options::take_count(std::string_view name, std::uint64_t otherwise) {
  auto value = take(name);
  if (!value) return otherwise;
  const json::Number* number = value->as_number();
  if (number == nullptr || number->text.find_first_of("-.eE") != std::string::npos) {
    return refuse("invalid_non_neg_integer",
                  json::erlang_term(*value) + " is not an integer greater than or equal to zero");
  }
  // One that is too long for an integer is more than there can be.
  return value->as_int().value_or(std::numeric_limits<std::int64_t>::max());
}

Result<std::int64_t> Options::take_positive(std::string_view name, std::int64_t otherwise) {
  auto value = take(name);
  if (!value) return otherwise;
  const json::Number* number = value->as_number();
  const bool whole = number != nullptr && number->text.find_first_of("-.eE") == std::string::npos;
  if (!whole || number->text == "0") {
    return refuse("invalid_pos_integer", json::erlang_term(*value) + " is not an integer greater than zero");
  }
  return value->as_int().value_or(std::numeric_limits<std::int64_t>::max());
}

Result<void> Options::end() const {
  if (left_.empty()) return {};
  return refuse("invalid_key", "Invalid key " + left_.begin()->name + " for this request.");
}

Result<std::vector<SortField>> parse_sort(const json::Value& value) {
  const json::Array* array = value.as_array();
  if (array == nullptr) {
    return refuse("invalid_sort_json", "Sort must be an array of sort specs, not: " + printed(value));
  }
  std::vector<SortField> fields;
  for (const json::Value& element : *array) {
    MYCOUCH_TRY(SortField field, parse_sort_field(element));
    fields.push_back(std::move(field));
  }
  for (const SortField& field : fields) {
    if (field.descending != fields.front().descending) {
      return refuse("unsupported_mixed_sort",
                    "Sorts currently only support a single direction for all fields.");
    }
  }
  return fields;
}

Result<std::vector<std::string>> parse_index_name(const json::Value& value) {
  auto bad = [&] { return refuse("invalid_index_name", "Invalid index name: " + json::erlang_term(value)); };
  std::vector<std::string> parts;
  if (value.is_null()) return parts;
  if (const std::string* name = value.as_string()) {
    parts = split(*name);
    if (parts.size() > 1 && parts.front() == "_design") parts.erase(parts.begin());
  } else if (const json::Array* array = value.as_array()) {
    for (const json::Value& element : *array) {
      const std::string* part = element.as_string();
      if (part == nullptr) return bad();
      parts.push_back(*part);
    }
  } else {
    return bad();
  }
  if (parts.size() > 2) return bad();
  return parts;
}

Result<FindRequest> parse_find(const json::Object& body) {
  Options options(body);
  MYCOUCH_TRY(json::Value selector_json, options.take_required("selector"));
  MYCOUCH_TRY(doc::Selector selector, doc::Selector::parse(selector_json));
  FindRequest request{.selector = std::move(selector)};
  MYCOUCH_TRY(request.use_index, parse_index_name(options.take("use_index").value_or(json::Value())));
  MYCOUCH_TRY(request.bookmark, parse_bookmark(options.take("bookmark")));
  MYCOUCH_TRY(request.limit, options.take_count("limit", request.limit));
  MYCOUCH_TRY(request.skip, options.take_count("skip", request.skip));
  MYCOUCH_TRY(auto sort, parse_sort(options.take("sort").value_or(json::Array())));
  for (SortField& field : sort) request.sort.push_back(std::move(field.name));
  request.descending = !sort.empty() && sort.front().descending;
  MYCOUCH_TRY(request.fields, parse_fields(options.take("fields").value_or(json::Array())));
  MYCOUCH_CHECK(check_partition(options.take("partition")));
  MYCOUCH_TRY(request.r, options.take_positive("r", request.r));
  MYCOUCH_TRY(request.conflicts, options.take_bool("conflicts", request.conflicts));
  MYCOUCH_TRY(request.stale, parse_stale(options.take("stale")));
  MYCOUCH_TRY(request.update, options.take_bool("update", request.update));
  MYCOUCH_TRY(request.stable, options.take_bool("stable", request.stable));
  MYCOUCH_TRY(request.execution_stats, options.take_bool("execution_stats", request.execution_stats));
  MYCOUCH_TRY(request.allow_fallback, options.take_bool("allow_fallback", request.allow_fallback));
  MYCOUCH_CHECK(options.end());
  return request;
}

}  // namespace mycouch::sync
