// Why a caller was not let in: the reason of each `unauthorized` error. Clients and operators read these, so
// they are part of the interface; none carries a token or a part of one.
#pragma once

namespace mycouch::auth::reason {

// The header.
inline constexpr auto kNoCredentials = "no credentials";  // no Authorization field
inline constexpr auto kMalformedHeader = "malformed Authorization header";
inline constexpr auto kUnknownScheme = "authorization scheme not supported";  // neither Bearer nor Basic
inline constexpr auto kWrongPassword = "name or password is incorrect";  // Basic, whichever of the two it is

// The token's form.
inline constexpr auto kTokenTooLarge = "token too large";  // over kMaxToken
inline constexpr auto kMalformedToken =
    "malformed token";  // not three parts of strict base64url, not JSON objects, a member of the wrong type
inline constexpr auto kWrongType = "token type not accepted";  // `typ` is neither JWT nor at+jwt
inline constexpr auto kCritical = "critical header parameter not supported";  // `crit` is there
inline constexpr auto kAlgorithm = "algorithm not allowed";  // by mycouch, the issuer or the key
inline constexpr auto kNoKeyId = "no key id";                // the header has no `kid`

// Its issuer and signature.
inline constexpr auto kUnknownIssuer =
    "unknown issuer";  // no application has exactly this `iss`, or there is none
inline constexpr auto kUnknownKeyId = "unknown key id";  // not in the issuer's present key set
inline constexpr auto kBadSignature = "bad signature";

// Its claims.
inline constexpr auto kNoExpiry = "no expiry";  // `exp` is absent
inline constexpr auto kExpired = "token expired";
inline constexpr auto kNotYetValid = "token not yet valid";           // `nbf` is ahead
inline constexpr auto kFromTheFuture = "token issued in the future";  // `iat` is ahead
inline constexpr auto kWrongAudience = "wrong audience";              // `aud` names none of the application's
inline constexpr auto kWrongParty = "wrong authorized party";         // `azp` is none of the application's
inline constexpr auto kPendingSession =
    "session pending: the user has tasks to complete at the issuer";  // `sts` is "pending"
inline constexpr auto kNoSubject = "no subject";             // `sub` is absent, empty or not a string
inline constexpr auto kSubjectTooLong = "subject too long";  // over kMaxSubject
inline constexpr auto kSubjectControl = "control character in subject";

// Not the caller's fault: `unavailable`.
inline constexpr auto kNoKeys = "the issuer's keys cannot be fetched";

}  // namespace mycouch::auth::reason
