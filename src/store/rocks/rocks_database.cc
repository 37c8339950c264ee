#include "store/rocks/rocks_database.h"

#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/log.h"
#include "store/rocks/contents.h"
#include "store/rocks/edits.h"
#include "store/rocks/keys.h"
#include "store/rocks/reader.h"
#include "store/rocks/transaction.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::size_t kCompactedTogether = 200;
// Contents of so many bytes are encoded and digested without a change of threads.
constexpr std::size_t kPreparedInPlace = 16 << 10;

std::size_t inline_bytes(const std::vector<doc::Edit>& edits) {
  std::size_t bytes = 0;
  for (const doc::Edit& edit : edits) {
    for (const doc::IncomingAttachment& attachment : edit.attachments) {
      bytes += attachment.data ? attachment.data->size() : 0;
    }
  }
  return bytes;
}

std::unexpected<Error> database_gone() {
  return fail(Errc::not_found, "Database does not exist.");
}

std::unexpected<Error> index_gone() {
  return fail(Errc::not_found, "missing");
}

// The number of an index that is built.
Result<std::optional<std::uint32_t>> built_number(const PartitionIndexes& indexes, const IndexQuery& query) {
  auto at = indexes.find(*query.index);
  if (!at) return index_gone();
  const IndexesRecord::Index& index = indexes.record.indexes[*at];
  return index.built ? std::optional(index.number) : std::nullopt;
}

View make_view(std::shared_ptr<DatabaseRecord> record, Confinement confinement) {
  View view;
  view.scope_prefix = key_prefix(record->number, confinement.scope);
  view.partial = confinement.scope != confinement.partition;
  view.epoch = record->epoch;
  if (!confinement.scope.empty()) {
    constexpr std::size_t kScopeBytes = 4;
    view.epoch += base::to_hex(base::as_text(base::sha256(confinement.scope)).substr(0, kScopeBytes));
  }
  view.target = make_target(std::move(record), std::move(confinement.partition));
  view.scope = std::move(confinement.scope);
  return view;
}

// Drops old bodies a few documents at a time, so that other writes get in between.
void compact_partition(EngineCore& core, const View& view) {
  Reader reader(*core.opened, view, Reader::Tier::disk);
  std::string last;
  while (!view.target.database->removed && !core.stopping) {
    auto ids = reader.ids_after(last, kCompactedTogether);
    if (!ids || ids->empty()) return;
    last = ids->back();
    Result<void> done =
        core.commit_blocking(Durability::relaxed, [&](Transaction& transaction) -> Result<void> {
          if (view.target.database->removed) return {};
          for (const std::string& id : *ids) MYCOUCH_CHECK(compact_document(transaction, view.target, id));
          return {};
        });
    if (!done) {
      log::warning("a compaction has stopped", {{"database", view.target.database->name}});
      return;
    }
  }
}

class RocksDatabase final : public Database {
 public:
  RocksDatabase(std::shared_ptr<EngineCore> core, View view)
      : core_(std::move(core)), view_(std::move(view)) {}

  Task<DatabaseInfo> info() override {
    return read<DatabaseInfo>([](Reader& reader) { return reader.info(); });
  }

  Task<doc::Document> read(std::string id, ReadOptions options) override {
    return read<doc::Document>([id = std::move(id), options = std::move(options)](Reader& reader) {
      return reader.document(id, options);
    });
  }

  Task<std::vector<OpenRevision>> read_all_leaves(std::string id, ReadOptions options) override {
    return read<std::vector<OpenRevision>>([id = std::move(id), options = std::move(options)](
                                               Reader& reader) { return reader.all_leaves(id, options); });
  }

  Task<std::vector<OpenRevision>> read_revisions(std::string id, std::vector<doc::Revision> revisions,
                                                 ReadOptions options) override {
    return read<std::vector<OpenRevision>>(
        [id = std::move(id), revisions = std::move(revisions), options = std::move(options)](Reader& reader) {
          return reader.revisions(id, revisions, options);
        });
  }

  Task<std::vector<std::vector<OpenRevision>>> read_many(std::vector<RevisionRequest> requests,
                                                         ReadOptions options) override {
    return read<std::vector<std::vector<OpenRevision>>>(
        [requests = std::move(requests), options = std::move(options)](Reader& reader) {
          return reader.many(requests, options);
        });
  }

  Task<std::vector<RevisionsDiff>> revs_diff(
      std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked) override {
    return read<std::vector<RevisionsDiff>>(
        [asked = std::move(asked)](Reader& reader) { return reader.revs_diff(asked); });
  }

  Task<ChangesPage> changes(ChangesQuery query) override {
    return read<ChangesPage>([query](Reader& reader) { return reader.changes(query); });
  }

  Task<std::uint64_t> pending(std::uint64_t seq) override {
    return read<std::uint64_t>([seq](Reader& reader) { return reader.pending(seq); });
  }

