// How a client's JSON becomes an Edit, after CouchDB's couch_doc:from_json_obj and couch_att:from_json: the
// same members are read, ignored and refused, with the same words. Where CouchDB is silent about nonsense (an
// attachment that is not an object, digits that overflow), we refuse it.
#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>

#include <fmt/format.h>

#include "base/encoding.h"
#include "doc/document.h"
#include "doc/local_revision.h"
#include "json/writer.h"

namespace mycouch::doc {
namespace {

constexpr std::size_t kMaxIdLength = 4096;
constexpr std::string_view kDefaultContentType = "application/octet-stream";
constexpr std::string_view kRevisionsMember = "_revisions";
constexpr std::string_view kAttachmentsMember = "_attachments";
// What a client has from reading a document and may send back.
constexpr std::array<std::string_view, 4> kIgnoredMembers = {"_revs_info", "_local_seq", "_conflicts",
                                                             "_deleted_conflicts"};
constexpr std::array<std::string_view, 5> kReplicatorMembers = {
    "_replication_id", "_replication_state", "_replication_state_time", "_replication_state_reason",
    "_replication_stats"};

std::unexpected<Error> bad_member(std::string_view name) {
  return fail(Errc::doc_validation, fmt::format("Bad special document member: {}", name));
}

std::unexpected<Error> bad_attachment(std::string_view name, std::string_view what) {
  return fail(Errc::bad_request, fmt::format("Bad attachment {}: {}", json::quoted(name), what));
}

// A whole number without sign, fraction or exponent.
template <class Number = std::uint32_t>
std::optional<Number> whole_number(const json::Node& node) {
  if (node.kind != json::Kind::number) return std::nullopt;
  Number n = 0;
  const char* end = node.text.data() + node.text.size();
  auto [rest, error] = std::from_chars(node.text.data(), end, n);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return n;
}

bool has(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

// Of a string's text; most strings have no escapes and are used as they lie there.
class StringContent {
 public:
  explicit StringContent(std::string_view text) {
    if (!has(text, '\\')) {
      view_ = text.substr(1, text.size() - 2);
    } else {
      decoded_ = json::decode_string(text);
      view_ = decoded_;
    }
  }
  StringContent(const StringContent&) = delete;
  StringContent& operator=(const StringContent&) = delete;

  std::string_view view() const { return view_; }

 private:
  std::string decoded_;
  std::string_view view_;
};

// Good JSON has line breaks only between tokens, where they can go.
void append_on_one_line(std::string& out, const json::Node& node) {
  bool has_tokens = node.kind == json::Kind::object || node.kind == json::Kind::array;
  if (!has_tokens || (!has(node.text, '\n') && !has(node.text, '\r'))) {
    out += node.text;
    return;
  }
  std::ranges::copy_if(node.text, std::back_inserter(out), [](char c) { return c != '\n' && c != '\r'; });
}

void append_member(std::string& body, std::string_view name) {
  if (body.size() > 1) body += ',';
  json::append_string(body, name);
  body += ':';
}

Result<Revision> read_revision(const json::Node& node, bool local) {
  if (node.kind != json::Kind::string) return fail(Errc::bad_request, "Invalid rev format");
  StringContent text(node.text);
  return local ? parse_local_revision(text.view()) : parse_revision(text.view());
}

Result<std::vector<RevHash>> read_hashes(const json::Outline& outline, const json::Node& ids) {
  std::vector<RevHash> hashes;
  for (const json::Node& id : outline.children(ids)) {
    if (id.kind != json::Kind::string) return fail(Errc::doc_validation, "RevId isn't a string");
    StringContent text(id.text);
    if (!is_rev_hash(text.view())) return fail(Errc::doc_validation, "RevId isn't a valid revision");
    hashes.emplace_back(text.view());
  }
  return hashes;
}

// {"start":0,"ids":[]} is what CouchDB makes of no revision at all: an empty path. A local document has no
// generations that could be too few.
Result<RevPath> read_revisions(const json::Node& node, bool local) {
  if (node.kind != json::Kind::object) return bad_member(kRevisionsMember);
  MYCOUCH_TRY(json::Outline outline, json::outline(node.text, 2));
  const json::Node* start = outline.find(outline.root(), "start");
  const json::Node* ids = outline.find(outline.root(), "ids");
  std::optional<std::uint32_t> generation = start == nullptr ? std::nullopt : whole_number(*start);
  if (!generation) return fail(Errc::doc_validation, "_revisions.start isn't an integer.");
  if (ids == nullptr || ids->kind != json::Kind::array) {
    return fail(Errc::doc_validation, "_revisions.ids isn't a array.");
  }
  RevPath path{.generation = *generation};
  MYCOUCH_TRY(path.hashes, read_hashes(outline, *ids));
  if (path.hashes.size() > path.generation && !local) {
    return fail(Errc::doc_validation, "_revisions.start is less than the number of _revisions.ids.");
  }
  if (path.hashes.empty() && path.generation > 0) {
    return fail(Errc::doc_validation, "_revisions.ids is empty.");
  }
  return path;
}

// Some encoders break base64 into lines.
std::optional<std::string> decode_data(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  if (text.find_first_of(kSpaces) == std::string_view::npos) return base::from_base64(text);
  std::string packed;
  std::ranges::copy_if(text, std::back_inserter(packed), [&](char c) { return !kSpaces.contains(c); });
  return base::from_base64(packed);
}

bool is_true(const json::Node* node) {
  return node != nullptr && node->text == "true";
}

Result<std::string> read_content_type(const json::Node* node, std::string_view name) {
  if (node == nullptr || node->kind == json::Kind::null) return std::string(kDefaultContentType);
  if (node->kind != json::Kind::string) return bad_attachment(name, "content_type isn't a string");
  StringContent type(node->text);
  // It is sent as a header when the attachment is read.
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(type.view(), is_control)) {
    return bad_attachment(name, "content_type has control characters");
  }
  return std::string(type.view());
}

// What names content that is elsewhere: in the parent revision, or in a later part of the request.
Result<void> read_reference(const json::Outline& outline, const json::Node& node, IncomingAttachment& out) {
  const json::Node* digest = outline.find(node, "digest");
  if (digest == nullptr || digest->kind != json::Kind::string) return {};
  StringContent text(digest->text);
  out.digest = parse_md5(text.view());  // a digest that is none names nothing that is stored
  return {};
}

Result<std::optional<std::uint64_t>> read_length(const json::Node* node, std::string_view attachment,
                                                 std::string_view member) {
  if (node == nullptr) return std::nullopt;
  std::optional<std::uint64_t> length = whole_number<std::uint64_t>(*node);
  if (!length) return bad_attachment(attachment, fmt::format("{} isn't a length", member));
  return length;
}

// Of content that is in a later part of the request.
Result<void> read_lengths(const json::Outline& outline, const json::Node& node, IncomingAttachment& out) {
  MYCOUCH_TRY(out.length, read_length(outline.find(node, "length"), out.name, "length"));
  MYCOUCH_TRY(out.encoded_length,
              read_length(outline.find(node, "encoded_length"), out.name, "encoded_length"));
  const json::Node* encoding = outline.find(node, "encoding");
  if (encoding == nullptr || encoding->text == R"("identity")") return {};
  if (encoding->text != R"("gzip")") return bad_attachment(out.name, "the encoding is unknown");
  out.encoding = Encoding::gzip;
  return {};
}

Result<void> read_inline(const json::Outline& outline, const json::Node& node, IncomingAttachment& out) {
  const json::Node* data = outline.find(node, "data");
  if (data != nullptr && data->kind == json::Kind::string)
    out.data = decode_data(StringContent(data->text).view());
  if (!out.data) return fail(Errc::bad_request, fmt::format("Invalid attachment data for {}", out.name));
  return {};
}

Result<IncomingAttachment> read_attachment(const json::Outline& outline, const json::Node& node) {
  if (node.name.starts_with('_')) {
    return fail(Errc::bad_request,
                fmt::format("Attachment name '{}' starts with prohibited character '_'", node.name));
  }
  if (node.name.empty()) return bad_attachment(node.name, "the name is empty");
  if (node.kind != json::Kind::object) return bad_attachment(node.name, "it isn't an object");
  IncomingAttachment out;
  out.name = node.name;
  MYCOUCH_TRY(out.content_type, read_content_type(outline.find(node, "content_type"), out.name));
  if (const json::Node* revpos = outline.find(node, "revpos"); revpos != nullptr) {
    out.revpos = whole_number(*revpos);
    if (!out.revpos) return bad_attachment(out.name, "revpos isn't an integer");
  }
  bool stub = is_true(outline.find(node, "stub"));
  out.follows = !stub && is_true(outline.find(node, "follows"));
  if (out.follows) MYCOUCH_CHECK(read_lengths(outline, node, out));
  MYCOUCH_CHECK(stub || out.follows ? read_reference(outline, node, out) : read_inline(outline, node, out));
  return out;
}

Result<std::vector<IncomingAttachment>> read_attachments(const json::Node& node) {
  if (node.kind != json::Kind::object) return bad_member(kAttachmentsMember);
  MYCOUCH_TRY(json::Outline outline, json::outline(node.text, 2));
  std::vector<IncomingAttachment> attachments;
  for (const json::Node& child : outline.children(outline.root())) {
    MYCOUCH_TRY(IncomingAttachment attachment, read_attachment(outline, child));
    attachments.push_back(std::move(attachment));
  }
  return attachments;
}

// Takes the members of one document one after another.
class EditReader {
 public:
  EditReader(std::string_view url_id, std::size_t document_size, const EditRules& rules)
      : rules_(rules), has_url_id_(!url_id.empty()), local_(url_id.starts_with(kLocalPrefix)) {
    edit_.id = url_id;
    edit_.body.reserve(document_size);
    edit_.body = '{';
  }

