#include "api/document_path.h"

#include "base/encoding.h"
#include "json/writer.h"

namespace mycouch::api {

std::string document_id(const Call& call) {
  if (call.has_parameter("design")) return "_design/" + std::string(call.parameter("design"));
  if (call.has_parameter("local")) return "_local/" + std::string(call.parameter("local"));
  return std::string(call.parameter("id"));
}

std::string location_of(const Call& call, std::string_view id) {
  std::string path;
  if (call.has_parameter("tenant")) path += "/__tenants/" + base::percent_encode(call.parameter("tenant"));
  return path + '/' + base::percent_encode(call.parameter("db")) + '/' + base::percent_encode(id);
}

void stamp(std::string& empty_body, const doc::Stamp& stamp) {
  if (stamp.name.empty()) return;
  empty_body = "{";
  json::append_string(empty_body, stamp.name);
  empty_body += ':';
  json::append_string(empty_body, stamp.value);
  empty_body += '}';
}

}  // namespace mycouch::api
