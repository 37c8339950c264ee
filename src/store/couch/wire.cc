#include "store/couch/wire.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/encoding.h"
#include "doc/local_revision.h"
#include "json/writer.h"
#include "store/couch/contents.h"

namespace mycouch::store::couch {
namespace {

constexpr std::size_t kMaxQuoted = 200;  // of what an unknown server says

struct Word {
  std::string_view word;
  Errc code;
};

constexpr auto kWords = std::to_array<Word>({{"conflict", Errc::conflict},
                                             {"forbidden", Errc::forbidden},
                                             {"not_found", Errc::not_found},
                                             {"bad_request", Errc::bad_request},
                                             {"illegal_docid", Errc::illegal_docid},
                                             {"illegal_database_name", Errc::illegal_database_name},
                                             {"doc_validation", Errc::doc_validation},
                                             {"missing_stub", Errc::missing_stub},
                                             {"content_md5_mismatch", Errc::md5_mismatch},
                                             {"file_exists", Errc::file_exists},
                                             {"too_large", Errc::too_large},
                                             {"document_too_large", Errc::too_large},
                                             {"request_entity_too_large", Errc::too_large},
                                             {"attachment_too_large", Errc::attachment_too_large}});

bool is_json(const http::Response& answer) {
  return answer.headers.find("Content-Type").value_or("").starts_with("application/json");
}

Result<doc::Revision> revision_of(const json::Node& node) {
  if (node.kind != json::Kind::string) return not_couchdb("a revision that is no string");
  auto revision = doc::parse_revision(json::decode_string(node.text));
  if (!revision) return not_couchdb("a revision that is none");
  return revision;
}

Result<std::vector<doc::Revision>> revisions_of(const json::Node& node) {
  MYCOUCH_TRY(const json::Outline outline, json::outline(node.text, 1));
  std::vector<doc::Revision> revisions;
  for (const json::Node& child : outline.children(outline.root())) {
    MYCOUCH_TRY(doc::Revision revision, revision_of(child));
    revisions.push_back(std::move(revision));
  }
  return revisions;
}

Result<doc::RevPath> path_of(const json::Node& node) {
  MYCOUCH_TRY(const json::Outline outline, json::outline(node.text, 2));
  const json::Node* start = outline.find(outline.root(), "start");
  const json::Node* ids = outline.find(outline.root(), "ids");
  if (start == nullptr || ids == nullptr) return not_couchdb("a history without its members");
  doc::RevPath path;
  const auto generation = json::value_of(start->text).as_int();
  if (!generation || *generation < 1 || *generation > UINT32_MAX)
    return not_couchdb("a history without a start");
  path.generation = static_cast<std::uint32_t>(*generation);
  for (const json::Node& id : outline.children(*ids)) {
    const std::string hash = json::decode_string(id.text);
    if (!doc::is_rev_hash(hash)) return not_couchdb("a revision that is none");
    path.hashes.emplace_back(hash);
  }
  if (path.hashes.empty()) return not_couchdb("an empty history");
  return path;
}

Result<std::vector<doc::RevisionStatus>> statuses_of(const json::Node& node) {
  using State = doc::RevisionStatus::State;
  MYCOUCH_TRY(const json::Outline outline, json::outline(node.text, 2));
  std::vector<doc::RevisionStatus> statuses;
  for (const json::Node& child : outline.children(outline.root())) {
    const json::Node* rev = outline.find(child, "rev");
    if (rev == nullptr) return not_couchdb("a revision without its name");
    MYCOUCH_TRY(doc::Revision revision, revision_of(*rev));
    const std::string status = string_of(outline, child, "status");
    const State state = status == "available" ? State::available
                        : status == "deleted" ? State::deleted
                                              : State::missing;
    statuses.push_back({std::move(revision), state});
  }
  return statuses;
}

std::uint64_t number_of(const json::Outline& outline, const json::Node& object, std::string_view name) {
  const json::Node* node = outline.find(object, name);
  if (node == nullptr || node->kind != json::Kind::number) return 0;
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, json::value_of(node->text).as_int().value_or(0)));
}

Result<std::vector<doc::Attachment>> attachments_of(const json::Node& node) {
  MYCOUCH_TRY(const json::Outline outline, json::outline(node.text, 2));
  std::vector<doc::Attachment> attachments;
  for (const json::Node& child : outline.children(outline.root())) {
    doc::Attachment attachment{.name = std::string(child.name),
                               .content_type = string_of(outline, child, "content_type")};
    const auto digest = doc::parse_md5(string_of(outline, child, "digest"));
    if (!digest) return not_couchdb("an attachment without a digest");
    attachment.digest = *digest;
    attachment.length = number_of(outline, child, "length");
    attachment.stored_length = attachment.length;
    attachment.revpos = static_cast<std::uint32_t>(number_of(outline, child, "revpos"));
    if (string_of(outline, child, "encoding") == "gzip") {
      attachment.encoding = doc::Encoding::gzip;
      attachment.stored_length = number_of(outline, child, "encoded_length");
    }
    attachments.push_back(std::move(attachment));
  }
  return attachments;
}