  Result<void> member(const json::Node& node) {
    return node.name.starts_with('_') ? special_member(node) : body_member(node);
  }

  Result<Edit> finish() && {
    bool has_stamp = rules_.stamp.name.empty() || stamped_;
    if (!has_stamp) {
      append_member(edit_.body, rules_.stamp.name);
      json::append_string(edit_.body, rules_.stamp.value);
    }
    edit_.body += '}';
    if (edit_.body.size() > rules_.max_document_size) {
      return fail(Errc::too_large,
                  fmt::format("document_too_large: over {} bytes", rules_.max_document_size));
    }
    MYCOUCH_CHECK(place_in_history());
    return std::move(edit_);
  }

 private:
  Result<void> body_member(const json::Node& node) {
    if (node.name == rules_.stamp.name && !node.name.empty()) {
      if (node.kind != json::Kind::string || StringContent(node.text).view() != rules_.stamp.value) {
        return fail(Errc::forbidden,
                    fmt::format("\"{}\" is set by the server and has another value", node.name));
      }
      stamped_ = true;
    }
    append_member(edit_.body, node.name);
    append_on_one_line(edit_.body, node);
    return {};
  }

  Result<void> special_member(const json::Node& node) {
    if (node.name == "_id") return id(node);
    if (node.name == "_rev") {
      MYCOUCH_TRY(rev_, read_revision(node, local_));
      return {};
    }
    if (node.name == "_deleted" && node.kind == json::Kind::boolean) {
      edit_.deleted = node.text == "true";
      return {};
    }
    if (node.name == kRevisionsMember) {
      MYCOUCH_TRY(edit_.path, read_revisions(node, local_));
      return {};
    }
    if (node.name == kAttachmentsMember) {
      MYCOUCH_TRY(edit_.attachments, read_attachments(node));
      return {};
    }
    if (std::ranges::find(kIgnoredMembers, node.name) != kIgnoredMembers.end()) return {};
    // CouchDB's replicator writes its state into its own documents, and they are replicated like any others.
    if (std::ranges::find(kReplicatorMembers, node.name) != kReplicatorMembers.end())
      return body_member(node);
    return bad_member(node.name);
  }

