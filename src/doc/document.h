// Documents: what a client sends (an Edit), and what the store hands out (a Document).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "doc/revision.h"
#include "json/outline.h"
#include "json/value.h"

namespace mycouch::doc {

enum class Encoding : std::uint8_t { identity, gzip };

/// "md5-" and base64, as CouchDB writes digests.
std::string md5_text(const base::Md5& digest);
/// Nothing for any other text.
std::optional<base::Md5> parse_md5(std::string_view text);

/// Whether content of this type is stored compressed: text, JavaScript, JSON and XML, as by CouchDB's
/// default.
bool is_compressible(std::string_view content_type);

/// Content that a store has taken in for edits to come. Where no edit takes it, it goes with the last pointer
/// to it.
struct StoredContent {
  virtual ~StoredContent() = default;

  base::Md5 digest{};           // of the stored bytes
  base::Md5 received_digest{};  // of the bytes as they came
  std::uint64_t length = 0;     // in bytes, before encoding
  std::uint64_t stored_length = 0;
  Encoding encoding = Encoding::identity;
};

/// An attachment that is stored, without its content.
struct Attachment {
  std::string name{};
  std::string content_type{};
  base::Md5 digest{};               // of the stored bytes; "md5-" + base64 in JSON
  std::uint64_t length = 0;         // in bytes, before encoding
  std::uint64_t stored_length = 0;  // in bytes, as stored
  std::uint32_t revpos = 0;         // generation in which it came
  Encoding encoding = Encoding::identity;
  /// What the store that it was read from needs beside the rest to find its content; only for its eyes.
  std::string origin{};

  bool operator==(const Attachment&) const = default;
};

/// One member of `_attachments` as a client sends it.
struct IncomingAttachment {
  std::string name{};
  std::string content_type{};
  /// Decoded content; nothing for a stub or one that follows in a multipart body.
  std::optional<std::string> data{};
  /// Instead of `data`: what the store that the edit is for has taken in already.
  std::shared_ptr<const StoredContent> stored{};
  std::optional<base::Md5> digest{};  // of a stub or one that follows, where it names one
  std::optional<std::uint32_t> revpos{};
  bool follows = false;
  // Of one that follows, where they are told.
  std::optional<std::uint64_t> length{};          // before encoding
  std::optional<std::uint64_t> encoded_length{};  // of the bytes that follow
  Encoding encoding = Encoding::identity;         // of the bytes that follow
};

/// One change of one document, checked as far as it can be without the store.
struct Edit {
  std::string id{};
  /// new_edits=true: the revision that it is made on; nothing for a new document.
  std::optional<Revision> parent{};
  /// new_edits=false: the revision itself and its ancestors. Empty hashes otherwise.
  RevPath path{};
  bool deleted = false;
  std::string body = "{}";  // a JSON object's text, without members that begin with '_', on one line
  std::vector<IncomingAttachment> attachments{};
};

/// A member that every stored document must carry, such as {"tenant", "tenant_abc"}; an empty name: none.
struct Stamp {
  std::string name{};
  std::string value{};
};

struct EditRules {
  bool new_edits = true;
  Stamp stamp{};
  std::uint64_t max_document_size = 8'000'000;  // bytes of the body
};

/// Checks CouchDB's rules for ids (`_design/` and ordinary ids; `_local/` is not a document): not empty,
/// UTF-8, no other leading underscore; and at most 4,096 bytes. `illegal_docid` otherwise.
Result<void> check_id(std::string_view id);

/// Reads one document. `node` is a value of `outline` whose members, where it is an object, are within the
/// outline's depth. `url_id` is the id of the path, which counts where `_id` says another one; without
/// either, the Edit's id stays empty for the caller to make. One that begins with "_local/" the caller has
/// checked; revisions are local ones then. Where both are there, `_revisions` counts and `_rev` does not.
/// With new_edits=false one of them must be there, unless there is a path: a revision may stand in its URL,
/// which is the caller's to see. Errors as CouchDB has them: not an object; `_id` not a string or not an id;
/// an unknown member that begins with '_' (`doc_validation`); a malformed `_rev`, `_revisions`,
/// `_attachments`, `_deleted`; too large; another value of the stamp (`forbidden`).
Result<Edit> read_edit(const json::Outline& outline, const json::Node& node, std::string_view url_id,
                       const EditRules& rules);

/// The revision that follows `parent` (nothing: a first one) with this content: the same on every server, and
/// in whatever order the attachments are.
Revision next_revision(const std::optional<Revision>& parent, bool deleted, std::string_view body,
                       const std::vector<Attachment>& attachments);

/// What a document's JSON says of an attachment beside its type, digest and revpos.
enum class AttachmentForm : std::uint8_t {
  stubs,        // its length
  inline_data,  // its content, decoded, in base64
  follows       // its length, and that its content is in a later part of a multipart body
};

/// Stands in JSON text, where nothing else can be a zero byte, for the base64 of an attachment's content:
/// that may be larger than memory, and is put in its place on the way out.
inline constexpr char kContentPlace = '\0';

struct RevisionStatus {
  Revision revision;
  enum class State : std::uint8_t { available, missing, deleted } state;
};

/// One revision as it is read. What a reader did not ask for is empty.
struct Document {
  std::string id{};
  Revision revision{};
  bool deleted = false;
  std::string body = "{}";
  std::vector<Attachment> attachments{};
  AttachmentForm attachment_form = AttachmentForm::stubs;
  bool encoding_info = false;  // `encoding` and `encoded_length` of the attachments that are stored encoded
  /// Attachments of this generation and before are stubs whatever the form (`atts_since`).
  std::uint32_t contents_since = 0;
  RevPath revisions{};  // `_revisions`; empty hashes: not asked for
  std::vector<RevisionStatus> revs_info{};
  std::vector<Revision> conflicts{};
  std::vector<Revision> deleted_conflicts{};
  std::optional<std::string> local_seq{};

  /// Whether the attachment's content goes out with the document.
  bool sends(const Attachment& attachment) const {
    return attachment_form != AttachmentForm::stubs && attachment.revpos > contents_since;
  }
};

/// The document as JSON: `_id` and `_rev` first, then the body's own members as they came, then the other
/// members that begin with '_'. With `inline_data` there is a kContentPlace for each attachment that it
/// sends, in their order.
void append_json(std::string& out, const Document& document);
json::Value as_value(const Document& document);

}  // namespace mycouch::doc