  Subscription subscribe(std::shared_ptr<base::Waiter> waiter) override {
    return core_->notifier->subscribe(view_.scope_prefix, std::move(waiter));
  }

  Task<AllDocsPage> all_docs(AllDocsQuery query) override {
    return read<AllDocsPage>([query = std::move(query)](Reader& reader) { return reader.all_docs(query); });
  }

  Task<std::vector<std::optional<AllDocsRow>>> all_docs_by_id(std::vector<std::string> ids,
                                                              AllDocsQuery query) override {
    return read<std::vector<std::optional<AllDocsRow>>>(
        [ids = std::move(ids), query = std::move(query)](Reader& reader) {
          return reader.all_docs_by_id(ids, query);
        });
  }

  Task<std::vector<Index>> indexes() override {
    MYCOUCH_CO_TRY(IndexCache::Indexes indexes, co_await read_indexes());
    co_return indexes->definitions;
  }

  Task<IndexPage> query_index(IndexQuery query) override {
    MYCOUCH_CO_TRY(std::optional<std::uint32_t> number, co_await built_index(query));
    if (!number) co_return IndexPage{.rows = {}, .at_end = true, .built = false};
    auto page = co_await read<IndexPage>(
        [&query, number](Reader& reader) { return reader.index_page(query, *number); });
    // Its rows may have been swept while they were read.
    MYCOUCH_CO_TRY(IndexCache::Indexes indexes, co_await read_indexes());
    auto at = indexes->find(*query.index);
    if (!at || indexes->record.indexes[*at].number != *number) co_return index_gone();
    co_return page;
  }

  Task<LocalDocument> read_local(std::string id) override {
    return read<LocalDocument>([id = std::move(id)](Reader& reader) { return reader.local(id); });
  }

  Task<LocalPage> local_docs(AllDocsQuery query) override {
    return read<LocalPage>([query = std::move(query)](Reader& reader) { return reader.local_docs(query); });
  }

  Task<AttachmentContent> read_attachment(std::string id, std::optional<doc::Revision> rev,
                                          std::string name) override {
    auto snapshot = std::make_shared<HeldSnapshot>(*core_->opened);
    MYCOUCH_CO_TRY(Reader::FoundAttachment found, co_await read<Reader::FoundAttachment>([&](Reader& reader) {
                     reader.read_at(snapshot->get());
                     return reader.attachment(id, rev, name);
                   }));
    auto content = make_content_reader(core_, std::move(snapshot), view_.target.prefix, found.content,
                                       found.attachment.stored_length);
    co_return AttachmentContent{std::move(found.attachment), std::move(found.revision), std::move(content)};
  }

  Task<std::unique_ptr<AttachmentReader>> open_content(doc::Attachment attachment) override {
    auto snapshot = std::make_shared<HeldSnapshot>(*core_->opened);
    MYCOUCH_CO_TRY(const base::Md5 name, co_await read<base::Md5>([&](Reader& reader) {
                     reader.read_at(snapshot->get());
                     return reader.content_name(attachment.digest);
                   }));
    co_return make_content_reader(core_, std::move(snapshot), view_.target.prefix, name,
                                  attachment.stored_length);
  }

  Task<std::unique_ptr<AttachmentWriter>> take_content(NewContent about) override {
    if (view_.target.database->removed) co_return database_gone();
    co_return make_content_writer(core_, view_.target.prefix, std::move(about));
  }

