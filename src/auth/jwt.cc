#include "auth/jwt.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "auth/reasons.h"
#include "base/encoding.h"
#include "http/ascii.h"

namespace mycouch::auth {
namespace {

using base::WallTime;

std::unexpected<Error> refuse(const char* reason) {
  return fail(Errc::unauthorized, reason);
}

Result<std::string> decode_part(std::string_view part) {
  auto bytes = base::from_base64url(part);
  if (!bytes) return refuse(reason::kMalformedToken);
  return *std::move(bytes);
}

Result<json::Object> parse_object(std::string_view text) {
  auto value = json::parse(text);
  json::Object* object = value ? value->as_object() : nullptr;
  if (object == nullptr) return refuse(reason::kMalformedToken);
  return std::move(*object);
}

// `typ` is a media type that may leave out "application/" (RFC 7515, section 4.1.9).
bool is_token_type(std::string_view typ) {
  constexpr std::string_view kPrefix = "application/";
  if (http::equal_ignoring_case(typ.substr(0, kPrefix.size()), kPrefix)) typ.remove_prefix(kPrefix.size());
  return http::equal_ignoring_case(typ, "JWT") || http::equal_ignoring_case(typ, "at+jwt");
}

// A string member of the header, or nothing; of another type it makes the token malformed.
Result<std::optional<std::string_view>> header_string(const json::Object& header, std::string_view name) {
  if (!header.contains(name)) return std::nullopt;
  auto text = header.string(name);
  if (!text) return refuse(reason::kMalformedToken);
  return text;
}

Result<void> read_header(const json::Object& header, Jws& jws) {
  MYCOUCH_TRY(auto typ, header_string(header, "typ"));
  MYCOUCH_TRY(auto alg, header_string(header, "alg"));
  MYCOUCH_TRY(auto kid, header_string(header, "kid"));
  if (typ && !is_token_type(*typ)) return refuse(reason::kWrongType);
  if (header.contains("crit")) return refuse(reason::kCritical);
  if (!alg) return refuse(reason::kMalformedToken);
  auto algorithm = algorithm_from(*alg);
  if (!algorithm) return refuse(reason::kAlgorithm);
  if (!kid || kid->empty()) return refuse(reason::kNoKeyId);
  jws.algorithm = *algorithm;
  jws.kid = *kid;
  return {};
}

// A NumericDate (RFC 7519, section 2), or nothing. It is held within the years that RFC 3339 can write, so
// that arithmetic on it is safe.
Result<std::optional<WallTime>> time_claim(const json::Object& claims, std::string_view name) {
  const json::Value* claim = claims.find(name);
  if (claim == nullptr) return std::nullopt;
  auto seconds = claim->as_double();
  if (!seconds || !std::isfinite(*seconds)) return refuse(reason::kMalformedToken);
  constexpr double kYear9999 = 253'402'300'799;
  double milliseconds = std::clamp(*seconds, 0.0, kYear9999) * 1000;
  return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds)));
}

Result<WallTime> check_times(const json::Object& claims, WallTime now, std::chrono::seconds leeway) {
  MYCOUCH_TRY(auto expires, time_claim(claims, "exp"));
  MYCOUCH_TRY(auto not_before, time_claim(claims, "nbf"));
  MYCOUCH_TRY(auto issued_at, time_claim(claims, "iat"));
  if (!expires) return refuse(reason::kNoExpiry);
  if (now >= *expires + leeway) return refuse(reason::kExpired);
  if (not_before && *not_before > now + leeway) return refuse(reason::kNotYetValid);
  if (issued_at && *issued_at > now + leeway) return refuse(reason::kFromTheFuture);
  return *expires;
}

bool is_one_of(const json::Value* claim, const std::vector<std::string>& accepted) {
  const std::string* text = claim != nullptr ? claim->as_string() : nullptr;
  return text != nullptr && std::ranges::find(accepted, *text) != accepted.end();
}

