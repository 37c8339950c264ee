#include "api/changes_query.h"

#include <algorithm>

#include "api/query_values.h"
#include "sync/limits.h"

namespace mycouch::api {
namespace {

using Filter = sync::ChangesFilter;

Result<sync::FeedKind> parse_kind(const std::string* text) {
  if (!text || *text == "normal") return sync::FeedKind::normal;
  if (*text == "longpoll") return sync::FeedKind::longpoll;
  if (*text == "continuous" || *text == "live") return sync::FeedKind::continuous;
  if (*text == "eventsource") return sync::FeedKind::eventsource;
  return fail(Errc::bad_request, "Supported `feed` types: normal, continuous, live, longpoll, eventsource");
}

Result<sync::ChangesStyle> parse_style(const std::string* text) {
  if (!text || *text == "main_only") return sync::ChangesStyle::main_only;
  if (*text == "all_docs") return sync::ChangesStyle::all_docs;
  return fail(Errc::bad_request, "Supported `style` values: main_only, all_docs");
}

// Longer than any connection lives; what a client may name is bounded so that adding it to a time cannot
// overflow.
constexpr std::uint64_t kLongestWait = 24ULL * 3600 * 1000;

Result<void> parse_waiting(const http::Query& query, sync::FeedOptions& feed) {
  if (const std::string* text = query.find("heartbeat")) {
    auto interval = *text == "true" ? 60'000 : parse_digits(*text);
    bool negative = text->starts_with('-') && parse_digits(std::string_view(*text).substr(1));
    if (!interval && !negative) {
      return fail(Errc::bad_request,
                  "Invalid heartbeat value. Expecting a positive integer value (in milliseconds).");
    }
    if (negative || *interval == 0) {
      return fail(Errc::bad_request, "The heartbeat value should be a positive integer (in milliseconds).");
    }
    feed.heartbeat = std::chrono::milliseconds(std::min(*interval, kLongestWait));
  }
  if (const std::string* text = query.find("timeout")) {
    auto timeout = parse_digits(*text);
    if (!timeout) return fail(Errc::bad_request, "The timeout value should be a non-negative integer");
    feed.timeout = std::min(feed.timeout, std::chrono::milliseconds(std::min(*timeout, kLongestWait)));
  }
  return {};
}

Result<Filter> parse_doc_ids(const http::Query& query, const json::Object* body) {
  std::optional<json::Value> from_query;
  const json::Value* value = body ? body->find("doc_ids") : nullptr;
  if (!body) {
    MYCOUCH_TRY(from_query, json_option(query, "doc_ids"));
    if (from_query) value = &*from_query;
  }
  Error not_a_list{Errc::bad_request, "`doc_ids` filter parameter is not a list of doc ids."};
  const json::Array* ids = value ? value->as_array() : nullptr;
  if (!ids) return std::unexpected(not_a_list);
  MYCOUCH_CHECK(sync::check_count(ids->size(), sync::kMaxDocuments, "doc_ids"));
  Filter filter{.kind = Filter::Kind::doc_ids};
  for (const json::Value& id : *ids) {
    if (!id.as_string()) return std::unexpected(not_a_list);
    filter.doc_ids.insert(*id.as_string());
  }
  return filter;
}

// Every error is a `bad_request` here, as in CouchDB, and not by Mango's words.
Result<Filter> parse_selector(const json::Object* body) {
  if (!body) return fail(Errc::bad_request, "Selector must be specified in POST payload");
  const json::Value* value = body->find("selector");
  if (!value || !value->as_object()) {
    return fail(Errc::bad_request, "Selector error: expected a JSON object");
  }
  Result<doc::Selector> selector = doc::Selector::parse(*value);
  if (!selector) return fail(Errc::bad_request, std::move(selector).error().reason);
  return Filter{.kind = Filter::Kind::selector,
                .selector = std::make_shared<const doc::Selector>(*std::move(selector))};
}

Result<ChangesQuery::Code> parse_code(std::string_view path, std::string_view member) {
  std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    return fail(Errc::bad_request, member == "views"
                                       ? "`view` must be of the form `designname/viewname`"
                                       : "`filter` must be of the form `designname/filtername`");
  }
  return ChangesQuery::Code{"_design/" + std::string(path.substr(0, slash)), member,
                            std::string(path.substr(slash + 1))};
}

Result<void> parse_filter(const http::Query& query, const json::Object* body, ChangesQuery& result) {
  const std::string* name = query.find("filter");
  if (!name || name->empty()) return {};
  if (*name == "_doc_ids") {
    MYCOUCH_TRY(result.feed.filter, parse_doc_ids(query, body));
  } else if (*name == "_design") {
    result.feed.filter.kind = Filter::Kind::design;
  } else if (*name == "_selector") {
    MYCOUCH_TRY(result.feed.filter, parse_selector(body));
  } else if (*name == "_view") {
    const std::string* view = query.find("view");
    if (!view || view->empty()) return fail(Errc::bad_request, "`view` filter parameter is not provided.");
    MYCOUCH_TRY(result.code, parse_code(*view, "views"));
  } else if (name->starts_with('_')) {
    return fail(Errc::bad_request, "unknown builtin filter name");
  } else {
    MYCOUCH_TRY(result.code, parse_code(*name, "filters"));
  }
  return {};
}

}  // namespace

Result<ChangesQuery> parse_changes_query(const http::Query& query, const json::Object* body,
                                         std::optional<std::string_view> last_event_id) {
  ChangesQuery result;
  sync::FeedOptions& feed = result.feed;
  // What is wrong is told in CouchDB's order, and code that a filter names is looked for before the rest.
  MYCOUCH_CHECK(parse_waiting(query, feed));
  if (const std::string* text = query.find("seq_interval")) {
    auto interval = parse_digits(*text);
    if (!interval || *interval == 0) return fail(Errc::bad_request, "invalid_seq_interval");
    feed.seq_interval = *interval;
  }
  if (const std::string* limit = query.find("limit")) {
    MYCOUCH_TRY(feed.limit, parse_count(*limit));
  }
  MYCOUCH_CHECK(parse_filter(query, body, result));
  if (result.code) return result;
  MYCOUCH_TRY(feed.style, parse_style(query.find("style")));
  MYCOUCH_TRY(feed.kind, parse_kind(query.find("feed")));

  feed.descending = is_true(query, "descending");
  feed.include_docs = is_true(query, "include_docs");
  feed.conflicts = is_true(query, "conflicts");
  feed.attachments = is_true(query, "attachments");
  feed.encoding_info = is_true(query, "att_encoding_info");
  const std::string* since = query.find("since");
  if (!since) since = query.find("last-event-id");
  if (since && !feed.descending) {
    MYCOUCH_TRY(feed.since, sync::parse_since(*since));
  }
  if (last_event_id && feed.kind == sync::FeedKind::eventsource) {
    MYCOUCH_TRY(feed.since, sync::parse_since(*last_event_id));
  }
  return result;
}

}  // namespace mycouch::api
