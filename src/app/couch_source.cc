#include "app/couch_source.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/waiter.h"
#include "json/outline.h"
#include "json/value.h"
#include "json/writer.h"

namespace mycouch::app {
namespace {

constexpr std::chrono::seconds kStepTimeout(60);
constexpr std::array<std::chrono::milliseconds, 4> kPauses = {
    std::chrono::milliseconds(250), std::chrono::seconds(1), std::chrono::seconds(3),
    std::chrono::seconds(10)};
// A page of changes, or of documents, in memory at a time.
constexpr std::size_t kMaxPage = std::size_t{64} << 20;

// What a source says of itself, cut short: a proxy's page may be long.
constexpr std::size_t kMaxQuoted = 200;

std::unexpected<Error> failed(std::string reason) {
  return fail(Errc::unavailable, std::move(reason));
}

bool may_pass(unsigned status) {
  return status == 429 || (status >= 500 && status != 501);
}

bool is_json(const http::Response& response) {
  return response.headers.find("Content-Type").value_or("").starts_with("application/json");
}

std::string reason_of(const http::Response& response) {
  if (!is_json(response)) return "";
  const Result<json::Value> body = json::parse(response.body);
  const json::Object* object = body ? body->as_object() : nullptr;
  const std::optional<std::string_view> reason = object ? object->string("reason") : std::nullopt;
  // As JSON: nothing in it can play with the terminal.
  return reason ? ": " + json::quoted(reason->substr(0, kMaxQuoted)) : "";
}

// Whether an answer is what was asked for: 200 and JSON.
Result<void> check_answer(const http::Response& response, const SourceAddress& address) {
  switch (response.status) {
    case 200:
      break;
    case 401:
    case 403:
      return failed(fmt::format("{} refuses the user name and password{}", address.url, reason_of(response)));
    case 404:
      return failed(fmt::format("{}: there is no such database{}", address.url, reason_of(response)));
    case 413:
      return fail(Errc::too_large, "the source finds the request too large");
    default:
      return failed(
          fmt::format("{} answers with status {}{}", address.url, response.status, reason_of(response)));
  }
  if (is_json(response)) return {};
  const std::string type(response.headers.find("Content-Type").value_or("nothing"));
  return failed(fmt::format("{} answers with {} where CouchDB answers with JSON: is a proxy in between?",
                            address.url, json::quoted(type.substr(0, kMaxQuoted))));
}

std::unexpected<Error> no_couchdb(const SourceAddress& address, std::string_view what) {
  return failed(fmt::format("{} is no CouchDB database: {}", address.url, what));
}

// The options of a URL's user information, decoded.
Result<std::string> authorization_of(std::string_view credentials) {
  const std::size_t colon = credentials.find(':');
  const auto user = base::percent_decode(credentials.substr(0, colon));
  const auto password = base::percent_decode(colon == std::string_view::npos ? std::string_view()
                                                                             : credentials.substr(colon + 1));
  if (!user || !password) return fail(Errc::bad_request, "a bad escape in the URL's user name or password");
  return "Basic " + base::to_base64(*user + ":" + *password);
}

std::string text_of_sequence(const json::Node& node) {
  return node.kind == json::Kind::string ? json::decode_string(node.text) : std::string(node.text);
}

std::optional<SourceRow> row_of(const json::Outline& outline, const json::Node& node) {
  const json::Node* id = outline.find(node, "id");
  const json::Node* changes = outline.find(node, "changes");
  if (id == nullptr || id->kind != json::Kind::string || changes == nullptr) return std::nullopt;
  SourceRow row{json::decode_string(id->text), {}};
  for (const json::Node& change : outline.children(*changes)) {
    const json::Node* rev = outline.find(change, "rev");
    if (rev == nullptr || rev->kind != json::Kind::string) return std::nullopt;
    row.revs.push_back(json::decode_string(rev->text));
  }
  return row;
}

std::optional<SourcePage> page_of(const json::Outline& outline) {
  const json::Node* results = outline.find(outline.root(), "results");
  const json::Node* last_seq = outline.find(outline.root(), "last_seq");
  if (results == nullptr || results->kind != json::Kind::array || last_seq == nullptr) return std::nullopt;
  SourcePage page{{}, text_of_sequence(*last_seq), 0};
  for (const json::Node& node : outline.children(*results)) {
    std::optional<SourceRow> row = row_of(outline, node);
    if (!row) return std::nullopt;
    page.rows.push_back(*std::move(row));
  }
  if (const json::Node* pending = outline.find(outline.root(), "pending"); pending != nullptr) {
    page.pending = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, json::value_of(pending->text).as_int().value_or(0)));
  }
  return page;
}

