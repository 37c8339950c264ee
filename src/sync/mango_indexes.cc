#include "sync/mango_indexes.h"

#include <algorithm>

#include "base/digest.h"
#include "base/encoding.h"
#include "doc/index_definition.h"
#include "json/erlang_term.h"
#include "json/writer.h"
#include "sync/find_plan.h"
#include "sync/find_request.h"

namespace mycouch::sync {
namespace {

// Of a design document that others write at the same time.
constexpr int kAttempts = 5;
constexpr std::size_t kNameDigits = 40;

struct NewIndex {
  std::string design;
  std::string name;
  json::Object view;
  std::optional<bool> partitioned;
};

std::string design_id(std::string_view name) {
  return name.starts_with(doc::kDesignPrefix) ? std::string(name)
                                              : std::string(doc::kDesignPrefix).append(name);
}

Result<std::optional<std::string>> parse_name(const std::optional<json::Value>& value) {
  if (!value) return std::nullopt;
  const std::string* name = value->as_string();
  if (name == nullptr) return refuse("invalid_string", "Invalid string: " + json::erlang_term(*value));
  if (name->empty()) return refuse("invalid_empty_string", "Index name or ddoc cannot be empty string");
  return *name;
}

Result<void> check_type(const std::optional<json::Value>& value) {
  if (!value || *value == json::Value("json")) return {};
  const std::string* type = value->as_string();
  if (type == nullptr) return refuse("invalid_string", "Invalid string: " + json::erlang_term(*value));
  if (*type == "text" || *type == "nouveau") {
    return std::unexpected(
        Error{.code = Errc::unavailable, .reason = *type, .word = "required index service unavailable"});
  }
  return refuse("invalid_index", "Invalid type for index: " + *type);
}

// The definition as it stands in the design document.
Result<json::Object> parse_definition(const json::Value& given) {
  const json::Object* members = given.as_object();
  if (members == nullptr) {
    return refuse("invalid_index", "JSON indexes must be an object, not: " + json::erlang_term(given));
  }
  Options options(*members);
  MYCOUCH_TRY(json::Value fields, options.take_required("fields"));
  MYCOUCH_TRY(std::vector<SortField> sort, parse_sort(fields));
  json::Value filter = options.take("partial_filter_selector").value_or(json::Object());
  MYCOUCH_TRY(doc::Selector selector, doc::Selector::parse(filter));
  MYCOUCH_CHECK(options.end());
  json::Object by_name;
  for (const SortField& field : sort) by_name.set(field.name, field.descending ? "desc" : "asc");
  return json::Object{{"fields", std::move(by_name)}, {"partial_filter_selector", selector.normalized()}};
}

Result<std::optional<bool>> parse_partitioned(const std::optional<json::Value>& value) {
  if (!value) return std::nullopt;
  const bool* partitioned = value->as_bool();
  if (partitioned == nullptr || *partitioned) {
    return refuse("invalid_value", "Invalid value for partitioned: " + json::erlang_term(*value));
  }
  return *partitioned;
}

Result<NewIndex> parse_new_index(const json::Object& body) {
  Options options(body);
  MYCOUCH_TRY(json::Value given, options.take_required("index"));
  MYCOUCH_CHECK(check_type(options.take("type")));
  MYCOUCH_TRY(auto name, parse_name(options.take("name")));
  MYCOUCH_TRY(auto design, parse_name(options.take("ddoc")));
  MYCOUCH_CHECK(options.take_positive("w", 1));
  MYCOUCH_TRY(auto partitioned, parse_partitioned(options.take("partitioned")));
  MYCOUCH_CHECK(options.end());
  MYCOUCH_TRY(json::Object definition, parse_definition(given));
  // The same index has the same name, whoever makes it.
  const std::string made =
      base::to_hex(base::as_text(base::sha256(json::write(body)))).substr(0, kNameDigits);
  json::Object view{{"map", std::move(definition)},
                    {"reduce", "_count"},
                    {"options", json::Object{{"def", std::move(given)}}}};
  return NewIndex{.design = design_id(design.value_or(made)),
                  .name = name.value_or(made),
                  .view = std::move(view),
                  .partitioned = partitioned};
}

// A design document as it is to be changed.
struct Design {
  std::string id;
  std::optional<doc::Revision> revision;
  json::Object body;
};

Task<Design> read_design(store::Database& database, std::string id) {
  Design design{.id = id, .revision = std::nullopt, .body = {{"language", "query"}}};
  Result<doc::Document> found = co_await database.read(std::move(id), {});
  if (!found && found.error().code == Errc::not_found) co_return design;
  if (!found) co_return std::unexpected(std::move(found).error());
  json::Value value = json::value_of(found->body);
  const json::Value* language = value.as_object()->find("language");
  if (language == nullptr || *language != json::Value("query")) {
    std::string term = language == nullptr ? "false"
                                           : "{" + json::erlang_term(json::Value("language")) + "," +
                                                 json::erlang_term(*language) + "}";
    co_return refuse("invalid_ddoc_lang", "Existing design doc has an invalid language: " + term);
  }
  design.revision = found->revision;
  design.body = std::move(*value.as_object());
  co_return design;
}

// False where another writer was first.
Task<bool> write_design(store::Database& database, Design design, bool deleted, const WriteRules& rules) {
  if (design.revision) design.body.set("_rev", design.revision->text());
  if (deleted) design.body.set("_deleted", true);
  MYCOUCH_CO_TRY(doc::Edit edit, read_edit(json::write(design.body), design.id, true, rules));
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  MYCOUCH_CO_TRY(auto written, co_await database.write(std::move(edits), {}));
  const std::optional<Error>& error = written.front().error;
  if (!error) co_return true;
  if (error->code == Errc::conflict) co_return false;
  co_return std::unexpected(*error);
}

std::unexpected<Error> too_many_writers() {
  return std::unexpected(Error{.code = Errc::conflict,
                               .reason = "Encountered a conflict while saving the design document.",
                               .word = "error_saving_ddoc"});
}

json::Object& views_of(json::Object& body) {
  json::Value* views = body.find("views");
  if (views == nullptr || views->as_object() == nullptr) body.set("views", json::Object());
  return *body.find("views")->as_object();
}

// Whether the design document has it already.
bool add_view(Design& design, const NewIndex& index) {
  json::Object& views = views_of(design.body);
  const json::Value* there = views.find(index.name);
  if (there != nullptr && *there == json::Value(index.view)) return true;
  views.set(index.name, index.view);
  if (index.partitioned && !design.revision) {
    design.body.set("options", json::Object{{"partitioned", *index.partitioned}});
  }
  return false;
}

bool is_empty(const json::Object& body, const WriteRules& rules) {
  return std::ranges::all_of(body, [&](const json::Member& member) {
    return member.name == "language" || member.name == rules.stamp.name;
  });
}

// The indexes of one design document.
std::vector<store::Database::Index> of_design(const std::vector<store::Database::Index>& indexes,
                                              std::string_view design) {
  std::vector<store::Database::Index> found;
  for (const auto& index : indexes) {
    if (index->design == design) found.push_back(index);
  }
  return found;
}

}  // namespace

json::Object described(const store::Database::Index& index) {
  if (index) return index->described();
  return {{"ddoc", nullptr},
          {"name", "_all_docs"},
          {"type", "special"},
          {"def", json::Object{{"fields", json::Array{json::Object{{"_id", "asc"}}}}}}};
}

Task<json::Object> list_indexes(store::Database& database, IndexPage page) {
  MYCOUCH_CO_TRY(auto indexes, co_await database.indexes());
  indexes.insert(indexes.begin(), nullptr);
  json::Array listed;
  const std::uint64_t limit = page.limit.value_or(indexes.size());
  for (std::uint64_t i = page.skip; i < indexes.size() && listed.size() < limit; ++i) {
    listed.emplace_back(described(indexes[i]));
  }
  co_return json::Object{{"total_rows", indexes.size()}, {"indexes", std::move(listed)}};
}

Task<json::Object> create_index(store::Database& database, json::Object body, WriteRules rules) {
  MYCOUCH_CO_TRY(NewIndex index, parse_new_index(body));
  auto answer = [&index](std::string_view result) {
    return json::Object{{"result", result}, {"id", index.design}, {"name", index.name}};
  };
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    MYCOUCH_CO_TRY(Design design, co_await read_design(database, index.design));
    if (add_view(design, index)) co_return answer("exists");
    MYCOUCH_CO_TRY(const bool written, co_await write_design(database, std::move(design), false, rules));
    if (written) co_return answer("created");
  }
  co_return too_many_writers();
}

