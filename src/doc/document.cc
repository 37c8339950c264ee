#include "doc/document.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "json/writer.h"

namespace mycouch::doc {
namespace {

constexpr std::string_view kMd5Prefix = "md5-";

void append_length(base::Sha256Stream& digest, std::uint64_t length) {
  std::array<std::uint8_t, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(length >> (56 - 8 * i));
  digest.update(base::as_text(bytes));
}

// With its length before it, so that no two lists of fields give the same bytes.
void append_field(base::Sha256Stream& digest, std::string_view field) {
  append_length(digest, field.size());
  digest.update(field);
}

std::string_view to_json(RevisionStatus::State state) {
  switch (state) {
    case RevisionStatus::State::available:
      return "available";
    case RevisionStatus::State::missing:
      return "missing";
    case RevisionStatus::State::deleted:
      return "deleted";
  }
  std::unreachable();
}

// Revisions are visible ASCII without '"'; a backslash is all that there can be to escape.
void append_quoted(std::string& out, const Revision& revision) {
  json::append_string(out, revision.text());
}

void append_quoted(std::string& out, const RevHash& hash) {
  if (!hash.is_digest()) {
    json::append_string(out, hash.text());
    return;
  }
  out += '"';
  hash.append_to(out);
  out += '"';
}

// `append_one(out, item)` for each, with commas between.
template <class Items, class AppendOne>
void append_list(std::string& out, const Items& items, AppendOne append_one) {
  bool first = true;
  for (const auto& item : items) {
    if (!std::exchange(first, false)) out += ',';
    append_one(out, item);
  }
}

void append_revisions(std::string& out, const RevPath& path) {
  out += R"(,"_revisions":{"start":)";
  json::append_number(out, std::uint64_t{path.generation});
  out += R"(,"ids":[)";
  append_list(out, path.hashes, [](std::string& to, const RevHash& hash) { append_quoted(to, hash); });
  out += "]}";
}

void append_revs_info(std::string& out, const std::vector<RevisionStatus>& revs_info) {
  out += R"(,"_revs_info":[)";
  append_list(out, revs_info, [](std::string& to, const RevisionStatus& status) {
    to += R"({"rev":)";
    append_quoted(to, status.revision);
    to += R"(,"status":")";
    to += to_json(status.state);
    to += R"("})";
  });
  out += ']';
}

void append_conflicts(std::string& out, std::string_view name, const std::vector<Revision>& revisions) {
  out += R"(,")";
  out += name;
  out += R"(":[)";
  append_list(out, revisions, [](std::string& to, const Revision& revision) { append_quoted(to, revision); });
  out += ']';
}

void append_attachment(std::string& out, const Attachment& attachment, const Document& document) {
  json::append_string(out, attachment.name);
  out += R"(:{"content_type":)";
  json::append_string(out, attachment.content_type);
  out += R"(,"revpos":)";
  json::append_number(out, std::uint64_t{attachment.revpos});
  out += R"(,"digest":")";
  out += md5_text(attachment.digest);
  const bool sent = document.sends(attachment);
  if (sent && document.attachment_form == AttachmentForm::inline_data) {
    out += R"(","data":")";
    out += kContentPlace;
    out += '"';
  } else {
    out += R"(","length":)";
    json::append_number(out, attachment.length);
    out += sent ? R"(,"follows":true)" : R"(,"stub":true)";
  }
  if (document.encoding_info && attachment.encoding == Encoding::gzip) {
    out += R"(,"encoding":"gzip","encoded_length":)";
    json::append_number(out, attachment.stored_length);
  }
  out += '}';
}

void append_attachments(std::string& out, const Document& document) {
  out += R"(,"_attachments":{)";
  for (std::size_t i = 0; i < document.attachments.size(); ++i) {
    if (i > 0) out += ',';
    append_attachment(out, document.attachments[i], document);
  }
  out += '}';
}

}  // namespace

std::string md5_text(const base::Md5& digest) {
  return std::string(kMd5Prefix) + base::to_base64(base::as_text(digest));
}

std::optional<base::Md5> parse_md5(std::string_view text) {
  if (!text.starts_with(kMd5Prefix)) return std::nullopt;
  std::optional<std::string> bytes = base::from_base64(text.substr(kMd5Prefix.size()));
  base::Md5 digest{};
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

bool is_compressible(std::string_view content_type) {
  constexpr std::array<std::string_view, 3> kTypes = {"application/javascript", "application/json",
                                                      "application/xml"};
  std::string type(content_type.substr(0, content_type.find(';')));
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  const auto first = type.find_first_not_of(" \t");
  if (first == std::string::npos) return false;
  std::string_view trimmed(type);
  trimmed = trimmed.substr(first, trimmed.find_last_not_of(" \t") - first + 1);
  return trimmed.starts_with("text/") || std::ranges::find(kTypes, trimmed) != kTypes.end();
}

Revision next_revision(const std::optional<Revision>& parent, bool deleted, std::string_view body,
                       const std::vector<Attachment>& attachments) {
  std::vector<const Attachment*> by_name;
  by_name.reserve(attachments.size());
  for (const Attachment& attachment : attachments) by_name.push_back(&attachment);
  std::ranges::sort(by_name, {},
                    [](const Attachment* attachment) -> std::string_view { return attachment->name; });

  base::Sha256Stream digest;
  digest.update(deleted ? "1" : "0");
  append_field(digest, parent ? parent->text() : "");
  append_field(digest, body);
  append_length(digest, attachments.size());
  for (const Attachment* attachment : by_name) {
    append_field(digest, attachment->name);
    append_field(digest, attachment->content_type);
    append_field(digest, base::as_text(attachment->digest));
  }
  std::array<std::uint8_t, 16> hash;
  std::ranges::copy_n(digest.finish().begin(), hash.size(), hash.begin());
  return {parent ? parent->generation + 1 : 1, RevHash(hash)};
}

void append_json(std::string& out, const Document& document) {
  out += R"({"_id":)";
  json::append_string(out, document.id);
  out += R"(,"_rev":)";
  append_quoted(out, document.revision);
  constexpr std::size_t kBraces = 2;
  if (document.body.size() > kBraces) {
    out += ',';
    out.append(document.body, 1, document.body.size() - kBraces);
  }
  if (document.deleted) out += R"(,"_deleted":true)";
  if (!document.revisions.hashes.empty()) append_revisions(out, document.revisions);
  if (!document.revs_info.empty()) append_revs_info(out, document.revs_info);
  if (!document.conflicts.empty()) append_conflicts(out, "_conflicts", document.conflicts);
  if (!document.deleted_conflicts.empty())
    append_conflicts(out, "_deleted_conflicts", document.deleted_conflicts);
  if (document.local_seq) {
    out += R"(,"_local_seq":)";
    json::append_string(out, *document.local_seq);
  }
  if (!document.attachments.empty()) append_attachments(out, document);
  out += '}';
}

json::Value as_value(const Document& document) {
  std::string text;
  append_json(text, document);
  return json::value_of(text);
}

}  // namespace mycouch::doc
