#include "sync/feed_format.h"

#include <utility>

#include "json/writer.h"

namespace mycouch::sync {
namespace {

bool is_one_object(FeedKind kind) {
  return kind == FeedKind::normal || kind == FeedKind::longpoll;
}

}  // namespace

void FeedFormat::begin(std::string& out) const {
  if (is_one_object(kind_)) out += "{\"results\":[\n";
}

void FeedFormat::row(std::string& out, std::string_view row_json, std::string_view seq_json) {
  bool first = std::exchange(first_, false);
  if (is_one_object(kind_)) {
    if (!first) out += ",\r\n";
    out += row_json;
  } else if (kind_ == FeedKind::continuous) {
    out.append(row_json).append("\n");
  } else {
    out.append("data: ").append(row_json).append("\nid: ").append(seq_json).append("\n\n");
  }
}

void FeedFormat::heartbeat(std::string& out) const {
  out += kind_ == FeedKind::eventsource ? "event: heartbeat\ndata: \n\n" : "\n";
}

void FeedFormat::end(std::string& out, std::string_view last_seq_json, std::uint64_t pending) const {
  if (kind_ == FeedKind::eventsource) return;
  out += is_one_object(kind_) ? "\n],\n\"last_seq\":" : "{\"last_seq\":";
  out += last_seq_json;
  out += ",\"pending\":";
  json::append_number(out, pending);
  out += "}\n";
}

void append_change(std::string& out, std::string_view seq_json, const store::ChangeRow& row,
                   const doc::Document* document, RowForm form) {
  out.append(R"({"seq":)").append(seq_json).append(R"(,"id":)");
  json::append_string(out, row.id);
  out += R"(,"changes":[)";
  for (std::size_t i = 0; i < (form.all_leaves ? row.leaves.size() : 1); ++i) {
    if (i > 0) out += ',';
    out += R"({"rev":)";
    json::append_string(out, row.leaves[i].text());
    out += '}';
  }
  out += ']';
  if (row.deleted) out += R"(,"deleted":true)";
  if (form.with_document) {
    out += R"(,"doc":)";
    if (document) {
      doc::append_json(out, *document);
    } else {
      out += "null";
    }
  }
  out += '}';
}

}  // namespace mycouch::sync
