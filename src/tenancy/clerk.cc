#include "tenancy/clerk.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "json/value.h"

namespace mycouch::tenancy {
namespace {

// Clerk's errors are {"errors":[{"code", "message", …}], …}.
bool has_error(std::string_view body, std::string_view code) {
  const Result<json::Value> value = json::parse(body);
  const json::Object* object = value ? value->as_object() : nullptr;
  const json::Value* errors = object != nullptr ? object->find("errors") : nullptr;
  if (errors == nullptr || errors->as_array() == nullptr) return false;
  return std::ranges::any_of(*errors->as_array(), [code](const json::Value& error) {
    return error.as_object() != nullptr && error.as_object()->string("code") == code;
  });
}

}  // namespace

http::ClientRequest clerk_metadata_request(const auth::Application& application, const std::string& sub,
                                           const std::string& tenant_id) {
  http::ClientRequest request;
  request.method = http::Method::patch;
  request.url = application.clerk_api_url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/v1/users/" + base::percent_encode(sub) + "/metadata";
  request.headers.add("Authorization", "Bearer " + application.clerk_secret_key);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json");
  request.body =
      json::write(json::Object{{"public_metadata", json::Object{{"active_tenant_id", tenant_id}}}});
  return request;
}

Outcome clerk_outcome(const Result<http::Response>& answer, base::WallTime now) {
  Outcome outcome = outcome_of(answer, now);
  if (!answer) return outcome;
  if (answer->status == 404 && has_error(answer->body, "resource_not_found")) {
    outcome.next = Outcome::Next::give_up;
    outcome.reason = "Clerk has no such user";
  } else if (answer->status == 401 || answer->status == 403) {
    outcome.next = Outcome::Next::retry_slowly;
    outcome.reason += ": is clerk_secret_key right?";
  } else if (answer->status == 404) {
    outcome.next = Outcome::Next::retry_slowly;
    outcome.reason += ": is clerk_api_url right?";
  }
  return outcome;
}

}  // namespace mycouch::tenancy
