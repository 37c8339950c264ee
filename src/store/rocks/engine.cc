#include "store/rocks/engine.h"

#include <algorithm>
#include <condition_variable>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <rocksdb/convenience.h>

#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"
#include "base/varint.h"
#include "store/rocks/contents.h"
#include "store/rocks/edits.h"
#include "store/rocks/engine_core.h"
#include "store/rocks/families.h"
#include "store/rocks/index_work.h"
#include "store/rocks/log_reader.h"
#include "store/rocks/names.h"
#include "store/rocks/rocks_database.h"
#include "store/rocks/sweep.h"
#include "store/rocks/transaction.h"

namespace mycouch::store::rocks {
namespace {

constexpr std::uint64_t kStoreFormat = 1;
constexpr std::size_t kEpochBytes = 4;

std::string new_epoch() {
  return base::to_hex(base::random_bytes(kEpochBytes));
}

// Deletes what a removed database has left; it may take long, and goes on at the next start where it was cut
// short.
void sweep(EngineCore& core, DatabaseNumber number) {
  std::string prefix = database_prefix(number);
  std::string end = end_of(prefix);
  rocksdb::DB& db = core.opened->db();
  for (rocksdb::ColumnFamilyHandle* family : core.opened->row_families()) {
    rocksdb::Slice from = slice(prefix);
    rocksdb::Slice to = slice(end);
    rocksdb::DeleteFilesInRange(&db, family, &from, &to, false).PermitUncheckedError();
    if (!sweep_rows(core, family, prefix)) return;
  }
  rocksdb::WriteBatch last;
  last.Delete(core.opened->families().catalogue, dead_key(number));
  core.opened->write(rocksdb::WriteOptions(), last).PermitUncheckedError();
}

Result<void> load_store_row(EngineCore& core) {
  std::string value;
  rocksdb::DB& db = core.opened->db();
  rocksdb::Status status =
      db.Get(rocksdb::ReadOptions(), core.opened->families().catalogue, slice(kStoreKey), &value);
  if (status.IsNotFound()) {
    core.uuid = base::random_uuid();
    base::append_varint(value, kStoreFormat);
    base::append_sized(value, core.uuid);
    rocksdb::WriteOptions options;
    options.sync = true;
    status = db.Put(options, core.opened->families().catalogue, slice(kStoreKey), value);
    if (!status.ok()) return std::unexpected(translated(status));
    return {};
  }
  if (!status.ok()) return std::unexpected(translated(status));
  base::RecordReader reader(value);
  auto format = reader.varint();
  auto uuid = reader.sized();
  if (!format || !uuid) return std::unexpected(corrupt("store"));
  if (*format != kStoreFormat)
    return fail(Errc::unavailable, "the store was made by another version of mycouch");
  core.uuid = *uuid;
  return {};
}

// What is left to be removed of the run before.
struct Leavings {
  std::vector<DatabaseNumber> databases;
  std::vector<std::pair<std::string, base::Md5>> contents;  // prefix and name of each
};

Result<Leavings> load_catalogue(EngineCore& core) {
  Leavings left;
  std::unique_ptr<rocksdb::Iterator> rows(
      core.opened->db().NewIterator(rocksdb::ReadOptions(), core.opened->families().catalogue));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    std::string_view key = view(rows->key());
    if (key.starts_with(kDatabaseKeys)) {
      auto record = core.catalogue.restore(key.substr(kDatabaseKeys.size()), view(rows->value()));
      if (!record) return std::unexpected(corrupt("database"));
      core.catalogue.number_seen(record->number);
      core.catalogue.add(std::move(record));
    } else if (key.starts_with(kDeadKeys)) {
      left.databases.push_back(read_u32(key.substr(kDeadKeys.size())));
      core.catalogue.number_seen(left.databases.back());
    } else if (key.starts_with(kPendingKeys)) {
      std::string_view name = key.substr(kPendingKeys.size());
      auto& [prefix, content] = left.contents.emplace_back(view(rows->value()), base::Md5());
      if (name.size() != content.size()) return std::unexpected(corrupt("pending content"));
      std::ranges::copy(name, content.begin());
    }
  }
  if (!rows->status().ok()) return std::unexpected(translated(rows->status()));
  return left;
}

// A part of a change that is made as a whole or not at all.
struct EditsOfTarget {
  Target target;
  std::vector<PreparedEdit> edits;
};

// Asked before anything is applied: a transaction is shared with other commits, and is not undone.
Result<bool> can_apply_all(Transaction& transaction, const std::vector<EditsOfTarget>& parts) {
  for (const EditsOfTarget& part : parts) {
    if (part.target.database->removed) return fail(Errc::not_found, "Database does not exist.");
    for (const PreparedEdit& prepared : part.edits) {
      if (!prepared.edit.path.hashes.empty() && !prepared.edit.parent) continue;
      MYCOUCH_TRY(const bool possible, can_apply(transaction, part.target, prepared.edit));
      if (!possible) return false;
    }
  }
  return true;
}

Result<void> apply_all(Transaction& transaction, const std::vector<EditsOfTarget>& parts,
                       std::vector<doc::Revision>& revisions) {
  for (const EditsOfTarget& part : parts) {
    for (const PreparedEdit& prepared : part.edits) {
      MYCOUCH_TRY(WriteOutcome outcome,
                  apply_edit(transaction, part.target, prepared, prepared.edit.path.hashes.empty()));
      if (outcome.error) return std::unexpected(*std::move(outcome.error));
      revisions.push_back(std::move(outcome.revision));
    }
  }
  return {};
}

class Engine final : public Store {
 public:
  explicit Engine(std::shared_ptr<EngineCore> core) : core_(std::move(core)) {}
  ~Engine() override { close(); }

