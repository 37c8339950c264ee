// GET and POST /{db}/_all_docs.

#include "api/all_docs_query.h"
#include "api/errors.h"
#include "api/handlers.h"

namespace mycouch::api {
namespace {

Task<void> send_all_docs(DatabaseCall& call, sync::AllDocsOptions options) {
  ResponseStream stream(call, json_response(200, {}));
  MYCOUCH_CO_CHECK(co_await sync::all_docs(call.database(), std::move(options), stream));
  co_return co_await stream.finish();
}

}  // namespace

Task<void> get_all_docs(DatabaseCall& call) {
  MYCOUCH_CO_TRY(sync::AllDocsOptions options, parse_all_docs_query(call.query(), nullptr));
  co_return co_await send_all_docs(call, std::move(options));
}

Task<void> post_all_docs(DatabaseCall& call) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  MYCOUCH_CO_TRY(sync::AllDocsOptions options, parse_all_docs_query(call.query(), &body));
  co_return co_await send_all_docs(call, std::move(options));
}

}  // namespace mycouch::api
