#include "store/couch/scope_index.h"

#include <mutex>
#include <utility>

#include "store/couch/index_catalogue.h"
#include "store/couch/index_edit.h"
#include "store/couch/index_files.h"
#include "store/couch/index_keys.h"
#include "store/couch/index_reader.h"
#include "store/rocks/names.h"

namespace mycouch::store::couch {
namespace {

std::unexpected<Error> database_gone() {
  return fail(Errc::not_found, "Database does not exist.");
}

}  // namespace

class ScopeIndex::Core {
 public:
  explicit Core(std::unique_ptr<IndexFiles> files) : files_(std::move(files)) {}

  IndexFiles& files() { return *files_; }
  IndexCatalogue& catalogue() { return catalogue_; }
  /// Held by who writes.
  std::mutex& writing() { return writing_; }

  /// `work` for the database as it is. Where its life ends meanwhile, so that rows may be missing, what was
  /// read is dropped, and read again in the life that follows.
  template <class T, class Work>
  Result<T> read(const std::string& database, Work work) {
    while (IndexCatalogue::Record before = catalogue_.find(database)) {
      Result<T> result = work(*before);
      IndexCatalogue::Record after = catalogue_.find(database);
      if (after && after->number == before->number) return result;
    }
    return database_gone();
  }

  template <class T, class Work>
  Result<T> read_scope(const std::string& database, const ScopeName& scope, Work work) {
    return read<T>(database, [&](const DatabaseRecord& record) {
      IndexReader reader(*files_, record.number, scope);
      return work(reader);
    });
  }

 private:
  std::unique_ptr<IndexFiles> files_;
  IndexCatalogue catalogue_{*files_};
  std::mutex writing_;
};

ScopeIndex::ScopeIndex(std::unique_ptr<Core> core) : core_(std::move(core)) {}

ScopeIndex::~ScopeIndex() {
  core_->catalogue().close();
}

Result<std::unique_ptr<ScopeIndex>> ScopeIndex::open(Options options) {
  MYCOUCH_TRY(auto files, IndexFiles::open(options.directory, options.cache_bytes));
  auto core = std::make_unique<Core>(std::move(files));
  MYCOUCH_CHECK(core->catalogue().load());
  return std::unique_ptr<ScopeIndex>(new ScopeIndex(std::move(core)));
}

std::string ScopeIndex::uuid() const {
  return core_->catalogue().uuid();
}

Result<std::optional<DatabaseState>> ScopeIndex::state(const std::string& database) {
  IndexCatalogue::Record record = core_->catalogue().find(database);
  if (!record) return std::nullopt;
  return record->state;
}

Result<void> ScopeIndex::begin(const std::string& database, std::string incarnation) {
  std::lock_guard lock(core_->writing());
  return core_->catalogue().replace(
      database, DatabaseState{.incarnation = std::move(incarnation), .since = "0", .epoch = new_epoch()});
}

Result<void> ScopeIndex::remove(const std::string& database) {
  std::lock_guard lock(core_->writing());
  if (!core_->catalogue().find(database)) return {};
  return core_->catalogue().replace(database, std::nullopt);
}

Result<Folded> ScopeIndex::fold(const std::string& database, const std::vector<FoldedDocument>& rows,
                                std::string since, bool complete) {
  std::lock_guard lock(core_->writing());
  IndexCatalogue::Record before = core_->catalogue().find(database);
  if (!before) return database_gone();
  IndexEdit edit(core_->files(), before->number);
  for (const FoldedDocument& row : rows) MYCOUCH_CHECK(edit.fold(row));
  DatabaseRecord after = *before;
  after.state.since = std::move(since);
  after.state.complete = before->state.complete || complete;
  rocksdb::WriteBatch& batch = edit.batch();
  if (batch.Count() > 0 || after != *before) {
    MYCOUCH_CHECK(core_->catalogue().change(database, std::move(after), batch));
  }
  return edit.folded();
}

Result<Folded> ScopeIndex::purge(const std::string& database, const std::string& partition,
                                 const std::vector<std::string>& ids) {
  std::lock_guard lock(core_->writing());
  IndexCatalogue::Record record = core_->catalogue().find(database);
  if (!record) return database_gone();
  IndexEdit edit(core_->files(), record->number);
  for (const std::string& id : ids) MYCOUCH_CHECK(edit.purge(partition, id));
  MYCOUCH_CHECK(core_->files().write(edit.batch(), IndexFiles::Durability::relaxed));
  return edit.folded();
}

Result<std::string> ScopeIndex::epoch(const std::string& database, const ScopeName& scope) {
  return core_->read<std::string>(database, [&](const DatabaseRecord& record) -> Result<std::string> {
    return scope_epoch(record.state.epoch, scope);
  });
}

Result<ScopeCounts> ScopeIndex::counts(const std::string& database, const ScopeName& scope) {
  return core_->read_scope<ScopeCounts>(database, scope, [](IndexReader& reader) { return reader.counts(); });
}

Result<ChangesPage> ScopeIndex::changes(const std::string& database, const ScopeName& scope,
                                        const ChangesQuery& query) {
  return core_->read_scope<ChangesPage>(database, scope,
                                        [&](IndexReader& reader) { return reader.changes(query); });
}

Result<std::uint64_t> ScopeIndex::pending(const std::string& database, const ScopeName& scope,
                                          std::uint64_t seq) {
  return core_->read_scope<std::uint64_t>(database, scope,
                                          [&](IndexReader& reader) { return reader.pending(seq); });
}

Result<std::optional<Place>> ScopeIndex::place(const std::string& database, const ScopeName& scope,
                                               const std::string& id) {
  return core_->read_scope<std::optional<Place>>(database, scope,
                                                 [&](IndexReader& reader) { return reader.place(id); });
}

Result<std::vector<std::string>> ScopeIndex::ids(const std::string& database, const ScopeName& scope,
                                                 const std::string& after, std::size_t limit) {
  return core_->read_scope<std::vector<std::string>>(
      database, scope, [&](IndexReader& reader) { return reader.ids(after, limit); });
}

Result<std::vector<std::string>> ScopeIndex::partitions(const std::string& database,
                                                        std::optional<std::string> after, std::size_t limit) {
  return core_->read<std::vector<std::string>>(database, [&](const DatabaseRecord& record) {
    return rocks::names_of_rows(core_->files().db(), core_->files().families().documents, record.number,
                                after, limit);
  });
}

}  // namespace mycouch::store::couch