  Task<std::vector<WriteOutcome>> write(std::vector<doc::Edit> edits, WriteOptions options) override {
    auto prepare_all = [&edits] {
      std::vector<PreparedEdit> all;
      all.reserve(edits.size());
      for (doc::Edit& edit : edits) all.push_back(prepare(std::move(edit)));
      return all;
    };
    std::vector<PreparedEdit> prepared =
        inline_bytes(edits) > kPreparedInPlace ? co_await core_->pool.run(prepare_all) : prepare_all();
    std::vector<WriteOutcome> outcomes;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(options.durability, [&](Transaction& transaction) -> Result<void> {
          if (view_.target.database->removed) return {};
          outcomes.clear();
          outcomes.reserve(prepared.size());
          for (const PreparedEdit& edit : prepared) {
            MYCOUCH_TRY(WriteOutcome outcome, apply_edit(transaction, view_.target, edit, options.new_edits));
            outcomes.push_back(std::move(outcome));
          }
          return {};
        }));
    if (outcomes.size() != prepared.size()) co_return database_gone();
    co_return outcomes;
  }

  Task<void> write_local(std::string id, LocalDocument document) override {
    bool removed = false;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::relaxed, [&](Transaction& transaction) -> Result<void> {
          removed = view_.target.database->removed;
          if (removed) return {};
          transaction.put_local(document_key(view_.scope_prefix, id),
                                LocalRecord{document.version, document.body});
          return {};
        }));
    if (removed) co_return database_gone();
    co_return Result<void>();
  }

  Task<void> remove_local(std::string id) override {
    bool found = false;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::relaxed, [&](Transaction& transaction) -> Result<void> {
          std::string key = document_key(view_.scope_prefix, id);
          MYCOUCH_TRY(auto before, transaction.local(key));
          found = before.has_value() && !view_.target.database->removed;
          if (found) transaction.put_local(key, std::nullopt);
          return {};
        }));
    if (!found) co_return fail(Errc::not_found, "missing");
    co_return Result<void>();
  }

  Task<void> purge(std::vector<std::string> ids) override {
    bool removed = false;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::synced, [&](Transaction& transaction) -> Result<void> {
          removed = view_.target.database->removed;
          if (removed) return {};
          for (const std::string& id : ids) MYCOUCH_CHECK(purge_document(transaction, view_.target, id));
          return {};
        }));
    if (removed) co_return database_gone();
    co_return Result<void>();
  }

  Task<std::vector<std::vector<doc::Revision>>> purge_revisions(std::vector<PurgeRequest> requests) override {
    bool removed = false;
    std::vector<std::vector<doc::Revision>> purged;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::synced, [&](Transaction& transaction) -> Result<void> {
          removed = view_.target.database->removed;
          if (removed) return {};
          purged.clear();
          for (const PurgeRequest& request : requests) {
            MYCOUCH_TRY(auto gone, purge_leaves(transaction, view_.target, request.id, request.revisions));
            purged.push_back(std::move(gone));
          }
          return {};
        }));
    if (removed) co_return database_gone();
    co_return purged;
  }

  Task<DatabaseSettings> settings() override {
    if (view_.target.database->removed) co_return database_gone();
    co_return view_.target.database->settings();
  }

  Task<void> change_settings(SettingsChange change) override {
    bool removed = false;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::synced, [&](Transaction& transaction) -> Result<void> {
          removed = view_.target.database->removed;
          if (!removed) transaction.change_settings(view_.target.database, change);
          return {};
        }));
    if (removed) co_return database_gone();
    co_return Result<void>();
  }

  Task<void> compact() override {
    DatabaseRecord& record = *view_.target.database;
    if (record.removed) co_return database_gone();
    {
      std::lock_guard lock(record.compacting_mutex);
      if (!record.compacting.insert(view_.target.partition).second) co_return Result<void>();
    }
    core_->in_background([view = view_](EngineCore& core) {
      compact_partition(core, view);
      std::lock_guard lock(view.target.database->compacting_mutex);
      view.target.database->compacting.erase(view.target.partition);
    });
    co_return Result<void>();
  }

 private:
  Task<IndexCache::Indexes> read_indexes() {
    return read<IndexCache::Indexes>([this](Reader& reader) { return reader.indexes(core_->indexes); });
  }

  // Its number, once it is built; nothing where that takes longer than the query's patience.
  Task<std::optional<std::uint32_t>> built_index(const IndexQuery& query) {
    MYCOUCH_CO_TRY(IndexCache::Indexes indexes, co_await read_indexes());
    if (auto number = built_number(*indexes, query); !number || *number) co_return number;
    const auto deadline = std::chrono::steady_clock::now() + query.patience;
    auto waiter = base::Waiter::create(co_await boost::asio::this_coro::executor);
    // Before the next look, so that no change is missed between the two.
    auto subscription = core_->notifier->subscribe(index_prefix(view_.target.prefix, 0), waiter);
    for (bool in_time = true; in_time; in_time = co_await waiter->wait_until(deadline)) {
      MYCOUCH_CO_TRY(indexes, co_await read_indexes());
      if (auto number = built_number(*indexes, query); !number || *number) co_return number;
    }
    co_return std::nullopt;
  }

  // In place while everything is in memory, on the pool where the disk is needed.
  template <class T, class Work>
  Task<T> read(Work work) {
    if (view_.target.database->removed) co_return database_gone();
    {
      Reader reader(*core_->opened, view_, Reader::Tier::memory);
      Result<T> result = work(reader);
      if (!reader.blocked()) co_return result;
    }
    co_return co_await core_->pool.run([this, &work] {
      Reader reader(*core_->opened, view_, Reader::Tier::disk);
      return work(reader);
    });
  }

  std::shared_ptr<EngineCore> core_;
  View view_;
};

}  // namespace

std::unique_ptr<Database> open_database(std::shared_ptr<EngineCore> core,
                                        std::shared_ptr<DatabaseRecord> record, Confinement confinement) {
  return std::make_unique<RocksDatabase>(std::move(core),
                                         make_view(std::move(record), std::move(confinement)));
}

}  // namespace mycouch::store::rocks
