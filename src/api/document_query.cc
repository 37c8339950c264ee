#include "api/document_query.h"

#include "api/query_values.h"
#include "json/value.h"

namespace mycouch::api {
namespace {

using OpenRevs = std::variant<AllLeaves, std::vector<doc::Revision>>;

Result<std::vector<doc::Revision>> parse_revisions(const std::string& text) {
  MYCOUCH_TRY(json::Value value, json::parse(text));
  const json::Array* list = value.as_array();
  if (!list) return fail(Errc::bad_request, "Invalid list of revisions");
  std::vector<doc::Revision> revisions;
  for (const json::Value& element : *list) {
    const std::string* rev = element.as_string();
    if (!rev) return fail(Errc::bad_request, "Invalid rev format");
    MYCOUCH_TRY(doc::Revision revision, doc::parse_revision(*rev));
    revisions.push_back(std::move(revision));
  }
  return revisions;
}

Result<OpenRevs> parse_open_revs(const std::string& text) {
  if (text == "all") return AllLeaves{};
  return parse_revisions(text);
}

Result<void> parse_flags(const http::Query& query, store::ReadOptions& read) {
  MYCOUCH_TRY(read.latest, boolean_option(query, "latest"));
  MYCOUCH_TRY(read.revs, boolean_option(query, "revs"));
  MYCOUCH_TRY(read.revs_info, boolean_option(query, "revs_info"));
  MYCOUCH_TRY(read.conflicts, boolean_option(query, "conflicts"));
  MYCOUCH_TRY(read.deleted_conflicts, boolean_option(query, "deleted_conflicts"));
  MYCOUCH_TRY(read.local_seq, boolean_option(query, "local_seq"));
  MYCOUCH_TRY(bool meta, boolean_option(query, "meta"));
  if (meta) read.revs_info = read.conflicts = read.deleted_conflicts = true;
  MYCOUCH_TRY(bool attachments, boolean_option(query, "attachments"));
  if (attachments) read.attachments = doc::AttachmentForm::inline_data;
  MYCOUCH_TRY(read.encoding_info, boolean_option(query, "att_encoding_info"));
  return {};
}

}  // namespace

bool DocumentQuery::is_plain() const {
  return !open_revs && !read.revs && !read.revs_info && !read.conflicts && !read.deleted_conflicts &&
         !read.local_seq && !read.encoding_info && read.attachments == doc::AttachmentForm::stubs;
}

Result<DocumentQuery> parse_document_query(const http::Query& query) {
  DocumentQuery result;
  store::ReadOptions& read = result.read;
  MYCOUCH_CHECK(parse_flags(query, read));
  if (const std::string* rev = query.find("rev")) {
    MYCOUCH_TRY(read.rev, doc::parse_revision(*rev));
  }
  if (const std::string* atts_since = query.find("atts_since")) {
    MYCOUCH_TRY(read.atts_since, parse_revisions(*atts_since));
    read.attachments = doc::AttachmentForm::inline_data;
  }
  if (const std::string* open_revs = query.find("open_revs")) {
    MYCOUCH_TRY(result.open_revs, parse_open_revs(*open_revs));
  }
  if (const std::string* new_edits = query.find("new_edits")) {
    MYCOUCH_TRY(result.new_edits, parse_boolean(*new_edits));
  }
  const std::string* batch = query.find("batch");
  result.batch = batch && *batch == "ok";
  return result;
}

Result<std::optional<doc::Revision>> parent_revision(const http::Query& query, const http::Headers& headers) {
  std::optional<doc::Revision> parent;
  if (const std::string* rev = query.find("rev")) {
    MYCOUCH_TRY(parent, doc::parse_revision(*rev));
  }
  if (auto etag = headers.find("If-Match")) {
    while (etag->starts_with('"')) etag->remove_prefix(1);
    while (etag->ends_with('"')) etag->remove_suffix(1);
    MYCOUCH_TRY(doc::Revision revision, doc::parse_revision(*etag));
    if (parent && *parent != revision) {
      return fail(Errc::bad_request, "Document rev and etag have different values");
    }
    parent = std::move(revision);
  }
  return parent;
}

}  // namespace mycouch::api