void append_member(std::string& body, const json::Node& node) {
  if (body.size() > 1) body += ',';
  json::append_string(body, node.name);
  body += ':';
  body += node.text;
}

// What is unknown is passed over.
Result<void> read_special(doc::Document& document, const json::Node& node) {
  if (node.name == "_id") {
    if (node.kind != json::Kind::string) return not_couchdb("an id that is no string");
    document.id = json::decode_string(node.text);
  } else if (node.name == "_rev") {
    MYCOUCH_TRY(document.revision, revision_of(node));
  } else if (node.name == "_deleted") {
    document.deleted = node.text == "true";
  } else if (node.name == "_revisions") {
    MYCOUCH_TRY(document.revisions, path_of(node));
  } else if (node.name == "_attachments") {
    MYCOUCH_TRY(document.attachments, attachments_of(node));
  } else if (node.name == "_revs_info") {
    MYCOUCH_TRY(document.revs_info, statuses_of(node));
  } else if (node.name == "_conflicts") {
    MYCOUCH_TRY(document.conflicts, revisions_of(node));
  } else if (node.name == "_deleted_conflicts") {
    MYCOUCH_TRY(document.deleted_conflicts, revisions_of(node));
  }
  return {};
}

void append_history(std::string& out, const doc::RevPath& path) {
  out += R"(,"_revisions":{"start":)";
  json::append_number(out, std::uint64_t{path.generation});
  out += R"(,"ids":[)";
  bool first = true;
  for (const doc::RevHash& hash : path.hashes) {
    if (!first) out += ',';
    first = false;
    json::append_string(out, hash.text());
  }
  out += "]}";
}

const NewStoredContent* content_of(const doc::IncomingAttachment& attachment) {
  return static_cast<const NewStoredContent*>(attachment.stored.get());
}

void append_data(std::string& out, std::string_view bytes) {
  out += R"(,"data":")";
  out += base::to_base64(bytes);
  out += '"';
}

void append_follows(std::string& out, const doc::StoredContent& content) {
  out += R"(,"follows":true,"length":)";
  json::append_number(out, content.length);
  out += R"(,"digest":)";
  json::append_string(out, doc::md5_text(content.received_digest));
  if (content.encoding == doc::Encoding::identity) return;
  out += R"(,"encoding":"gzip","encoded_length":)";
  json::append_number(out, content.stored_length);
}

void append_attachment(std::string& out, const doc::IncomingAttachment& attachment, bool with_content) {
  json::append_string(out, attachment.name);
  out += R"(:{"content_type":)";
  json::append_string(out, attachment.content_type);
  if (attachment.revpos) {
    out += R"(,"revpos":)";
    json::append_number(out, std::uint64_t{*attachment.revpos});
  }
  if (attachment.data && with_content) {
    append_data(out, *attachment.data);
  } else if (attachment.data) {
    out += R"(,"follows":true,"length":)";
    json::append_number(out, std::uint64_t{attachment.data->size()});
  } else if (attachment.stored && with_content) {
    append_data(out, content_of(attachment)->in_memory());
  } else if (attachment.stored) {
    append_follows(out, *attachment.stored);
  } else {
    out += R"(,"stub":true)";
    if (attachment.digest) {
      out += R"(,"digest":)";
      json::append_string(out, doc::md5_text(*attachment.digest));
    }
  }
  out += '}';
}

}  // namespace

std::unexpected<Error> not_couchdb(std::string_view what) {
  return fail(Errc::unavailable, fmt::format("the store's answer is not CouchDB's: {}", what));
}

Error error_of(std::string_view word, std::string reason) {
  const auto* known = std::ranges::find(kWords, word, &Word::word);
  if (known != kWords.end()) return {known->code, std::move(reason)};
  return {Errc::unavailable,
          fmt::format("the store answers with {}: {}", json::quoted(word.substr(0, kMaxQuoted)),
                      json::quoted(reason.substr(0, kMaxQuoted)))};
}

Error error_of(const http::Response& answer) {
  if (answer.status == 401) return {Errc::unavailable, "the store refuses its user name and password"};
  if (!is_json(answer)) {
    const std::string type(answer.headers.find("Content-Type").value_or("nothing"));
    return {Errc::unavailable,
            fmt::format("the store answers with status {} and {}, where CouchDB answers with JSON: is a "
                        "proxy in between?",
                        answer.status, json::quoted(type.substr(0, kMaxQuoted)))};
  }
  const auto outline = json::outline(answer.body, 1);
  if (!outline) return {Errc::unavailable, "the store's answer is no JSON"};
  const std::string word = string_of(*outline, outline->root(), "error");
  std::string reason = string_of(*outline, outline->root(), "reason");
  if (answer.status == 404) return {Errc::not_found, std::move(reason)};
  if (answer.status == 409) return {Errc::conflict, std::move(reason)};
  if (answer.status == 413) return {Errc::too_large, std::move(reason)};
  if (answer.status == 429 || answer.status >= 500 || answer.status < 400) {
    return {Errc::unavailable, fmt::format("the store answers with status {}: {}", answer.status,
                                           json::quoted(reason.substr(0, kMaxQuoted)))};
  }
  return error_of(word, std::move(reason));
}

