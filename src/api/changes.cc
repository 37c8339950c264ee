// GET and POST /{db}/_changes.

#include <algorithm>

#include "api/changes_query.h"
#include "api/errors.h"
#include "api/handlers.h"
#include "sync/feed.h"

namespace mycouch::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A feed ends this long before its token expires…
constexpr std::chrono::seconds kBeforeExpiry{1};
// …but lives this long at least: one opened with a token in its last moments must not send its client round
// and round.
constexpr std::chrono::seconds kShortestFeed{1};

SteadyClock::time_point deadline_of(DatabaseCall& call) {
  auto expires = call.admission().expires();
  if (!expires) return SteadyClock::time_point::max();
  auto left = *expires - kBeforeExpiry - call.clock().now();
  return SteadyClock::now() + std::max<SteadyClock::duration>(left, kShortestFeed);
}

// Joins what a feed must know of its connection and of its caller's membership.
class CallHost final : public sync::FeedHost {
 public:
  explicit CallHost(DatabaseCall& call) : call_(call), deadline_(deadline_of(call)) {}

  Task<void> watch(std::shared_ptr<base::Waiter> waiter) override {
    call_.exchange().watch(waiter);
    MYCOUCH_CO_TRY(memberships_, co_await call_.admission().watch(std::move(waiter)));
    co_return Result<void>{};
  }

  Task<bool> goes_on() override {
    if (call_.exchange().peer_gone()) co_return fail(Errc::cancelled, "the client has gone");
    if (call_.exchange().stopping()) co_return false;
    co_return co_await call_.admission().holds();
  }

  SteadyClock::time_point deadline() const override { return deadline_; }

 private:
  DatabaseCall& call_;
  SteadyClock::time_point deadline_;
  store::Subscription memberships_;
};

// Code is never run. What is not there is told first, as CouchDB does.
Task<void> refuse_code(DatabaseCall& call, ChangesQuery::Code code) {
  MYCOUCH_CO_TRY(doc::Document design, co_await call.database().read(code.design, {}));
  MYCOUCH_CO_TRY(json::Value body, json::parse(design.body));
  const json::Value* functions = body.as_object()->find(code.member);
  if (!functions) co_return fail(Errc::not_found, "missing json key: " + std::string(code.member));
  if (!functions->as_object() || !functions->as_object()->find(code.name)) {
    co_return fail(Errc::not_found, "missing json key: " + code.name);
  }
  co_return fail(Errc::not_implemented, "mycouch runs no functions of design documents");
}

http::Response head_of(sync::FeedKind kind) {
  http::Response head = json_response(200, {});
  if (kind == sync::FeedKind::eventsource) {
    head.headers.set("Content-Type", "text/event-stream");
    head.headers.set("Cache-Control", "no-cache");
  }
  return head;
}

Task<void> send_changes(DatabaseCall& call, const json::Object* body) {
  MYCOUCH_CO_TRY(ChangesQuery query,
                 parse_changes_query(call.query(), body, call.request().headers.find("Last-Event-ID")));
  if (query.code) co_return co_await refuse_code(call, *std::move(query.code));
  ResponseStream stream(call, head_of(query.feed.kind));
  CallHost host(call);
  sync::Feed feed(call.database(), host, stream, std::move(query.feed));
  MYCOUCH_CO_CHECK(co_await feed.run());
  co_return co_await stream.finish();
}

}  // namespace

Task<void> get_changes(DatabaseCall& call) {
  return send_changes(call, nullptr);
}

Task<void> post_changes(DatabaseCall& call) {
  if (!call.request().has_body) {
    json::Object nothing;
    co_return co_await send_changes(call, &nothing);
  }
  MYCOUCH_CO_TRY(json::Object body, co_await call.read_object(kMaxOptionsBody));
  co_return co_await send_changes(call, &body);
}

}  // namespace mycouch::api