  std::string uuid() const override { return core_->uuid; }

  Task<void> create(std::string name) override {
    MYCOUCH_CO_CHECK(check_database_name(name));
    auto record = core_->catalogue.make(name, core_->catalogue.next_number(), new_epoch());
    bool exists = false;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::synced, [&](Transaction& transaction) -> Result<void> {
          exists = transaction.database(name) != nullptr;
          if (!exists) transaction.create_database(record);
          return {};
        }));
    if (exists)
      co_return fail(Errc::file_exists, "The database could not be created, the file already exists.");
    co_return Result<void>();
  }

  Task<void> remove(std::string name) override {
    std::shared_ptr<DatabaseRecord> record;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::synced, [&](Transaction& transaction) -> Result<void> {
          record = transaction.database(name);
          if (record) transaction.remove_database(record);
          return {};
        }));
    if (!record) co_return fail(Errc::not_found, "Database does not exist.");
    core_->notifier->notify_all(database_prefix(record->number));
    core_->in_background([number = record->number](EngineCore& core) { sweep(core, number); });
    co_return Result<void>();
  }

  Task<std::vector<std::string>> list() override { co_return core_->catalogue.names(); }

  Task<std::unique_ptr<Database>> open(std::string name, Confinement confinement) override {
    auto record = core_->catalogue.find(name);
    if (!record) co_return fail(Errc::not_found, "Database does not exist.");
    co_return open_database(core_, std::move(record), std::move(confinement));
  }

  Task<std::vector<std::string>> partitions(std::string name, std::optional<std::string> after,
                                            std::size_t limit) override {
    return names(core_->opened->families().documents, std::move(name), std::move(after), limit);
  }

  Task<std::vector<std::string>> local_scopes(std::string name, std::optional<std::string> after,
                                              std::size_t limit) override {
    return names(core_->opened->families().local, std::move(name), std::move(after), limit);
  }

  Task<std::vector<doc::Revision>> write_together(std::vector<DatabaseEdits> parts,
                                                  std::optional<LogRecord> record) override {
    std::vector<EditsOfTarget> targets;
    for (DatabaseEdits& part : parts) {
      auto database = core_->catalogue.find(part.database);
      if (!database) co_return fail(Errc::not_found, "Database does not exist.");
      EditsOfTarget& target = targets.emplace_back(
          EditsOfTarget{make_target(std::move(database), std::move(part.confinement.partition)), {}});
      for (doc::Edit& edit : part.edits) target.edits.push_back(prepare(std::move(edit)));
    }
    Result<std::vector<doc::Revision>> written;
    MYCOUCH_CO_CHECK(
        co_await core_->commit(Durability::synced, [&](Transaction& transaction) -> Result<void> {
          MYCOUCH_TRY(const bool possible, can_apply_all(transaction, targets));
          if (!possible) {
            written = fail(Errc::conflict, "Document update conflict.");
            return {};
          }
          written.emplace();
          if (record) transaction.log(*record);
          return apply_all(transaction, targets, *written);
        }));
    co_return written;
  }

  Task<void> append_log(LogRecord record) override {
    co_return co_await core_->commit(Durability::relaxed, [&](Transaction& transaction) -> Result<void> {
      transaction.log(record);
      return {};
    });
  }

  Task<void> restore_log(std::string log, std::vector<LogEntry> records) override {
    co_return co_await core_->commit(Durability::relaxed, [&](Transaction& transaction) -> Result<void> {
      return transaction.restore_log(log, records);
    });
  }

  Task<LogPage> read_log(LogQuery query) override {
    co_return co_await core_->pool.run([this, &query] { return LogReader(*core_->opened, query).read(); });
  }

  Task<std::uint64_t> expire_log(std::string log, base::WallTime before) override {
    co_return co_await core_->pool.run(
        [this, &log, before] { return core_->logs.expire(log, before, core_->stopping); });
  }

  void set_scope_rule(std::string name, ScopeRule rule) override {
    core_->catalogue.set_scope_rule(name, std::move(rule));
  }

  void keep_for_merging(std::string name) override { core_->catalogue.keep_for_merging(name); }

  void observe(std::string name, Observer observer) override {
    core_->catalogue.observe(name, std::move(observer));
  }

  void stop() override { core_->stopping = true; }

  void close() override {
    if (!core_) return;
    core_->end_background();
    core_->commits.stop();
    core_->opened->close();
    core_.reset();
  }

 private:
  Task<std::vector<std::string>> names(rocksdb::ColumnFamilyHandle* family, std::string database,
                                       std::optional<std::string> after, std::size_t limit) {
    const auto record = core_->catalogue.find(database);
    if (!record) co_return fail(Errc::not_found, "Database does not exist.");
    co_return co_await core_->pool.run(
        [&] { return names_of_rows(core_->opened->db(), family, record->number, after, limit); });
  }

  std::shared_ptr<EngineCore> core_;
};

}  // namespace

