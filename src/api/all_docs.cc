// GET and POST of /{db}/_all_docs, _design_docs and _local_docs, and POST of their `queries`.

#include "api/all_docs_query.h"
#include "api/errors.h"
#include "api/handlers.h"

namespace mycouch::api {
namespace {

using sync::Listing;

Task<void> send_listing(DatabaseCall& call, Listing listing, const json::Object* body) {
  MYCOUCH_CO_TRY(sync::AllDocsOptions options, parse_all_docs_query(call.query(), body));
  ResponseStream stream(call, json_response(200, {}));
  MYCOUCH_CO_CHECK(co_await sync::all_docs(call.database(), listing, std::move(options), stream));
  stream.text() += '\n';
  co_return co_await stream.finish();
}

Task<void> post_listing(DatabaseCall& call, Listing listing) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  co_return co_await send_listing(call, listing, &body);
}

Task<void> send_listings(DatabaseCall& call, Listing listing) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  MYCOUCH_CO_TRY(auto queries, parse_all_docs_queries(call.query(), body));
  ResponseStream stream(call, json_response(200, {}));
  stream.text() += R"({"results":[)";
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (i > 0) stream.text() += ',';
    stream.text() += "\r\n";
    MYCOUCH_CO_CHECK(co_await sync::all_docs(call.database(), listing, std::move(queries[i]), stream));
  }
  stream.text() += "\r\n]}\n";
  co_return co_await stream.finish();
}

}  // namespace

Task<void> get_all_docs(DatabaseCall& call) {
  return send_listing(call, Listing::all, nullptr);
}

Task<void> post_all_docs(DatabaseCall& call) {
  return post_listing(call, Listing::all);
}

Task<void> post_all_docs_queries(DatabaseCall& call) {
  return send_listings(call, Listing::all);
}

Task<void> get_design_docs(DatabaseCall& call) {
  return send_listing(call, Listing::design, nullptr);
}

Task<void> post_design_docs(DatabaseCall& call) {
  return post_listing(call, Listing::design);
}

Task<void> post_design_docs_queries(DatabaseCall& call) {
  return send_listings(call, Listing::design);
}

Task<void> get_local_docs(DatabaseCall& call) {
  return send_listing(call, Listing::local, nullptr);
}

Task<void> post_local_docs(DatabaseCall& call) {
  return post_listing(call, Listing::local);
}

Task<void> post_local_docs_queries(DatabaseCall& call) {
  return send_listings(call, Listing::local);
}

}  // namespace mycouch::api
