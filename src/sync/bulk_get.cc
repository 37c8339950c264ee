#include "sync/bulk_get.h"

#include <algorithm>
#include <span>
#include <utility>

#include "json/outline.h"
#include "json/writer.h"
#include "sync/limits.h"

namespace mycouch::sync {
namespace {

constexpr int kDepth = 3;  // the request, `docs`, an entry, its members

Result<void> check_request_id(const json::Node* id) {
  if (!id) return fail(Errc::bad_request, "document id missed");
  if (id->kind != json::Kind::string) return fail(Errc::illegal_docid, "Document id must be a string");
  return doc::check_id(json::decode_string(id->text));
}

Result<store::RevisionRequest> read_request(const json::Node& id, const json::Node* rev) {
  store::RevisionRequest request{json::decode_string(id.text), {}};
  if (rev) {
    if (rev->kind != json::Kind::string) return fail(Errc::bad_request, "Invalid rev format");
    MYCOUCH_TRY(request.rev, doc::parse_revision(json::decode_string(rev->text)));
  }
  return request;
}

BulkGetEntry read_entry(const json::Outline& outline, const json::Node& node) {
  BulkGetEntry entry;
  if (node.kind != json::Kind::object || !node.has_children) {
    entry.request = Error{Errc::bad_request, "document must be a JSON object"};
    return entry;
  }
  const json::Node* id = outline.find(node, "id");
  const json::Node* rev = outline.find(node, "rev");
  if (id) entry.id_json = id->text;
  if (rev) entry.rev_json = rev->text;
  if (auto checked = check_request_id(id); !checked) {
    entry.rev_json = "null";  // CouchDB has not looked at it yet
    entry.request = std::move(checked).error();
  } else if (auto request = read_request(*id, rev)) {
    entry.request = *std::move(request);
  } else {
    entry.request = std::move(request).error();
  }
  return entry;
}

void append_error(std::string& out, const BulkGetEntry& entry, std::string_view rev_json, const Error& error,
                  ErrorWord error_word) {
  out += R"({"error":{"id":)";
  out += entry.id_json;
  out += R"(,"rev":)";
  out += rev_json;
  out += R"(,"error":)";
  json::append_string(out, error_word(error.code));
  out += R"(,"reason":)";
  json::append_string(out, error.reason);
  out += "}}";
}

void append_revision(std::string& out, const BulkGetEntry& entry, const store::OpenRevision& found,
                     ErrorWord error_word) {
  if (found.document) {
    out += R"({"ok":)";
    doc::append_json(out, *found.document);
    out += '}';
    return;
  }
  // CouchDB's word where no revision was asked for.
  std::string rev = found.revision.generation == 0 ? R"("undefined")" : json::quoted(found.revision.text());
  append_error(out, entry, rev, {Errc::not_found, "missing"}, error_word);
}

void append_result(std::string& out, const BulkGetEntry& entry, const std::vector<store::OpenRevision>* found,
                   ErrorWord error_word) {
  out += R"({"id":)";
  out += entry.id_json;
  out += R"(,"docs":[)";
  if (found) {
    bool first = true;
    for (const store::OpenRevision& revision : *found) {
      if (!std::exchange(first, false)) out += ',';
      append_revision(out, entry, revision, error_word);
    }
  } else {
    append_error(out, entry, entry.rev_json, std::get<Error>(entry.request), error_word);
  }
  out += "]}";
}

void expect_contents(Output& output, store::Database& database,
                     const std::vector<store::OpenRevision>& revisions) {
  for (const store::OpenRevision& revision : revisions) {
    if (revision.document) output.expect_contents(database, *revision.document);
  }
}

std::vector<store::RevisionRequest> requests_of(std::span<const BulkGetEntry> entries) {
  std::vector<store::RevisionRequest> requests;
  for (const BulkGetEntry& entry : entries) {
    if (auto* request = std::get_if<store::RevisionRequest>(&entry.request)) requests.push_back(*request);
  }
  return requests;
}

}  // namespace

Result<std::vector<BulkGetEntry>> read_bulk_get(std::string_view body) {
  MYCOUCH_TRY(json::Outline outline, json::outline(body, kDepth));
  const json::Node& root = outline.root();
  if (root.kind != json::Kind::object) return fail(Errc::bad_request, "Request body must be a JSON object");
  const json::Node* docs = outline.find(root, "docs");
  if (!docs || docs->kind != json::Kind::array)
    return fail(Errc::bad_request, "Missing JSON list of 'docs'.");
  std::vector<BulkGetEntry> entries;
  for (const json::Node& node : outline.children(*docs)) {
    MYCOUCH_CHECK(check_count(entries.size() + 1, kMaxDocuments, "documents"));
    entries.push_back(read_entry(outline, node));
  }
  return entries;
}

Task<void> bulk_get(store::Database& database, std::vector<BulkGetEntry> entries, store::ReadOptions options,
                    ErrorWord error_word, Output& output) {
  output.text() += R"({"results":[)";
  for (std::size_t begin = 0; begin < entries.size();) {
    std::size_t end = std::min(begin + kBatch, entries.size());
    MYCOUCH_CO_TRY(auto found,
                   co_await database.read_many(requests_of({&entries[begin], end - begin}), options));
    auto next_found = found.cbegin();
    for (; begin < end; ++begin) {
      bool good = std::holds_alternative<store::RevisionRequest>(entries[begin].request);
      if (good && next_found == found.cend()) break;
      if (begin > 0) output.text() += ',';
      if (good) expect_contents(output, database, *next_found);
      append_result(output.text(), entries[begin], good ? &*next_found++ : nullptr, error_word);
      if (output.full()) MYCOUCH_CO_CHECK(co_await output.flush());
    }
  }
  output.text() += "]}";
  co_return Result<void>{};
}

}  // namespace mycouch::sync
