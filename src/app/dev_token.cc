#include "app/dev_token.h"

#include <charconv>

#include "base/random.h"
#include "http/message.h"
#include "json/value.h"

namespace mycouch::app {
namespace {

constexpr std::chrono::seconds kLongest = std::chrono::hours(24);
constexpr std::size_t kMaxSubject = 255;  // bytes, as for every issuer

Result<std::chrono::seconds> seconds_of(std::string_view text) {
  std::int64_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::bad_request, "'expires_in' must be a number of seconds");
  }
  return std::chrono::seconds(seconds);
}

Result<void> set_field(TokenRequest& request, std::string_view name, const std::string& value) {
  if (name == "sub") {
    request.sub = value;
  } else if (name == "email") {
    request.email = value;
  } else if (name == "name") {
    request.name = value;
  } else if (name == "expires_in") {
    if (value.empty()) return {};  // a form sends every field
    MYCOUCH_TRY(request.expires_in, seconds_of(value));
  } else {
    return fail(Errc::bad_request, "unknown field '" + std::string(name) + "'");
  }
  return {};
}

Result<TokenRequest> read_json(std::string_view body) {
  MYCOUCH_TRY(json::Value value, json::parse(body));
  if (value.as_object() == nullptr) return fail(Errc::bad_request, "the body must be a JSON object");
  TokenRequest request;
  for (const auto& [name, member] : *value.as_object()) {
    if (name == "expires_in" && member.as_int()) {
      request.expires_in = std::chrono::seconds(*member.as_int());
    } else if (member.as_string() != nullptr) {
      MYCOUCH_CHECK(set_field(request, name, *member.as_string()));
    } else {
      return fail(Errc::bad_request, "'" + name + "' has a value of the wrong type");
    }
  }
  return request;
}

Result<TokenRequest> read_form(std::string_view body) {
  MYCOUCH_TRY(http::Query form, http::Query::parse(body));
  TokenRequest request;
  for (const auto& [name, value] : form) MYCOUCH_CHECK(set_field(request, name, value));
  return request;
}

}  // namespace

Result<TokenRequest> read_token_request(std::string_view content_type, std::string_view body) {
  const bool form = content_type.starts_with("application/x-www-form-urlencoded");
  MYCOUCH_TRY(TokenRequest request, form ? read_form(body) : read_json(body));
  return complete_token_request(std::move(request));
}

Result<TokenRequest> complete_token_request(TokenRequest request) {
  if (request.sub.empty()) request.sub = subject_of_email(request.email);
  if (request.sub.empty()) return fail(Errc::bad_request, "give an 'email' or a 'sub'");
  if (request.sub.size() > kMaxSubject) return fail(Errc::bad_request, "'sub' is longer than 255 bytes");
  if (request.expires_in < std::chrono::seconds(1) || request.expires_in > kLongest) {
    return fail(Errc::bad_request, "'expires_in' must be from 1 to 86400 seconds");
  }
  return request;
}

std::string subject_of_email(std::string_view email) {
  std::string subject;
  for (char c : email) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool kept = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept) {
      subject += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!subject.empty() && subject.back() != '-') {
      subject += '-';
    }
  }
  if (subject.ends_with('-')) subject.pop_back();
  return subject;
}

std::string make_token(const auth::Signer& signer, const auth::Application& application,
                       const TokenRequest& request, const std::optional<std::string>& active_tenant,
                       base::WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  json::Object claims{{"iss", application.issuer},
                      {"sub", request.sub},
                      {"iat", std::int64_t{seconds.count()}},
                      {"exp", std::int64_t{(seconds + request.expires_in).count()}},
                      {"sid", "dev_" + base::random_uuid()}};
  if (!request.email.empty()) {
    claims.set("email", request.email);
    claims.set("email_verified", true);
  }
  if (!request.name.empty()) claims.set("name", request.name);
  if (active_tenant) claims.set(application.tenant_claim, *active_tenant);
  return signer.sign(claims);
}

}  // namespace mycouch::app
