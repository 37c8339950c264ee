#include "sync/edits.h"

#include <algorithm>
#include <array>

#include "json/value.h"

namespace mycouch::sync {
namespace {

constexpr std::array<std::string_view, 6> kCode = {"filters", "lists",   "rewrites",
                                                   "shows",   "updates", "validate_doc_update"};

bool is_code(std::string_view member) {
  return std::ranges::find(kCode, member) != kCode.end();
}

// Mango keeps its indexes as `views` of design documents whose language is "query": a description, no code.
Result<bool> carries_code(std::string_view body) {
  MYCOUCH_TRY(json::Outline outline, json::outline(body, 1));
  const json::Node* language = outline.find(outline.root(), "language");
  bool is_query = language && language->text == R"("query")";
  for (const json::Node& member : outline.children(outline.root())) {
    if (is_code(member.name)) return true;
    if (member.name == "views" && !is_query) return true;
  }
  return false;
}

}  // namespace

std::string id_of(const json::Outline& outline, const json::Node& node) {
  const json::Node* id = node.kind == json::Kind::object ? outline.find(node, "_id") : nullptr;
  return id && id->kind == json::Kind::string ? json::decode_string(id->text) : std::string();
}

Result<doc::Edit> read_edit(const json::Outline& outline, const json::Node& node, std::string_view url_id,
                            bool new_edits, const WriteRules& rules) {
  doc::EditRules edit_rules{new_edits, rules.stamp, rules.max_document_size};
  MYCOUCH_TRY(doc::Edit edit, doc::read_edit(outline, node, url_id, edit_rules));
  MYCOUCH_CHECK(check_code(edit, rules));
  return edit;
}

Result<void> check_code(const doc::Edit& edit, const WriteRules& rules) {
  if (rules.design_code || !edit.id.starts_with("_design/")) return {};
  MYCOUCH_TRY(bool code, carries_code(edit.body));
  if (!code) return {};
  return fail(Errc::forbidden, "design documents with code are not accepted: code of a tenant is never run");
}

Result<doc::Edit> read_edit(std::string_view body, std::string_view url_id, bool new_edits,
                            const WriteRules& rules) {
  MYCOUCH_TRY(json::Outline outline, json::outline(body, 1));
  return read_edit(outline, outline.root(), url_id, new_edits, rules);
}

}  // namespace mycouch::sync
