// What replicators do to many documents at once: _bulk_docs, _bulk_get, _revs_diff, _missing_revs.

#include <algorithm>
#include <array>

#include "api/document_query.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "api/multipart_answers.h"
#include "json/writer.h"
#include "sync/bulk_docs.h"
#include "sync/bulk_get.h"
#include "sync/revs_diff.h"

namespace mycouch::api {
namespace {

// Options of single documents that make no sense for many.
constexpr std::array<std::string_view, 5> kNotForBulkGet = {"open_revs", "new_edits", "w", "rev",
                                                            "atts_since"};

void append_outcome(std::string& out, const sync::BulkOutcome& row, bool with_rev) {
  out += row.error ? R"({"id":)" : R"({"ok":true,"id":)";
  json::append_string(out, row.id);
  if (with_rev || !row.error) {
    out += R"(,"rev":)";
    json::append_string(out, row.rev);
  }
  if (row.error) {
    out += R"(,"error":)";
    json::append_string(out, word_of(row.error->code));
    out += R"(,"reason":)";
    json::append_string(out, row.error->reason);
  }
  out += '}';
}

}  // namespace

// With new_edits=false only what failed is told.
Task<void> post_bulk_docs(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string body, co_await call.read_json());
  MYCOUCH_CO_TRY(auto outcomes, co_await sync::bulk_docs(call.database(), std::move(body), call.rules()));
  ResponseStream stream(call, json_response(201, {}));
  stream.text() += '[';
  bool first = true;
  for (const sync::BulkOutcome& row : outcomes.rows) {
    if (!outcomes.new_edits && !row.error) continue;
    if (!std::exchange(first, false)) stream.text() += ',';
    append_outcome(stream.text(), row, !outcomes.new_edits && !row.rev.empty());
    if (stream.full()) MYCOUCH_CO_CHECK(co_await stream.flush());
  }
  stream.text() += "]\n";
  co_return co_await stream.finish();
}

Task<void> post_bulk_get(DatabaseCall& call) {
  for (const auto& [name, value] : call.query()) {
    if (std::ranges::find(kNotForBulkGet, name) != kNotForBulkGet.end()) {
      co_return fail(Errc::bad_request, json::quoted(name) + " query parameter is not acceptable");
    }
  }
  MYCOUCH_CO_TRY(DocumentQuery query, parse_document_query(call.query()));
  leave_out_the_tree(query.read);
  MYCOUCH_CO_TRY(std::string body, co_await call.read_json());
  MYCOUCH_CO_TRY(auto entries, sync::read_bulk_get(body));
  if (wants_bulk_multipart(call)) {
    co_return co_await send_bulk_multipart(call, call.database(), std::move(entries), std::move(query.read));
  }
  ResponseStream stream(call, json_response(200, {}));
  MYCOUCH_CO_CHECK(co_await sync::bulk_get(call.database(), std::move(entries), query.read, word_of, stream));
  stream.text() += '\n';
  co_return co_await stream.finish();
}

Task<void> post_revs_diff(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string body, co_await call.read_json());
  MYCOUCH_CO_TRY(auto asked, sync::read_revisions_asked(body));
  MYCOUCH_CO_TRY(auto diffs, co_await call.database().revs_diff(std::move(asked)));
  std::string answer;
  sync::append_revs_diff(answer, diffs);
  co_return co_await call.send_json(200, std::move(answer));
}

Task<void> post_missing_revs(DatabaseCall& call) {
  MYCOUCH_CO_TRY(std::string body, co_await call.read_json());
  MYCOUCH_CO_TRY(auto asked, sync::read_revisions_asked(body));
  MYCOUCH_CO_TRY(auto diffs, co_await call.database().revs_diff(std::move(asked)));
  std::string answer;
  sync::append_missing_revs(answer, diffs);
  co_return co_await call.send_json(200, std::move(answer));
}

}  // namespace mycouch::api
