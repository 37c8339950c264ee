// Mango: _find, _explain, and the indexes behind them.

#include "sync/find.h"

#include <charconv>

#include "api/errors.h"
#include "api/handlers.h"
#include "json/writer.h"
#include "sync/mango_indexes.h"

namespace mycouch::api {
namespace {

// From the first question on, the connection is watched for its end.
std::function<bool()> client_waits(http::Exchange& exchange) {
  return [&exchange, watched = false]() mutable {
    if (!std::exchange(watched, true)) exchange.watch(base::Waiter::create(exchange.executor()));
    return !exchange.peer_gone() && !exchange.stopping();
  };
}

// A number of GET _index.
Result<std::optional<std::uint64_t>> count_of(const http::Query& query, std::string_view name,
                                              std::uint64_t least) {
  auto text = query.find(name);
  if (!text) return std::nullopt;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error == std::errc() && end == text->data() + text->size() && count >= least) return count;
  return std::unexpected(Error{.code = Errc::bad_request,
                               .reason = "Index parameter ranges: limit > 1, skip > 0",
                               .word = "invalid_list_index_params"});
}

}  // namespace

Task<void> post_find(DatabaseCall& call) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  MYCOUCH_CO_TRY(sync::FindRequest request, sync::parse_find(body));
  ResponseStream stream(call, json_response(200, {}));
  MYCOUCH_CO_CHECK(
      co_await sync::find(call.database(), std::move(request), client_waits(call.exchange()), stream));
  co_return co_await stream.finish();
}

Task<void> post_explain(DatabaseCall& call) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  MYCOUCH_CO_TRY(sync::FindRequest request, sync::parse_find(body));
  MYCOUCH_CO_TRY(json::Object answer, co_await sync::explain(call.database(), std::move(request)));
  co_return co_await call.send_json(200, json::write(answer));
}

Task<void> get_indexes(DatabaseCall& call) {
  sync::IndexPage page;
  MYCOUCH_CO_TRY(page.limit, count_of(call.query(), "limit", 1));
  MYCOUCH_CO_TRY(auto skip, count_of(call.query(), "skip", 0));
  page.skip = skip.value_or(0);
  MYCOUCH_CO_TRY(json::Object answer, co_await sync::list_indexes(call.database(), page));
  co_return co_await call.send_json(200, json::write(answer));
}

Task<void> post_index(DatabaseCall& call) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  MYCOUCH_CO_TRY(json::Object answer,
                 co_await sync::create_index(call.database(), std::move(body), call.rules()));
  co_return co_await call.send_json(200, json::write(answer));
}

Task<void> post_index_bulk_delete(DatabaseCall& call) {
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  MYCOUCH_CO_TRY(json::Object answer,
                 co_await sync::delete_indexes(call.database(), std::move(body), call.rules()));
  co_return co_await call.send_json(200, json::write(answer));
}

Task<void> delete_index(DatabaseCall& call) {
  if (call.parameter("type") != "json") co_return fail(Errc::not_found, "missing");
  MYCOUCH_CO_CHECK(co_await sync::delete_index(call.database(), std::string(call.parameter("design")),
                                               std::string(call.parameter("name")), call.rules()));
  co_return co_await call.send_json(200, R"({"ok":true})");
}

}  // namespace mycouch::api