EngineCore::EngineCore(std::unique_ptr<OpenedDb> db, base::Pool& worker_pool, const base::Clock& clock)
    : opened(std::move(db)),
      pool(worker_pool),
      notifier(std::make_shared<Notifier>()),
      logs(*opened, clock),
      writer(
          *opened, catalogue, *notifier, logs, indexes,
          [this](const std::string& log) {
            in_background([log](EngineCore& core) { core.logs.index(log, core.stopping); });
          },
          [this](std::shared_ptr<DatabaseRecord> database, std::string prefix) {
            in_background([database = std::move(database), prefix = std::move(prefix)](EngineCore& core) {
              work_on_indexes(core, database, prefix);
            });
          }),
      commits(writer) {}

EngineCore::~EngineCore() = default;

Task<void> EngineCore::commit(Durability durability, std::function<Result<void>(Transaction&)> apply) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Result<void>)>(
      [this, durability, &apply](auto handler) {
        auto executor = boost::asio::get_associated_executor(handler);
        // The coroutine's own thread may have nothing else to do meanwhile: its executor must not run dry.
        auto work = boost::asio::make_work_guard(executor);
        commits.push({durability, std::move(apply),
                      [handler = std::move(handler), work = std::move(work)](Result<void> result) mutable {
                        auto home = work.get_executor();
                        boost::asio::post(home,
                                          [handler = std::move(handler), result = std::move(result),
                                           work = std::move(work)]() mutable { handler(std::move(result)); });
                      }});
      },
      boost::asio::use_awaitable);
}

Result<void> EngineCore::commit_blocking(Durability durability,
                                         std::function<Result<void>(Transaction&)> apply) {
  std::mutex mutex;
  std::condition_variable ended;
  std::optional<Result<void>> outcome;
  commits.push({durability, std::move(apply), [&](Result<void> result) {
                  std::lock_guard lock(mutex);
                  outcome = std::move(result);
                  ended.notify_one();
                }});
  std::unique_lock lock(mutex);
  ended.wait(lock, [&] { return outcome.has_value(); });
  return *std::move(outcome);
}

void EngineCore::in_background(std::function<void(EngineCore&)> job) {
  if (stopping) return;  // the pool may be gone
  pool.post([core = shared_from_this(), job = std::move(job)] {
    {
      std::lock_guard lock(core->background_mutex_);
      if (core->stopping) return;
      ++core->background_jobs_;
    }
    job(*core);
    std::lock_guard lock(core->background_mutex_);
    --core->background_jobs_;
    core->background_ended_.notify_all();
  });
}

void EngineCore::end_background() {
  std::unique_lock lock(background_mutex_);
  stopping = true;
  background_ended_.wait(lock, [this] { return background_jobs_ == 0; });
}

Result<std::unique_ptr<Store>> open(EngineOptions options, base::Pool& pool) {
  MYCOUCH_TRY(auto opened, options.read_only ? OpenedDb::open_to_read(options.directory, options.cache_bytes)
                                             : OpenedDb::open(options.directory, options.cache_bytes));
  auto core = std::make_shared<EngineCore>(std::move(opened), pool, *options.clock);
  MYCOUCH_CHECK(load_store_row(*core));
  MYCOUCH_TRY(Leavings left, load_catalogue(*core));
  if (options.read_only) {
    core->stopping = true;  // what works in the background writes
    return std::make_unique<Engine>(std::move(core));
  }
  for (DatabaseNumber number : left.databases)
    core->in_background([number](EngineCore& engine) { sweep(engine, number); });
  MYCOUCH_CHECK(check_collation(*core));
  MYCOUCH_CHECK(resume_index_work(*core));
  for (const auto& content : left.contents) {
    core->in_background(
        [content](EngineCore& engine) { remove_pending(engine, content.first, content.second); });
  }
  return std::make_unique<Engine>(std::move(core));
}

}  // namespace mycouch::store::rocks
