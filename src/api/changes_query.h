// The options of a _changes request, after CouchDB's documentation of GET and POST /{db}/_changes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "json/value.h"
#include "sync/feed.h"

namespace mycouch::api {

struct ChangesQuery {
  sync::FeedOptions feed;
  /// A filter that is code in a design document ("design/name"), or the view that `_view` names: it has to be
  /// looked up before it can be refused as CouchDB refuses one that is not there.
  struct Code {
    std::string design;       // "_design/…"
    std::string_view member;  // "filters" or "views"
    std::string name;
  };
  std::optional<Code> code;
};

/// `body` is a POST's; `last_event_id` is the header of a reconnecting event source.
Result<ChangesQuery> parse_changes_query(const http::Query& query, const json::Object* body,
                                         std::optional<std::string_view> last_event_id);

}  // namespace mycouch::api
