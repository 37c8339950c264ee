// Errors as values: what a client, a disk or a network can cause.
//
// An exception in mycouch means a bug. Everything else travels as `Result<T>`: either a value or an `Error`,
// which is a meaning (`Errc`) and a sentence for the developer who called us. The table that gives each
// meaning its HTTP status and CouchDB's error word is in api/errors.h; below that layer nobody knows of HTTP.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mycouch {

enum class Errc {
  bad_request,             // malformed input of any kind
  query_parse_error,       // an option in the query string has an unusable value
  illegal_docid,           // a document id that CouchDB's rules refuse
  illegal_database_name,   // a database name that CouchDB's rules refuse
  doc_validation,          // a document member that begins with '_' and means nothing
  unauthorized,            // no credentials, or not accepted
  token_refresh_required,  // good credentials that lack the active tenant
  forbidden,               // known, and may not
  not_found,               // `missing`, `deleted`, no such database or route
  method_not_allowed,
  not_acceptable,
  request_timeout,
  conflict,             // a stale `_rev`
  missing_rev,          // an edit of a revision that is not there
  file_exists,          // a database of that name exists
  precondition_failed,  // e.g. a missing attachment stub
  missing_stub,         // an attachment stub that the parent revision does not hold
  md5_mismatch,         // content that is not what its digest says
  too_large,
  attachment_too_large,
  uri_too_long,
  header_too_large,
  bad_content_type,
  range_not_satisfiable,
  expectation_failed,
  not_implemented,
  too_many_requests,
  unavailable,  // the store (or a peer) cannot be reached or is full; nothing was half-written
  cancelled,    // the peer went away, or the server is stopping
  internal,     // a bug or a corrupt store; the reason is logged and not told
};

/// `reason` is read by developers; it never carries a secret, a token, or anything of another tenant.
struct Error {
  Errc code = Errc::internal;
  std::string reason;
  std::string_view word{};  // a literal: CouchDB's error word, where it tells more than the code's own
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::not_found, "missing");`
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string reason) {
  return std::unexpected(Error{code, std::move(reason)});
}

/// The enumerator's own name, for logs and test messages.
std::string_view to_string(Errc code);

}  // namespace mycouch

// MYCOUCH_TRY(auto x, expression): unwraps a Result, or returns its error from this function.
// MYCOUCH_CO_TRY is the same inside a coroutine.
#define MYCOUCH_CONCAT_(a, b) a##b
#define MYCOUCH_CONCAT(a, b) MYCOUCH_CONCAT_(a, b)
#define MYCOUCH_TRY_(temporary, declaration, expression, leave)        \
  auto temporary = (expression);                                       \
  if (!temporary) leave std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)
#define MYCOUCH_TRY(declaration, expression) \
  MYCOUCH_TRY_(MYCOUCH_CONCAT(try_, __LINE__), declaration, expression, return)
#define MYCOUCH_CO_TRY(declaration, expression) \
  MYCOUCH_TRY_(MYCOUCH_CONCAT(try_, __LINE__), declaration, expression, co_return)
// The same for a Result<void>.
#define MYCOUCH_CHECK_(temporary, expression, leave) \
  if (auto temporary = (expression); !temporary) leave std::unexpected(std::move(temporary).error())
#define MYCOUCH_CHECK(expression) MYCOUCH_CHECK_(MYCOUCH_CONCAT(check_, __LINE__), expression, return)
#define MYCOUCH_CO_CHECK(expression) MYCOUCH_CHECK_(MYCOUCH_CONCAT(check_, __LINE__), expression, co_return)
