#include "sync/local_document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "json/writer.h"

namespace mycouch::sync {
namespace {

constexpr std::size_t kMaxIdLength = 4096;  // as of other documents
constexpr std::array<std::string_view, 9> kDropped = {
    "_id",        "_rev",       "_revisions",         "_attachments", "_deleted",
    "_revs_info", "_conflicts", "_deleted_conflicts", "_local_seq"};

// The N of "0-N".
std::optional<std::uint64_t> local_version(std::string_view text) {
  constexpr std::string_view kStart = "0-";
  if (!text.starts_with(kStart)) return std::nullopt;
  std::uint64_t version = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data() + kStart.size(), end, version);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return version;
}

Result<std::uint64_t> read_version(const json::Node& rev) {
  std::optional<std::uint64_t> version;
  if (rev.kind == json::Kind::string) version = local_version(json::decode_string(rev.text));
  if (!version) return fail(Errc::bad_request, "Invalid rev format");
  return *version;
}

Result<void> check_member(const json::Node& member) {
  if (!member.name.starts_with('_')) return {};
  bool of_another_kind = (member.name == "_deleted" && member.kind != json::Kind::boolean) ||
                         (member.name == "_attachments" && member.kind != json::Kind::object);
  if (of_another_kind || std::ranges::find(kDropped, member.name) == kDropped.end()) {
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
  LocalEdit edit{{"{", 1}, false};
  std::string& body = edit.document.body;
  body.reserve(node.text.size());
  for (const json::Node& member : outline.children(node)) {
    MYCOUCH_CHECK(check_member(member));
    if (member.name == "_deleted") edit.deleted = member.text == "true";
    if (member.name == "_rev") {
      MYCOUCH_TRY(std::uint64_t before, read_version(member));
      edit.document.version = before + 1;
    }
    if (member.name.starts_with('_')) continue;
    if (body.size() > 1) body += ',';
    json::append_string(body, member.name);
    body += ':';
    body += member.text;
  }
  body += '}';
  return edit;
}

void append_json(std::string& out, std::string_view id, const store::LocalDocument& document,
                 bool with_revisions) {
  out += R"({"_id":)";
  json::append_string(out, std::string(kLocalPrefix).append(id));
  out += R"(,"_rev":"0-)";
  json::append_number(out, document.version);
  out += '"';
  constexpr std::size_t kBraces = 2;
  if (document.body.size() > kBraces) {
    out += ',';
    out.append(document.body, 1, document.body.size() - kBraces);
  }
  if (with_revisions) {
    out += R"(,"_revisions":{"start":0,"ids":[")";
    json::append_number(out, document.version);
    out += R"("]})";
  }
  out += '}';
}

}  // namespace mycouch::sync
