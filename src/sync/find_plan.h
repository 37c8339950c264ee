// Which index answers a query: CouchDB's choice, so that the same query takes the same way on both.
//
// An index can answer where it holds every document that the selector can match: where each of its fields
// must be there for a document to match, or to be sorted by. Where the answer is to be sorted, its fields
// must begin with those of the sort, after any that the selector holds to one value. Documents by their ids
// can answer everything that is not sorted by other fields. Of those that can, the one whose first fields
// have most of the selector's ranges is taken, then the one with the fewest fields, then the first by name;
// documents by their ids only where no index can.
//
// After CouchDB's mango_idx.erl, mango_idx_view.erl and mango_cursor_view.erl.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doc/selector.h"
#include "json/value.h"
#include "store/database.h"
#include "sync/find_request.h"

namespace mycouch::sync {

using FieldRange = std::pair<std::string, doc::Selector::Range>;

/// A way to answer: an index, or (null) documents by their ids.
using Way = store::Database::Index;

/// Fields on which an index could be used; sorted.
std::vector<std::string> indexable_fields(const json::Value& selector);
/// Fields that the selector names; as often as it does.
std::vector<std::string> selector_fields(const json::Value& selector);

/// Why a way is not the one that is taken, as `_explain` tells it.
struct Candidate {
  Way way;
  bool usable = false;
  std::string reason;
  std::int64_t ranking = 0;
};

struct Plan {
  bool found = false;  // only `_explain` goes on without
  Way way;
  std::vector<doc::Selector::Range> ranges;  // of the way's first fields
  bool nothing_matches = false;
  std::vector<Candidate> others;

  /// Values of the first fields between which the way's rows lie. For documents by their ids: one at most.
  json::Array low() const;
  json::Array high() const;
};

/// `no_usable_index` where no way can sort so, `invalid_index` where the request insists on another one.
/// `prefer` is taken where it can answer. With `explain` there is a plan where no way is usable.
Result<Plan> make_plan(const FindRequest& request, const std::vector<Way>& indexes, bool explain,
                       const std::optional<Way>& prefer = {});

/// Whether the request names this way in `use_index`.
bool is_named(const Way& way, const std::vector<std::string>& use_index);
/// The fields of a way, in order.
std::vector<std::string> columns(const Way& way);
/// "x" of "_design/x".
std::string_view without_design_prefix(std::string_view id);

}  // namespace mycouch::sync
