#include "store/couch/site.h"

#include <utility>

namespace mycouch::store::couch {

std::unexpected<Error> database_gone() {
  return fail(Errc::not_found, "Database does not exist.");
}

Result<std::string> Site::id_here(std::string_view upstream_id) const {
  std::optional<ConfinedId> confined = confined_id(layout(), upstream_id);
  if (confined && confined->partition == confinement.partition) return std::move(confined->id);
  return not_couchdb("a document that was not asked for");
}

Result<doc::Document> Site::document_here(doc::Document document) const {
  MYCOUCH_TRY(document.id, id_here(document.id));
  return document;
}

std::string Site::reason_here(std::string reason) const {
  const std::string prefix = layout() == Layout::plain ? "" : partition_prefix(confinement.partition);
  if (prefix.empty()) return reason;
  for (std::size_t at = reason.find(prefix); at != std::string::npos; at = reason.find(prefix, at)) {
    reason.erase(at, prefix.size());
  }
  return reason;
}

Task<http::Response> Site::send(http::UpstreamRequest request) const {
  // Another one of the same name may be there since.
  if (follower->gone()) co_return database_gone();
  MYCOUCH_CO_TRY(http::Response answer, co_await core->upstream.send(std::move(request)));
  if (answer.status < 400) co_return answer;
  Error error = error_of(answer);
  if (error.code == Errc::unavailable) co_return std::unexpected(std::move(error));
  if (answer.status == 404 && error.reason == "Database does not exist.") {
    core->forget(database());
    co_return database_gone();
  }
  co_return answer;
}

Task<http::Response> Site::post(std::string target, std::string body, bool repeatable) const {
  http::UpstreamRequest request{
      .method = http::Method::post, .target = std::move(target), .body = std::move(body)};
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json");
  request.repeatable = repeatable;
  co_return co_await send(std::move(request));
}

Task<bool> Site::index_ready(std::chrono::milliseconds patience) const {
  MYCOUCH_CO_TRY(const bool ready, co_await follower->caught_up(std::chrono::steady_clock::now() + patience));
  if (!ready) co_return false;
  MYCOUCH_CO_CHECK(co_await follower->settle(confinement.partition));
  co_return true;
}

Result<json::Outline> outline_of(const http::Response& answer, int depth) {
  MYCOUCH_CHECK(check_answer(answer));
  auto outline = json::outline(answer.body, depth);
  if (!outline) return not_couchdb("its answer is no JSON");
  return outline;
}

}  // namespace mycouch::store::couch