  Result<void> id(const json::Node& node) {
    if (node.kind != json::Kind::string) return fail(Errc::illegal_docid, "Document id must be a string");
    StringContent id(node.text);
    // Where the path has the id, another is passed over, as long as it is one.
    const bool other_local =
        has_url_id_ && id.view().starts_with(kLocalPrefix) && id.view().size() > kLocalPrefix.size();
    if (!other_local) MYCOUCH_CHECK(check_id(id.view()));
    if (!has_url_id_) edit_.id = id.view();
    return {};
  }

  // CouchDB takes `_revisions` for the truth where both are there, with new_edits of either value.
  Result<void> place_in_history() {
    if (edit_.path.hashes.empty() && rev_) edit_.path = {rev_->generation, {rev_->hash}};
    if (!rules_.new_edits) {
      if (!edit_.path.hashes.empty() || has_url_id_) return {};
      return fail(Errc::bad_request,
                  "When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
    }
    if (!edit_.path.hashes.empty()) edit_.parent = edit_.path.leaf();
    edit_.path = {};
    // Its child could not be named.
    if (edit_.parent && edit_.parent->generation == UINT32_MAX)
      return fail(Errc::bad_request, "Invalid rev format");
    return {};
  }

  const EditRules& rules_;
  const bool has_url_id_;
  const bool local_;
  Edit edit_;
  std::optional<Revision> rev_;
  bool stamped_ = false;
};

}  // namespace

Result<void> check_id(std::string_view id) {
  if (id.empty()) return fail(Errc::illegal_docid, "Document id must not be empty");
  if (id == "_design/" || id == "_local/") {
    return fail(Errc::illegal_docid, fmt::format("Illegal document id `{}`", id));
  }
  if (id.size() > kMaxIdLength) return fail(Errc::illegal_docid, "Document id is too long");
  if (!base::is_utf8(id)) return fail(Errc::illegal_docid, "Document id must be valid UTF-8");
  if (id.starts_with('_') && !id.starts_with("_design/")) {
    return fail(Errc::illegal_docid, "Only reserved document ids may start with underscore.");
  }
  return {};
}

Result<Edit> read_edit(const json::Outline& outline, const json::Node& node, std::string_view url_id,
                       const EditRules& rules) {
  if (node.kind != json::Kind::object) return fail(Errc::bad_request, "Document must be a JSON object");
  if (!url_id.empty() && !url_id.starts_with(kLocalPrefix)) MYCOUCH_CHECK(check_id(url_id));
  EditReader reader(url_id, node.text.size(), rules);
  for (const json::Node& child : outline.children(node)) MYCOUCH_CHECK(reader.member(child));
  return std::move(reader).finish();
}

}  // namespace mycouch::doc
