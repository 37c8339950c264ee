#include "auth/authenticator.h"

#include <algorithm>
#include <utility>

#include "auth/issuers.h"
#include "auth/jwt.h"
#include "auth/reasons.h"
#include "auth/token_cache.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "http/ascii.h"

namespace mycouch::auth {
namespace {

using PrincipalPtr = std::shared_ptr<const Principal>;

std::unexpected<Error> refuse(const char* reason) {
  return fail(Errc::unauthorized, reason);
}

enum class Scheme : std::uint8_t { bearer, basic };

struct Credentials {
  Scheme scheme;
  std::string_view text;  // what follows the scheme's name
};

// RFC 9110, section 11.4.
Result<Credentials> read_header(std::optional<std::string_view> header) {
  if (!header) return refuse(reason::kNoCredentials);
  std::size_t space = std::min(header->find(' '), header->size());
  std::string_view scheme = header->substr(0, space);
  bool bearer = http::equal_ignoring_case(scheme, "bearer");
  if (scheme.empty()) return refuse(reason::kMalformedHeader);
  if (!bearer && !http::equal_ignoring_case(scheme, "basic")) return refuse(reason::kUnknownScheme);
  std::string_view text = header->substr(space);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.empty() || text.contains(' ')) return refuse(reason::kMalformedHeader);
  return Credentials{bearer ? Scheme::bearer : Scheme::basic, text};
}

// Base64 has one canonical form, so that comparing what was sent is as good as comparing what it says.
// Digests are compared so that neither the time taken nor the length tells of the password.
class AdministratorGate {
 public:
  explicit AdministratorGate(const Administrator& administrator)
      : open_(!administrator.password.empty()),
        expected_(base::sha256(base::to_base64(administrator.user + ':' + administrator.password))) {
    Principal principal;
    principal.administrator = true;
    principal.name = administrator.user;
    principal.expires = base::WallTime::max();
    principal_ = std::make_shared<const Principal>(std::move(principal));
  }

  Result<PrincipalPtr> check(std::string_view credentials) const {
    base::Sha256 digest = base::sha256(credentials);
    if (base::equal_in_constant_time(base::as_text(digest), base::as_text(expected_)) && open_)
      return principal_;
    auto decoded = base::from_base64(credentials);
    if (!decoded || !decoded->contains(':')) return refuse(reason::kMalformedHeader);
    return refuse(reason::kWrongPassword);
  }

 private:
  bool open_;
  base::Sha256 expected_;
  PrincipalPtr principal_;
};

}  // namespace

struct Authenticator::State {
  Issuers& issuers;
  const AdministratorGate gate;
  const AuthenticatorOptions options;
  const base::Clock& clock;
  base::Pool& pool;
  TokenCache cache;

  /// Verifies a token that is not in the cache. What costs little is checked first: a stale token, which is
  /// the usual bad one, pays for no signature, and a token that cannot be accepted makes nobody fetch keys.
  Task<PrincipalPtr> verify(std::string token) {
    MYCOUCH_CO_TRY(Jws jws, read_jws(token));
    MYCOUCH_CO_TRY(json::Object claims, read_claims(jws.payload));
    auto issuer = issuers.find(claims.string("iss").value_or(""));
    if (!issuer) co_return refuse(reason::kUnknownIssuer);
    const auto& allowed = issuer->application->algorithms;
    if (std::ranges::find(allowed, jws.algorithm) == allowed.end()) co_return refuse(reason::kAlgorithm);
    MYCOUCH_CO_TRY(Principal principal,
                   check_claims(claims, issuer->application, clock.now(), options.leeway));

    MYCOUCH_CO_TRY(std::shared_ptr<const TrustedKey> key, co_await issuer->keys->key(jws.kid));
    if (!key->key().fits(jws.algorithm)) co_return refuse(reason::kAlgorithm);
    // The lambda's references are to this coroutine's frame, which waits for it.
    bool genuine =
        co_await pool.run([&] { return key->key().verify(jws.algorithm, jws.signed_text, jws.signature); });
    if (!genuine) co_return refuse(reason::kBadSignature);

    auto accepted = std::make_shared<const Principal>(std::move(principal));
    cache.insert(base::sha256(token), accepted, std::move(key), accepted->expires + options.leeway);
    co_return accepted;
  }
};

Authenticator::Authenticator(Issuers& issuers, Administrator administrator, AuthenticatorOptions options,
                             const base::Clock& clock, base::Pool& pool)
    : state_(new State{issuers, AdministratorGate(administrator), options, clock, pool,
                       TokenCache(options.cache_entries)}) {}

Authenticator::~Authenticator() = default;

Task<PrincipalPtr> Authenticator::authenticate(std::optional<std::string> header) {
  if (auto known = cached(header)) co_return *std::move(known);
  MYCOUCH_CO_TRY(Credentials credentials, read_header(header));
  co_return co_await state_->verify(std::string(credentials.text));
}

std::optional<Result<PrincipalPtr>> Authenticator::cached(std::optional<std::string_view> header) {
  auto credentials = read_header(header);
  if (!credentials) return std::unexpected(std::move(credentials).error());
  if (credentials->scheme == Scheme::basic) return state_->gate.check(credentials->text);
  if (credentials->text.size() > kMaxToken) return refuse(reason::kTokenTooLarge);
  if (auto known = state_->cache.find(base::sha256(credentials->text), state_->clock.now())) return known;
  return std::nullopt;
}

}  // namespace mycouch::auth