// `_design/x` keeps its slash; everything else of an id is escaped.
std::string path_of(std::string_view id) {
  constexpr std::string_view kDesign = "_design/";
  if (!id.starts_with(kDesign)) return base::percent_encode(id);
  return std::string(kDesign) + base::percent_encode(id.substr(kDesign.size()));
}

http::ClientRequest request_for(const SourceAddress& address, std::string_view target) {
  http::ClientRequest request;
  request.url = address.url + std::string(target);
  request.timeout = kStepTimeout;
  request.max_response = kMaxPage;
  request.repeatable = true;
  if (!address.authorization.empty()) request.headers.add("Authorization", address.authorization);
  return request;
}

}  // namespace

Result<SourceAddress> parse_source(std::string_view text) {
  SourceAddress address;
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return fail(Errc::bad_request, "not an http or https URL");
  std::string_view scheme = text.substr(0, mark + 3);
  std::string_view rest = text.substr(mark + 3);
  const std::size_t end_of_authority = std::min(rest.find_first_of("/?#"), rest.size());
  if (const std::size_t at = rest.substr(0, end_of_authority).rfind('@'); at != std::string_view::npos) {
    MYCOUCH_TRY(address.authorization, authorization_of(rest.substr(0, at)));
    rest.remove_prefix(at + 1);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  address.url = std::string(scheme) + std::string(rest);
  MYCOUCH_TRY(const http::Url url, http::parse_url(address.url));
  const std::string_view path = url.target;
  if (path == "/" || path.find('?') != std::string_view::npos || address.url.find('#') != std::string::npos) {
    return fail(Errc::bad_request, "the URL must end with the name of a database");
  }
  const auto name = base::percent_decode(path.substr(path.rfind('/') + 1));
  if (!name) return fail(Errc::bad_request, "a bad escape in the URL's database name");
  address.database = *name;
  return address;
}

CouchSource::CouchSource(SourceAddress address) : address_(std::move(address)) {}

Task<http::Response> CouchSource::send(http::ClientRequest request, http::TakePiece take) {
  Result<http::Response> response = co_await session_.fetch(std::move(request), std::move(take));
  if (!response && response.error().code == Errc::unavailable) {
    co_return failed(fmt::format("{} cannot be read: {}", address_.url, response.error().reason));
  }
  has_answered_ = has_answered_ || response.has_value();
  co_return response;
}

Task<http::Response> CouchSource::send_patiently(http::ClientRequest request) {
  return try_patiently([this, request = std::move(request)] { return send(request); });
}

Task<http::Response> CouchSource::try_patiently(Attempt attempt) {
  auto waiter = base::Waiter::create(co_await boost::asio::this_coro::executor);
  for (std::chrono::milliseconds pause : kPauses) {
    Result<http::Response> response = co_await attempt();
    const bool passing = response ? may_pass(response->status) : response.error().code == Errc::unavailable;
    if (!passing || !has_answered_) co_return response;
    co_await waiter->wait_until(std::chrono::steady_clock::now() + pause);
  }
  co_return co_await attempt();
}

Task<void> CouchSource::check() {
  http::ClientRequest request = request_for(address_, "");
  request.headers.add("Accept", "application/json");
  MYCOUCH_CO_TRY(const http::Response response, co_await send_patiently(std::move(request)));
  MYCOUCH_CO_CHECK(check_answer(response, address_));
  const Result<json::Value> body = json::parse(response.body);
  const json::Object* object = body ? body->as_object() : nullptr;
  if (object == nullptr) co_return no_couchdb(address_, "its answer is no JSON object");
  if (!object->contains("db_name") || !object->contains("update_seq")) {
    co_return no_couchdb(address_, "its answer has no \"db_name\" and \"update_seq\"");
  }
  co_return Result<void>();
}

Task<SourcePage> CouchSource::changes(std::string since, std::size_t limit) {
  http::ClientRequest request = request_for(
      address_,
      fmt::format("/_changes?style=all_docs&limit={}&since={}", limit, base::percent_encode(since)));
  request.headers.add("Accept", "application/json");
  MYCOUCH_CO_TRY(const http::Response response, co_await send_patiently(std::move(request)));
  MYCOUCH_CO_CHECK(check_answer(response, address_));
  constexpr int kDepth = 5;  // the answer, `results`, a row, `changes`, a change, its members
  const Result<json::Outline> outline = json::outline(response.body, kDepth);
  if (!outline)
    co_return no_couchdb(address_, "the answer of _changes is no JSON: " + outline.error().reason);
  std::optional<SourcePage> page = page_of(*outline);
  if (!page) co_return no_couchdb(address_, "_changes has an unknown form");
  co_return *std::move(page);
}

Task<std::string> CouchSource::revisions(std::vector<SourceRevision> asked, bool latest) {
  http::ClientRequest request =
      request_for(address_, latest ? "/_bulk_get?revs=true&latest=true" : "/_bulk_get?revs=true");
  request.method = http::Method::post;
  request.headers.add("Accept", "application/json");
  request.headers.add("Content-Type", "application/json");
  for (const SourceRevision& revision : asked) {
    request.body += request.body.empty() ? R"({"docs":[{"id":)" : R"(,{"id":)";
    json::append_string(request.body, revision.id);
    request.body += R"(,"rev":)";
    json::append_string(request.body, revision.rev);
    request.body += '}';
  }
  request.body += "]}";
  MYCOUCH_CO_TRY(http::Response response, co_await send_patiently(std::move(request)));
  MYCOUCH_CO_CHECK(check_answer(response, address_));
  co_return std::move(response.body);
}

Task<std::shared_ptr<const doc::StoredContent>> CouchSource::attachment(SourceRevision of, std::string name,
                                                                        std::uint64_t max_bytes,
                                                                        OpenWriter open) {
  http::ClientRequest request = request_for(
      address_,
      fmt::format("/{}/{}?rev={}", path_of(of.id), base::percent_encode(name), base::percent_encode(of.rev)));
  request.max_response = max_bytes;
  std::unique_ptr<store::AttachmentWriter> writer;
  // What the store says is not the source's fault, and is not tried again.
  std::optional<Error> not_stored;
  auto take = [&writer, &not_stored](std::string piece) -> Task<void> {
    Result<void> written = co_await writer->write(std::move(piece));
    if (written) co_return written;
    not_stored = std::move(written).error();
    co_return fail(Errc::internal, "not stored");
  };
  auto attempt = [this, &open, &writer, &request, take]() -> Task<http::Response> {
    MYCOUCH_CO_TRY(writer, co_await open());
    co_return co_await send(request, take);
  };
  Result<http::Response> response = co_await try_patiently(attempt);
  if (not_stored) co_return std::unexpected(*std::move(not_stored));
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status == 404) co_return fail(Errc::not_found, "the source has no such attachment");
  if (response->status != 200) MYCOUCH_CO_CHECK(check_answer(*response, address_));
  co_return co_await writer->finish();
}

}  // namespace mycouch::app
