// POST /{db}/_purge: revisions that go without a trace.

#include <algorithm>

#include "api/handlers.h"
#include "json/outline.h"
#include "json/writer.h"
#include "sync/limits.h"
#include "sync/revs_diff.h"

namespace mycouch::api {
namespace {

// CouchDB's limits of one request.
constexpr std::size_t kMaxDocuments = 100;
constexpr std::size_t kMaxRevisions = 1000;

Result<std::vector<store::Database::PurgeRequest>> read_requests(std::string_view body) {
  MYCOUCH_TRY(sync::RevisionsAsked asked, sync::read_revisions_asked(body));
  if (asked.size() > kMaxDocuments) return fail(Errc::bad_request, "Exceeded maximum number of documents.");
  std::vector<store::Database::PurgeRequest> requests;
  std::size_t revisions = 0;
  for (auto& [id, list] : asked) {
    revisions += list.size();
    requests.push_back({.id = std::move(id), .revisions = std::move(list)});
  }
  if (revisions > kMaxRevisions) return fail(Errc::bad_request, "Exceeded maximum number of revisions.");
  return requests;
}

}  // namespace

Task<void> post_purge(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string body, co_await call.read_json());
  MYCOUCH_CO_TRY(auto requests, read_requests(body));
  std::vector<std::string> ids;
  ids.reserve(requests.size());
  for (const auto& request : requests) ids.push_back(request.id);
  MYCOUCH_CO_TRY(auto purged, co_await call.database().purge_revisions(std::move(requests)));
  std::string answer = R"({"purge_seq":null,"purged":{)";
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) answer += ',';
    json::append_string(answer, ids[i]);
    answer += ":[";
    std::ranges::sort(purged[i]);
    for (const doc::Revision& revision : purged[i]) {
      if (answer.back() != '[') answer += ',';
      json::append_string(answer, revision.text());
    }
    answer += ']';
  }
  co_return co_await call.send_json(201, answer + "}}");
}

}  // namespace mycouch::api
