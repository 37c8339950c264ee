#include "http/request_parser.h"

#include <limits>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "http/ascii.h"

namespace mycouch::http {

namespace beast = boost::beast;
using beast::error_code;

namespace {

Method method_of(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::get;
    case beast::http::verb::head:
      return Method::head;
    case beast::http::verb::put:
      return Method::put;
    case beast::http::verb::post:
      return Method::post;
    case beast::http::verb::delete_:
      return Method::delete_;
    case beast::http::verb::options:
      return Method::options;
    case beast::http::verb::copy:
      return Method::copy;
    default:
      return Method::other;
  }
}

// "http://host/path" is for proxies, but a server has to accept it too (RFC 9112 section 3.2.2).
std::string_view origin_form(std::string_view target) {
  std::size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme == std::string_view::npos) return target;
  std::size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

// Beast's grammar, which fills a Request instead of Beast's own message.
class RequestGrammar final : public beast::http::basic_parser<true> {
 public:
  RequestGrammar(Request& request, std::size_t max_head) : request_(request) {
    header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(max_head, std::numeric_limits<std::uint32_t>::max())));
    body_limit(boost::none);
  }

  bool line_done = false;
  bool http_1_0 = false;
  unsigned hosts = 0;
  bool unknown_coding = false;
  bool expects_continue = false;
  bool unknown_expectation = false;
  std::string* body = nullptr;

 private:
  void on_request_impl(beast::http::verb verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    line_done = true;
    http_1_0 = version == 10;
    request_.method = method_of(verb);
    request_.method_text.assign(method.data(), method.size());
    request_.target = origin_form({target.data(), target.size()});
  }

  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    if (is_header_done()) return;  // a trailer field
    std::string_view text(value.data(), value.size());
    if (field == beast::http::field::host) ++hosts;
    if (field == beast::http::field::transfer_encoding && !equal_ignoring_case(text, "chunked")) {
      unknown_coding = true;
    }
    if (field == beast::http::field::expect && !http_1_0) {
      (equal_ignoring_case(text, "100-continue") ? expects_continue : unknown_expectation) = true;
    }
    request_.headers.add({name.data(), name.size()}, std::string(text));
  }

  void on_header_impl(error_code&) override {}
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  std::size_t on_body_impl(beast::string_view bytes, error_code&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }

  Request& request_;
};

std::unexpected<Error> malformed(const error_code& error) {
  return fail(Errc::bad_request, "malformed request: " + error.message());
}

}  // namespace

struct RequestParser::Grammar {
  std::optional<RequestGrammar> now;
};

RequestParser::RequestParser(std::size_t max_head)
    : max_head_(max_head), grammar_(std::make_unique<Grammar>()) {
  reset();
}
RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  head_bytes_ = 0;
  request_.headers.clear();
  request_.content_length.reset();
  request_.has_body = false;
  grammar_->now.emplace(request_, max_head_);
}

Result<std::size_t> RequestParser::parse_head(std::string_view input) {
  RequestGrammar& grammar = *grammar_->now;
  std::size_t taken = 0;
  if (!grammar.line_done) {
    // Empty lines before a request are left by clients that end a body with one (RFC 9112 section 2.2).
    while (input.substr(taken).starts_with("\r\n")) taken += 2;
    if (std::string_view rest = input.substr(taken); rest.empty() || rest == "\r") {
      head_bytes_ += taken;
      if (head_bytes_ > max_head_) return fail(Errc::bad_request, "nothing but empty lines");
      return taken;
    }
  }
  error_code error;
  taken += grammar.put(boost::asio::buffer(input.substr(taken)), error);
  head_bytes_ += taken;
  bool wants_more = error == beast::http::error::need_more;
  // Beast's own limit holds for each field: it forgets those that it has taken.
  std::size_t seen = wants_more ? head_bytes_ + input.size() - taken : head_bytes_;
  if (seen > max_head_ || error == beast::http::error::header_limit) {
    if (!grammar.line_done) return fail(Errc::uri_too_long, "the request line is too long");
    return fail(Errc::header_too_large, "the request's header fields are too large");
  }
  if (error && !wants_more) return malformed(error);
  if (head_done()) MYCOUCH_CHECK(check_head());
  return taken;
}

Result<void> RequestParser::check_head() {
  const RequestGrammar& grammar = *grammar_->now;
  if (grammar.hosts > 1 || (grammar.hosts == 0 && !grammar.http_1_0)) {
    return fail(Errc::bad_request, "a request needs exactly one Host field");
  }
  if (grammar.unknown_coding) return fail(Errc::not_implemented, "the only transfer coding is chunked");
  if (grammar.http_1_0 && grammar.chunked()) {
    return fail(Errc::bad_request, "HTTP/1.0 has no transfer codings");
  }
  if (grammar.unknown_expectation) {
    return fail(Errc::expectation_failed, "the only expectation is 100-continue");
  }
  request_.has_body = !grammar.is_done();
  if (auto length = grammar.content_length()) request_.content_length = *length;
  return {};
}

bool RequestParser::head_done() const {
  return grammar_->now->is_header_done();
}
bool RequestParser::started() const {
  return head_bytes_ > 0 || grammar_->now->got_some();
}
bool RequestParser::done() const {
  return grammar_->now->is_done();
}
bool RequestParser::keep_alive() const {
  return grammar_->now->keep_alive();
}
bool RequestParser::http_1_0() const {
  return grammar_->now->http_1_0;
}
bool RequestParser::expects_continue() const {
  return grammar_->now->expects_continue;
}

Result<std::size_t> RequestParser::parse_body(std::string_view input, std::string& body) {
  RequestGrammar& grammar = *grammar_->now;
  grammar.body = &body;
  error_code error;
  std::size_t taken = grammar.put(boost::asio::buffer(input), error);
  if (error && error != beast::http::error::need_more) return malformed(error);
  return taken;
}

}  // namespace mycouch::http
