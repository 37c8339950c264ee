#include "sync/bulk_docs.h"

#include <utility>

#include "base/random.h"
#include "json/outline.h"
#include "sync/limits.h"
#include "sync/local_document.h"

namespace mycouch::sync {
namespace {

constexpr int kDepth = 3;  // the request, `docs`, a document, its members

// The request taken apart. `edits` and `locals` say to which row they belong.
struct Batch {
  BulkOutcomes outcomes;
  std::vector<doc::Edit> edits;
  std::vector<std::size_t> edit_rows;
  struct Local {
    std::size_t row;
    doc::Edit edit;
  };
  std::vector<Local> locals;
};

Result<bool> read_new_edits(const json::Outline& outline) {
  const json::Node* node = outline.find(outline.root(), "new_edits");
  if (!node) return true;
  if (node->kind != json::Kind::boolean)
    return fail(Errc::bad_request, "`new_edits` parameter must be a boolean.");
  return node->text == "true";
}

Result<const json::Node*> find_docs(const json::Outline& outline) {
  if (outline.root().kind != json::Kind::object) {
    return fail(Errc::bad_request, "Request body must be a JSON object");
  }
  const json::Node* docs = outline.find(outline.root(), "docs");
  if (!docs) return fail(Errc::bad_request, "POST body must include `docs` parameter.");
  if (docs->kind != json::Kind::array) return fail(Errc::bad_request, "`docs` parameter must be an array.");
  return docs;
}

Result<void> add_local(Batch& batch, const json::Outline& outline, const json::Node& node, std::string id,
                       const WriteRules& rules) {
  MYCOUCH_TRY(doc::Edit edit, read_local_edit(outline, node, id, rules.max_document_size));
  if (!batch.outcomes.new_edits && !edit.parent) {
    return fail(Errc::bad_request,
                "When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
  }
  batch.locals.push_back({batch.outcomes.rows.size(), std::move(edit)});
  batch.outcomes.rows.push_back({std::move(id), {}, {}});
  return {};
}

Result<void> add_document(Batch& batch, const json::Outline& outline, const json::Node& node,
                          const WriteRules& rules) {
  std::string id = id_of(outline, node);
  if (id.starts_with(kLocalPrefix)) return add_local(batch, outline, node, std::move(id), rules);

  auto edit = read_edit(outline, node, {}, batch.outcomes.new_edits, rules);
  if (!edit && edit.error().code == Errc::forbidden) {
    batch.outcomes.rows.push_back({std::move(id), {}, std::move(edit).error()});
    return {};
  }
  if (!edit) return std::unexpected(std::move(edit).error());
  if (edit->id.empty()) edit->id = base::random_uuid();
  std::string rev = edit->path.hashes.empty() ? std::string() : edit->path.leaf().text();
  batch.edit_rows.push_back(batch.outcomes.rows.size());
  batch.outcomes.rows.push_back({edit->id, std::move(rev), {}});
  batch.edits.push_back(*std::move(edit));
  return {};
}

Result<Batch> read_batch(const std::string& body, const WriteRules& rules) {
  MYCOUCH_TRY(json::Outline outline, json::outline(body, kDepth));
  MYCOUCH_TRY(const json::Node* docs, find_docs(outline));
  Batch batch;
  // A value that is none is told of after what is wrong with the documents, as in CouchDB.
  Result<bool> new_edits = read_new_edits(outline);
  batch.outcomes.new_edits = new_edits.value_or(true);
  for (const json::Node& node : outline.children(*docs)) {
    MYCOUCH_CHECK(check_count(batch.outcomes.rows.size() + 1, kMaxDocuments, "documents"));
    MYCOUCH_CHECK(add_document(batch, outline, node, rules));
  }
  if (!new_edits) return std::unexpected(std::move(new_edits).error());
  return batch;
}

Task<void> write_edits(store::Database& database, Batch& batch) {
  if (batch.edits.empty()) co_return Result<void>{};
  store::WriteOptions options{batch.outcomes.new_edits, store::Durability::synced};
  MYCOUCH_CO_TRY(auto written, co_await database.write(std::move(batch.edits), options));
  for (std::size_t i = 0; i < written.size(); ++i) {
    BulkOutcome& row = batch.outcomes.rows[batch.edit_rows[i]];
    row.error = std::move(written[i].error);
    if (!row.error) row.rev = written[i].revision.text();
  }
  co_return Result<void>{};
}

Task<void> write_locals(store::Database& database, Batch& batch) {
  for (Batch::Local& local : batch.locals) {
    BulkOutcome& row = batch.outcomes.rows[local.row];
    auto version = co_await write_local(database, std::move(local.edit));
    if (version) {
      row.rev = "0-" + std::to_string(*version);
    } else if (version.error().code == Errc::bad_request) {
      row.error = std::move(version).error();
    } else {
      co_return std::unexpected(std::move(version).error());
    }
  }
  co_return Result<void>{};
}

}  // namespace

Task<BulkOutcomes> bulk_docs(store::Database& database, std::string body, const WriteRules& rules) {
  MYCOUCH_CO_TRY(Batch batch, read_batch(body, rules));
  std::string().swap(body);
  MYCOUCH_CO_CHECK(co_await write_edits(database, batch));
  MYCOUCH_CO_CHECK(co_await write_locals(database, batch));
  co_return std::move(batch.outcomes);
}

}  // namespace mycouch::sync
