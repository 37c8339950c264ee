#include "doc/index_definition.h"

#include "json/collation.h"
#include "json/writer.h"

namespace mycouch::doc {
namespace {

// False once the key is full.
bool append_field(std::string& key, const json::Value& value) {
  json::append_collation_key(key, value);
  if (key.size() < kMaxIndexKey) return true;
  key.resize(kMaxIndexKey);
  return false;
}

const json::Object* object_at(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value == nullptr ? nullptr : value->as_object();
}

bool is_query(const json::Object& design) {
  return design.string("language") == "query";
}

}  // namespace

json::Object IndexDefinition::described() const {
  json::Object def;
  for (const json::Member& member : map) {
    if (member.name == "fields") {
      json::Array listed;
      for (const json::Member& field : *member.value.as_object()) {
        listed.emplace_back(json::Object{{field.name, field.value}});
      }
      def.set("fields", std::move(listed));
    } else if (member.value != json::Value(json::Object())) {
      def.set(member.name, member.value);
    }
  }
  return {
      {"ddoc", design}, {"name", name}, {"type", "json"}, {"partitioned", false}, {"def", std::move(def)}};
}

std::optional<IndexDefinition> read_index(std::string_view design, std::string_view name,
                                          const json::Value& map) {
  const json::Object* members = map.as_object();
  if (members == nullptr || json::write(map).size() > kMaxDefinition) return std::nullopt;
  const json::Object* fields = object_at(*members, "fields");
  if (fields == nullptr) return std::nullopt;
  IndexDefinition index{.design = std::string(design), .name = std::string(name), .map = *members};
  for (const json::Member& field : *fields) index.fields.push_back(field.name);
  const json::Value* filter = members->find("partial_filter_selector");
  if (filter != nullptr && *filter != json::Value(json::Object())) {
    Result<Selector> selector = Selector::parse(*filter);
    if (!selector) return std::nullopt;
    index.filter = *std::move(selector);
  }
  return index;
}

std::vector<IndexDefinition> read_indexes(std::string_view design, std::string_view body) {
  std::vector<IndexDefinition> indexes;
  const json::Value document = json::value_of(body);
  const json::Object* members = document.as_object();
  if (members == nullptr || !is_query(*members)) return indexes;
  const json::Object* views = object_at(*members, "views");
  if (views == nullptr) return indexes;
  for (const json::Member& view : *views) {
    const json::Object* parts = view.value.as_object();
    if (parts == nullptr || object_at(*parts, "options") == nullptr) continue;
    const json::Value* map = parts->find("map");
    if (map == nullptr) continue;
    if (auto index = read_index(design, view.name, *map)) indexes.push_back(*std::move(index));
  }
  return indexes;
}

std::string index_key(const json::Array& values) {
  std::string key;
  for (const json::Value& value : values) {
    if (!append_field(key, value)) break;
  }
  return key;
}

std::optional<std::string> index_key(const IndexDefinition& index, const json::Value& document) {
  std::string key;
  bool room = true;
  for (const std::string& field : index.fields) {
    const json::Value* value = value_at(document, field);
    if (value == nullptr) return std::nullopt;
    room = room && append_field(key, *value);
  }
  if (index.filter && !index.filter->matches(document)) return std::nullopt;
  return key;
}

}  // namespace mycouch::doc
