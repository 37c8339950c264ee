// A Database that is a list of changes, and notes what is written: for what is tested above the store.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/database.h"

namespace mycouch::sync {

class FakeDatabase final : public store::Database {
 public:
  /// The next change of `id`, whose waiters are woken.
  void change(const std::string& id, bool deleted = false) {
    std::erase_if(rows, [&](const store::ChangeRow& row) { return row.id == id; });
    rows.push_back({++update_seq, id, deleted, {*doc::parse_revision("1-aa")}});
    for (const auto& waiter : waiters) waiter->wake();
  }

  Task<store::DatabaseInfo> info() override {
    co_return store::DatabaseInfo{
        .name = "fake", .epoch = "e1", .update_seq = update_seq, .doc_count = rows.size()};
  }
  Task<store::ChangesPage> changes(store::ChangesQuery query) override {
    if (removed) co_return fail(Errc::not_found, "Database does not exist.");
    store::ChangesPage page;
    std::vector<store::ChangeRow> in_order = rows;
    if (query.descending) std::ranges::reverse(in_order);
    for (const store::ChangeRow& row : in_order) {
      if (query.descending ? row.seq >= query.before : row.seq <= query.since) continue;
      if (page.rows.size() == query.limit) {
        page.at_end = false;
        break;
      }
      page.rows.push_back(row);
    }
    page.last_seq = page.at_end ? update_seq : page.rows.back().seq;
    co_return page;
  }
  Task<std::uint64_t> pending(std::uint64_t seq) override {
    co_return static_cast<std::uint64_t>(
        std::ranges::count_if(rows, [seq](const store::ChangeRow& row) { return row.seq > seq; }));
  }
  store::Subscription subscribe(std::shared_ptr<base::Waiter> waiter) override {
    waiters.push_back(std::move(waiter));
    return {};
  }
  Task<std::vector<std::vector<store::OpenRevision>>> read_many(std::vector<store::RevisionRequest> requests,
                                                                store::ReadOptions) override {
    std::vector<std::vector<store::OpenRevision>> found;
    if (requests.size() > most_at_once) requests.resize(most_at_once);
    for (store::RevisionRequest& request : requests) {
      doc::Document document;
      document.id = request.id;
      document.revision = *request.rev;
      if (auto body = bodies.find(request.id); body != bodies.end()) document.body = body->second;
      found.push_back({{*request.rev, std::move(document)}});
    }
    co_return found;
  }
  Task<std::vector<std::optional<store::AllDocsRow>>> all_docs_by_id(std::vector<std::string> ids,
                                                                     store::AllDocsQuery) override {
    std::vector<std::optional<store::AllDocsRow>> found;
    if (ids.size() > most_at_once) ids.resize(most_at_once);
    for (const std::string& id : ids) {
      auto& row = found.emplace_back();
      auto at = std::ranges::find(rows, id, &store::ChangeRow::id);
      if (at != rows.end()) row = store::AllDocsRow{id, at->leaves.front(), at->deleted, {}};
    }
    co_return found;
  }
  Task<std::vector<store::WriteOutcome>> write(std::vector<doc::Edit> edits, store::WriteOptions) override {
    std::vector<store::WriteOutcome> outcomes;
    for (doc::Edit& edit : edits) {
      outcomes.push_back({edit.id, *doc::parse_revision("1-aa"), {}});
      if (edit.id == "conflicting")
        outcomes.back().error = Error{Errc::conflict, "Document update conflict."};
      written.push_back(std::move(edit));
    }
    co_return outcomes;
  }
  Task<void> write_local(std::string id, store::LocalDocument document) override {
    locals.emplace_back(std::move(id), std::move(document.body));
    co_return Result<void>{};
  }
  Task<void> remove_local(std::string) override { co_return fail(Errc::not_found, "missing"); }

  // What these tests do not reach.
  Task<doc::Document> read(std::string, store::ReadOptions) override { co_return unused(); }
  Task<std::vector<store::OpenRevision>> read_all_leaves(std::string, store::ReadOptions) override {
    co_return unused();
  }
  Task<std::vector<store::OpenRevision>> read_revisions(std::string, std::vector<doc::Revision>,
                                                        store::ReadOptions) override {
    co_return unused();
  }
  Task<std::vector<RevisionsDiff>> revs_diff(
      std::vector<std::pair<std::string, std::vector<doc::Revision>>>) override {
    co_return unused();
  }
  Task<store::AllDocsPage> all_docs(store::AllDocsQuery) override { co_return unused(); }
  Task<std::vector<Index>> indexes() override { co_return unused(); }
  Task<store::IndexPage> query_index(store::IndexQuery) override { co_return unused(); }
  Task<store::LocalDocument> read_local(std::string) override { co_return unused(); }
  Task<AttachmentContent> read_attachment(std::string, std::optional<doc::Revision>, std::string) override {
    co_return unused();
  }
  Task<std::unique_ptr<store::AttachmentReader>> open_content(doc::Attachment) override {
    co_return unused();
  }
  Task<std::unique_ptr<store::AttachmentWriter>> take_content(store::NewContent) override {
    co_return unused();
  }
  Task<void> purge(std::vector<std::string>) override { co_return unused(); }
  Task<std::vector<std::vector<doc::Revision>>> purge_revisions(std::vector<PurgeRequest>) override {
    co_return unused();
  }
  Task<store::LocalPage> local_docs(store::AllDocsQuery) override { co_return unused(); }
  Task<store::DatabaseSettings> settings() override { co_return unused(); }
  Task<void> change_settings(store::SettingsChange) override { co_return unused(); }
  Task<void> compact() override { co_return unused(); }

  std::vector<store::ChangeRow> rows;
  std::uint64_t update_seq = 0;
  bool removed = false;
  std::map<std::string, std::string> bodies;  // of documents; "{}" where none is named
  std::size_t most_at_once = SIZE_MAX;        // documents that a call answers, as where they are large
  std::vector<std::shared_ptr<base::Waiter>> waiters;
  std::vector<doc::Edit> written;
  std::vector<std::pair<std::string, std::string>> locals;

 private:
  static std::unexpected<Error> unused() { return fail(Errc::internal, "not part of the fake"); }
};

}  // namespace mycouch::sync