Task<void> delete_index(store::Database& database, std::string design, std::string name, WriteRules rules) {
  const std::string id = design_id(design);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    MYCOUCH_CO_TRY(auto indexes, co_await database.indexes());
    if (std::ranges::none_of(of_design(indexes, id),
                             [&](const auto& index) { return index->name == name; })) {
      co_return fail(Errc::not_found, "missing");
    }
    MYCOUCH_CO_TRY(Design changed, co_await read_design(database, id));
    json::Object& views = views_of(changed.body);
    views.erase(name);
    if (views.empty()) changed.body.erase("views");
    const bool last = is_empty(changed.body, rules);
    if (last) changed.body = {};
    MYCOUCH_CO_TRY(const bool written, co_await write_design(database, std::move(changed), last, rules));
    if (written) co_return Result<void>{};
  }
  co_return too_many_writers();
}

Task<json::Object> delete_indexes(store::Database& database, json::Object body, WriteRules rules) {
  Options options(body);
  MYCOUCH_CO_TRY(json::Value ids, options.take_required("docids"));
  const json::Array* designs = ids.as_array();
  if (designs == nullptr) {
    co_return refuse("invalid_bulk_docs",
                     "Bulk Delete requires an array of non-null docids. Docids: " + json::erlang_term(ids));
  }
  for (const json::Value& design : *designs) MYCOUCH_CO_CHECK(parse_index_name(design));
  MYCOUCH_CO_CHECK(options.take_positive("w", 1));
  MYCOUCH_CO_CHECK(options.end());
  json::Array success;
  json::Array failed;
  for (const json::Value& design : *designs) {
    if (design.as_string() == nullptr) continue;
    const std::string id = design_id(*design.as_string());
    MYCOUCH_CO_TRY(auto indexes, co_await database.indexes());
    auto mine = of_design(indexes, id);
    if (mine.size() != 1) {
      failed.emplace_back(json::Object{{"id", id}, {"error", "not_found"}});
      continue;
    }
    MYCOUCH_CO_CHECK(co_await delete_index(database, id, mine.front()->name, rules));
    success.emplace_back(json::Object{{"id", id}, {"ok", true}});
  }
  std::ranges::reverse(success);
  std::ranges::reverse(failed);
  co_return json::Object{{"success", std::move(success)}, {"fail", std::move(failed)}};
}

}  // namespace mycouch::sync
