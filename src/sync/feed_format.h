// How the four kinds of _changes feed look on the wire, after CouchDB's chttpd_db.erl: byte for byte, as some
// clients read them line by line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "doc/document.h"
#include "store/database.h"

namespace mycouch::sync {

enum class FeedKind : std::uint8_t { normal, longpoll, continuous, eventsource };

class FeedFormat {
 public:
  explicit FeedFormat(FeedKind kind) : kind_(kind) {}

  void begin(std::string& out) const;
  /// A row is opened, filled with `row_json`'s members, and closed.
  void row(std::string& out, std::string_view row_json, std::string_view seq_json);
  void heartbeat(std::string& out) const;
  void end(std::string& out, std::string_view last_seq_json, std::uint64_t pending) const;

 private:
  FeedKind kind_;
  bool first_ = true;
};

/// {"seq":…,"id":…,"changes":[…],…}; with `main_only` only the winner's revision. `with_document`: a `doc`
/// member, null where `document` is.
struct RowForm {
  bool all_leaves = false;
  bool with_document = false;
};
void append_change(std::string& out, std::string_view seq_json, const store::ChangeRow& row,
                   const doc::Document* document, RowForm form);

}  // namespace mycouch::sync
