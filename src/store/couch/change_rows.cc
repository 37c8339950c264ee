#include "store/couch/change_rows.h"

#include <algorithm>

#include "store/couch/wire.h"

namespace mycouch::store::couch {
namespace {

// CouchDB's are strings; others give numbers or arrays, which go back as they came.
std::string sequence_of(const json::Node& node) {
  return node.kind == json::Kind::string ? json::decode_string(node.text) : std::string(node.text);
}

Result<std::vector<doc::Revision>> leaves_of(const json::Outline& outline, const json::Node& row) {
  const json::Node* changes = outline.find(row, "changes");
  if (changes == nullptr) return not_couchdb("a change without its revisions");
  std::vector<doc::Revision> leaves;
  for (const json::Node& change : outline.children(*changes)) {
    auto revision = doc::parse_revision(string_of(outline, change, "rev"));
    if (!revision) return not_couchdb("a change of no revision");
    leaves.push_back(*std::move(revision));
  }
  if (leaves.empty()) return not_couchdb("a change without its revisions");
  return leaves;
}

Result<std::vector<std::string>> scopes_of(const json::Outline& outline, const json::Node& row,
                                           const FoldedDocument& folded, const FoldRules& rules) {
  if (rules.scopes == nullptr) return std::vector{folded.partition};
  std::string body = "{}";
  if (const json::Node* node = outline.find(row, "doc");
      node != nullptr && node->kind == json::Kind::object) {
    MYCOUCH_TRY(const json::Outline document, json::outline(node->text, 1));
    MYCOUCH_TRY(doc::Document read, read_document(document, document.root()));
    body = std::move(read.body);
  }
  std::vector<std::string> scopes = (*rules.scopes)(folded.id, folded.deleted, body);
  scopes.emplace_back();
  return scopes;
}

Result<void> read_row(const json::Outline& outline, const json::Node& row, const FoldRules& rules,
                      ReadChanges& read) {
  const json::Node* id = outline.find(row, "id");
  if (id == nullptr || id->kind != json::Kind::string) return not_couchdb("a change without an id");
  std::optional<ConfinedId> confined = confined_id(rules.layout, json::decode_string(id->text));
  if (!confined) {
    ++read.nobodys;
    return {};
  }
  FoldedDocument folded;
  folded.partition = std::move(confined->partition);
  folded.id = std::move(confined->id);
  const json::Node* deleted = outline.find(row, "deleted");
  folded.deleted = deleted != nullptr && deleted->text == "true";
  MYCOUCH_TRY(folded.leaves, leaves_of(outline, row));
  MYCOUCH_TRY(folded.scopes, scopes_of(outline, row, folded, rules));
  read.rows.push_back(std::move(folded));
  return {};
}

Result<void> read_line(std::string_view line, const FoldRules& rules, ReadChanges& read) {
  constexpr int kDepth = 3;  // the row, `changes`, a change, its members
  const auto outline = json::outline(line, kDepth);
  if (!outline) return not_couchdb("a line of its feed is no JSON");
  if (const json::Node* last = outline->find(outline->root(), "last_seq"); last != nullptr) {
    read.last_seq = sequence_of(*last);
    read.ended = true;
    return {};
  }
  if (const json::Node* error = outline->find(outline->root(), "error"); error != nullptr) {
    return not_couchdb("its feed ends with an error");
  }
  MYCOUCH_CHECK(read_row(*outline, outline->root(), rules, read));
  // A feed may leave sequences out.
  const json::Node* seq = outline->find(outline->root(), "seq");
  if (seq != nullptr && seq->kind != json::Kind::null) read.last_seq = sequence_of(*seq);
  return {};
}

}  // namespace

Result<ReadChanges> read_page(std::string_view json, const FoldRules& rules) {
  constexpr int kDepth = 5;  // the answer, `results`, a row, `changes`, a change, its members
  const auto outline = json::outline(json, kDepth);
  if (!outline) return not_couchdb("its changes are no JSON");
  const json::Node* results = outline->find(outline->root(), "results");
  const json::Node* last = outline->find(outline->root(), "last_seq");
  if (results == nullptr || results->kind != json::Kind::array || last == nullptr) {
    return not_couchdb("its changes have an unknown form");
  }
  ReadChanges read{.rows = {}, .last_seq = sequence_of(*last)};
  for (const json::Node& row : outline->children(*results))
    MYCOUCH_CHECK(read_row(*outline, row, rules, read));
  if (const json::Node* pending = outline->find(outline->root(), "pending"); pending != nullptr) {
    read.pending = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, json::value_of(pending->text).as_int().value_or(0)));
  }
  return read;
}

Result<ReadChanges> read_lines(std::string& text, const FoldRules& rules) {
  ReadChanges read;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) MYCOUCH_CHECK(read_line(line, rules, read));
    begin = end + 1;
  }
  text.erase(0, begin);
  return read;
}

}  // namespace mycouch::store::couch
