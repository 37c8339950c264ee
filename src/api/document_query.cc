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

void parse_flags(const http::Query& query, store::ReadOptions& read) {
  const bool meta = is_true(query, "meta");
  read.latest = is_true(query, "latest");
  read.revs = is_true(query, "revs");
  read.revs_info = meta || is_true(query, "revs_info");
  read.conflicts = meta || is_true(query, "conflicts");
  read.deleted_conflicts = meta || is_true(query, "deleted_conflicts");
  read.local_seq = is_true(query, "local_seq");
  read.deleted = is_true(query, "deleted");
  if (is_true(query, "attachments")) read.attachments = doc::AttachmentForm::inline_data;
  read.encoding_info = is_true(query, "att_encoding_info");
}

}  // namespace

Result<DocumentQuery> parse_document_query(const http::Query& query) {
  DocumentQuery result;
  store::ReadOptions& read = result.read;
  parse_flags(query, read);
  if (const std::string* rev = query.find("rev")) {
    MYCOUCH_TRY(read.rev, doc::parse_revision(*rev));
  }
  if (const std::string* atts_since = query.find("atts_since")) {
    MYCOUCH_TRY(read.atts_since, parse_revisions(*atts_since));
    read.attachments = doc::AttachmentForm::inline_data;
  }
  if (const std::string* open_revs = query.find("open_revs")) {
    MYCOUCH_TRY(result.open_revs, parse_open_revs(*open_revs));
    const auto* list = std::get_if<std::vector<doc::Revision>>(&*result.open_revs);
    if (list && list->empty()) result.open_revs.reset();  // as if it had not been asked
  }
  if (const std::string* new_edits = query.find("new_edits")) {
    result.new_edits = *new_edits != "false";
  }
  const std::string* batch = query.find("batch");
  result.batch = batch && *batch == "ok";
  return result;
}

void leave_out_the_tree(store::ReadOptions& read) {
  read.revs_info = read.conflicts = read.deleted_conflicts = read.local_seq = false;
}

Result<std::optional<doc::Revision>> parent_revision(const http::Query& query, const http::Headers& headers,
                                                     std::optional<doc::Revision> inside,
                                                     ParseRevision& parse) {
  std::optional<doc::Revision> parent = std::move(inside);
  if (const std::string* rev = query.find("rev")) {
    MYCOUCH_TRY(doc::Revision revision, parse(*rev));
    if (parent && *parent != revision) {
      return fail(Errc::bad_request, "Document rev from request body and query string have different values");
    }
    parent = std::move(revision);
  }
  if (auto etag = headers.find("If-Match")) {
    while (etag->starts_with('"')) etag->remove_prefix(1);
    while (etag->ends_with('"')) etag->remove_suffix(1);
    MYCOUCH_TRY(doc::Revision revision, parse(*etag));
    if (parent && *parent != revision) {
      return fail(Errc::bad_request, "Document rev and etag have different values");
    }
    parent = std::move(revision);
  }
  return parent;
}

}  // namespace mycouch::api