Result<void> check_answer(const http::Response& answer) {
  const bool good = answer.status >= 200 && answer.status < 300 && is_json(answer);
  if (!good) return std::unexpected(error_of(answer));
  return {};
}

std::string string_of(const json::Outline& outline, const json::Node& object, std::string_view name) {
  const json::Node* node = outline.find(object, name);
  if (node == nullptr || node->kind != json::Kind::string) return "";
  return json::decode_string(node->text);
}

Result<doc::Document> read_document(const json::Outline& outline, const json::Node& node) {
  if (node.kind != json::Kind::object) return not_couchdb("a document that is no object");
  doc::Document document;
  document.body = "{";
  document.body.reserve(node.text.size());
  for (const json::Node& child : outline.children(node)) {
    // The state of a replication is its document's own.
    if (child.name.starts_with('_') && !child.name.starts_with("_replication_")) {
      MYCOUCH_CHECK(read_special(document, child));
    } else {
      append_member(document.body, child);
    }
  }
  document.body += '}';
  if (document.id.empty() || document.revision.generation == 0)
    return not_couchdb("a document without an id");
  for (doc::Attachment& attachment : document.attachments) {
    attachment.origin = origin_text(document.id, document.revision.text());
  }
  return document;
}

Result<LocalDocument> read_local_document(const json::Outline& outline, const json::Node& node) {
  LocalDocument local{.body = "{", .version = 0};
  for (const json::Node& child : outline.children(node)) {
    if (child.name == "_rev") {
      const auto revision = doc::parse_local_revision(json::decode_string(child.text));
      std::uint64_t version = 0;
      const std::string hash = revision ? revision->hash.text() : "";
      std::from_chars(hash.data(), hash.data() + hash.size(), version);
      local.version = version;
    } else if (!child.name.starts_with('_')) {
      append_member(local.body, child);
    }
  }
  local.body += '}';
  return local;
}

Result<OpenRevision> read_open_revision(const json::Outline& outline, const json::Node& node) {
  OpenRevision opened;
  if (const json::Node* document = outline.find(node, "ok"); document != nullptr) {
    MYCOUCH_TRY(opened.document, read_document(outline, *document));
    opened.revision = opened.document->revision;
    return opened;
  }
  std::string rev;
  if (const json::Node* missing = outline.find(node, "missing"); missing != nullptr) {
    rev = json::decode_string(missing->text);
  } else if (const json::Node* error = outline.find(node, "error"); error != nullptr) {
    const std::string word = string_of(outline, *error, "error");
    if (word != "not_found") return std::unexpected(error_of(word, string_of(outline, *error, "reason")));
    rev = string_of(outline, *error, "rev");
  } else {
    return not_couchdb("an entry that is neither a document nor an error");
  }
  // "undefined" where no revision was asked for.
  if (auto revision = doc::parse_revision(rev)) opened.revision = *std::move(revision);
  return opened;
}

std::string origin_text(std::string_view id, std::string_view rev) {
  return std::string(rev).append(" ").append(id);
}

ContentOrigin parse_origin(std::string_view origin) {
  const std::size_t space = std::min(origin.find(' '), origin.size());
  return {.id = std::string(origin.substr(std::min(space + 1, origin.size()))),
          .rev = std::string(origin.substr(0, space))};
}

bool fits_in_json(const doc::Edit& edit) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  std::size_t bytes = 0;
  for (const doc::IncomingAttachment& attachment : edit.attachments) {
    if (attachment.data) bytes += attachment.data->size();
    if (!attachment.stored) continue;
    const NewStoredContent* content = content_of(attachment);
    if (!content->is_in_memory() || content->encoding != doc::Encoding::identity) return false;
    bytes += content->in_memory().size();
  }
  return bytes <= kMost;
}

void append_edit(std::string& out, std::string_view id, const doc::Edit& edit, bool new_edits) {
  out += R"({"_id":)";
  json::append_string(out, id);
  if (!new_edits) {
    append_history(out, edit.path);
    out += R"(,"_rev":)";
    json::append_string(out, edit.path.leaf().text());
  } else if (edit.parent) {
    out += R"(,"_rev":)";
    json::append_string(out, edit.parent->text());
  }
  if (edit.deleted) out += R"(,"_deleted":true)";
  constexpr std::size_t kBraces = 2;
  if (edit.body.size() > kBraces) out.append(",").append(edit.body, 1, edit.body.size() - kBraces);
  if (!edit.attachments.empty()) {
    const bool with_contents = fits_in_json(edit);
    out += R"(,"_attachments":{)";
    bool first = true;
    for (const doc::IncomingAttachment& attachment : edit.attachments) {
      if (!first) out += ',';
      first = false;
      append_attachment(out, attachment, with_contents);
    }
    out += '}';
  }
  out += '}';
}

QueryText& QueryText::add(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? '?' : '&';
  text_.append(name).append("=").append(base::percent_encode(value));
  return *this;
}

QueryText& QueryText::add_json(std::string_view name, std::string_view text) {
  return add(name, json::quoted(text));
}

}  // namespace mycouch::store::couch
