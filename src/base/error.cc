#include "base/error.h"

namespace mycouch {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::bad_request:
      return "bad_request";
    case Errc::query_parse_error:
      return "query_parse_error";
    case Errc::illegal_docid:
      return "illegal_docid";
    case Errc::illegal_database_name:
      return "illegal_database_name";
    case Errc::doc_validation:
      return "doc_validation";
    case Errc::unauthorized:
      return "unauthorized";
    case Errc::token_refresh_required:
      return "token_refresh_required";
    case Errc::forbidden:
      return "forbidden";
    case Errc::not_found:
      return "not_found";
    case Errc::method_not_allowed:
      return "method_not_allowed";
    case Errc::not_acceptable:
      return "not_acceptable";
    case Errc::request_timeout:
      return "request_timeout";
    case Errc::conflict:
      return "conflict";
    case Errc::missing_rev:
      return "missing_rev";
    case Errc::file_exists:
      return "file_exists";
    case Errc::precondition_failed:
      return "precondition_failed";
    case Errc::missing_stub:
      return "missing_stub";
    case Errc::md5_mismatch:
      return "md5_mismatch";
    case Errc::too_large:
      return "too_large";
    case Errc::attachment_too_large:
      return "attachment_too_large";
    case Errc::uri_too_long:
      return "uri_too_long";
    case Errc::header_too_large:
      return "header_too_large";
    case Errc::bad_content_type:
      return "bad_content_type";
    case Errc::range_not_satisfiable:
      return "range_not_satisfiable";
    case Errc::expectation_failed:
      return "expectation_failed";
    case Errc::not_implemented:
      return "not_implemented";
    case Errc::too_many_requests:
      return "too_many_requests";
    case Errc::unavailable:
      return "unavailable";
    case Errc::cancelled:
      return "cancelled";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace mycouch
