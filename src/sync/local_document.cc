#include "sync/local_document.h"

#include <algorithm>
#include <array>

#include "json/writer.h"

namespace mycouch::sync {
namespace {

constexpr std::size_t kMaxIdLength = 4096;  // as of other documents
constexpr std::array<std::string_view, 5> kDropped = {"_id", "_rev", "_revisions", "_attachments",
                                                      "_deleted"};

bool is_local_revision(std::string_view text) {
  constexpr std::string_view kStart = "0-";
  std::string_view number = text.substr(std::min(kStart.size(), text.size()));
  return text.starts_with(kStart) && !number.empty() &&
         std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_member(const json::Node& member) {
  if (!member.name.starts_with('_')) return {};
  if (member.name == "_rev") {
    if (member.kind == json::Kind::string && is_local_revision(json::decode_string(member.text))) return {};
    return fail(Errc::bad_request, "Invalid rev format");
  }
  if (std::ranges::find(kDropped, member.name) == kDropped.end()) {
    return fail(Errc::doc_validation, "Bad special document member: " + std::string(member.name));
  }
  return {};
}

}  // namespace

Result<void> check_local_id(std::string_view id) {
  if (id.empty()) return fail(Errc::illegal_docid, "Invalid _local document id.");
  if (id.size() > kMaxIdLength) return fail(Errc::illegal_docid, "Document id is too long");
  return {};
}

Result<LocalEdit> read_local_edit(const json::Outline& outline, const json::Node& node,
                                  std::uint64_t max_document_size) {
  if (node.kind != json::Kind::object) return fail(Errc::bad_request, "Document must be a JSON object");
  if (node.text.size() > max_document_size) return fail(Errc::too_large, "the local document is too large");
  LocalEdit edit{"{", false};
  edit.body.reserve(node.text.size());
  for (const json::Node& member : outline.children(node)) {
    MYCOUCH_CHECK(check_member(member));
    if (member.name == "_deleted") edit.deleted = member.text == "true";
    if (member.name.starts_with('_')) continue;
    if (edit.body.size() > 1) edit.body += ',';
    json::append_string(edit.body, member.name);
    edit.body += ':';
    edit.body += member.text;
  }
  edit.body += '}';
  return edit;
}

void append_json(std::string& out, std::string_view id, const store::LocalDocument& document) {
  out += R"({"_id":)";
  json::append_string(out, std::string(kLocalPrefix).append(id));
  out += R"(,"_rev":"0-)";
  json::append_number(out, document.version);
  out += '"';
  if (document.body.size() > 2) {
    out += ',';
    out.append(document.body, 1);
  } else {
    out += '}';
  }
}

}  // namespace mycouch::sync
