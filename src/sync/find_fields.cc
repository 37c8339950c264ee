#include "sync/find_fields.h"

#include "doc/field_path.h"
#include "doc/selector.h"

namespace mycouch::sync {
namespace {

// Objects on the way are made, and take the place of what is none.
void put_at(json::Object& object, const doc::FieldPath& path, const json::Value& value) {
  json::Object* at = &object;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const json::Value* there = at->find(path[i]);
    if (there == nullptr || there->as_object() == nullptr) at->set(path[i], json::Object());
    at = at->find(path[i])->as_object();
  }
  at->set(path.back(), value);
}

}  // namespace

Result<json::Object> project(const json::Value& document, const std::vector<std::string>& fields) {
  json::Object part;
  for (const std::string& field : fields) {
    MYCOUCH_TRY(doc::FieldPath path, doc::parse_field_path(field));
    if (const json::Value* value = doc::value_at(document, field)) put_at(part, path, *value);
  }
  return part;
}

}  // namespace mycouch::sync