// `aud` is a string or an array of strings (RFC 7519, section 4.1.3).
bool names_one_of(const json::Value* claim, const std::vector<std::string>& accepted) {
  const json::Array* several = claim != nullptr ? claim->as_array() : nullptr;
  if (several == nullptr) return is_one_of(claim, accepted);
  return std::ranges::any_of(*several, [&](const json::Value& each) { return is_one_of(&each, accepted); });
}

Result<void> check_audience(const json::Object& claims, const Application& application) {
  if (!application.audiences.empty() && !names_one_of(claims.find("aud"), application.audiences)) {
    return refuse(reason::kWrongAudience);
  }
  if (application.authorized_parties.empty()) return {};
  if (!is_one_of(claims.find("azp"), application.authorized_parties)) return refuse(reason::kWrongParty);
  return {};
}

// Clerk's session status: a user who has yet to choose an organization, or a new password, is not signed in.
// https://clerk.com/docs/guides/configure/session-tasks
Result<void> check_session(const json::Object& claims) {
  if (claims.string("sts") == "pending") return refuse(reason::kPendingSession);
  return {};
}

// C0, DEL and, in UTF-8, C1.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

Result<std::string> check_subject(const json::Object& claims) {
  std::string_view sub = claims.string("sub").value_or("");
  if (sub.empty()) return refuse(reason::kNoSubject);
  if (sub.size() > kMaxSubject) return refuse(reason::kSubjectTooLong);
  if (has_control_character(sub)) return refuse(reason::kSubjectControl);
  return std::string(sub);
}

// A claim that mycouch can do without: of another type it counts as absent.
std::string optional_claim(const json::Object& claims, std::string_view name) {
  return std::string(claims.string(name).value_or(""));
}

}  // namespace

Result<Jws> read_jws(std::string_view token) {
  if (token.size() > kMaxToken) return refuse(reason::kTokenTooLarge);
  std::size_t first = token.find('.');
  std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  // A third dot is found below: it is not in base64url's alphabet.
  if (second == std::string_view::npos) return refuse(reason::kMalformedToken);

  MYCOUCH_TRY(std::string header_text, decode_part(token.substr(0, first)));
  MYCOUCH_TRY(json::Object header, parse_object(header_text));
  Jws jws{.signed_text = token.substr(0, second), .algorithm = {}, .kid = {}, .payload = {}, .signature = {}};
  MYCOUCH_CHECK(read_header(header, jws));
  MYCOUCH_TRY(jws.payload, decode_part(token.substr(first + 1, second - first - 1)));
  MYCOUCH_TRY(jws.signature, decode_part(token.substr(second + 1)));
  return jws;
}

Result<json::Object> read_claims(std::string_view payload) {
  return parse_object(payload);
}

Result<Principal> check_claims(const json::Object& claims, std::shared_ptr<const Application> application,
                               WallTime now, std::chrono::seconds leeway) {
  MYCOUCH_TRY(WallTime expires, check_times(claims, now, leeway));
  MYCOUCH_CHECK(check_audience(claims, *application));
  MYCOUCH_CHECK(check_session(claims));
  MYCOUCH_TRY(std::string sub, check_subject(claims));

  Principal principal;
  principal.user_id = "user_" + application->subject_prefix + sub;
  principal.sub = std::move(sub);
  principal.sid = optional_claim(claims, "sid");
  principal.email = optional_claim(claims, "email");
  const json::Value* verified = claims.find("email_verified");
  principal.email_verified = verified != nullptr && *verified == json::Value(true);
  principal.name = optional_claim(claims, "name");
  if (auto tenant = claims.string(application->tenant_claim); tenant && !tenant->empty()) {
    principal.active_tenant = std::string(*tenant);
  }
  principal.expires = expires;
  principal.application = std::move(application);
  return principal;
}

}  // namespace mycouch::auth
